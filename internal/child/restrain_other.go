//go:build !linux

package child

import (
	"context"
	"os/exec"
)

// command is the program with the bounds on its time and its output alone.
func command(ctx context.Context, _ Limits, program string, arguments []string) *exec.Cmd {
	return exec.CommandContext(ctx, program, arguments...)
}
