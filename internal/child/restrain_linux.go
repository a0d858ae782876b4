package child

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// Ten steps of priority leave a program about a tenth of a processor that others keep
// busy: it comes after them, and still comes to its end.

// restrained has a shell bound itself and then become the program, so that the bounds
// hold from its first instruction on. ulimit counts kB, seconds and blocks of 512 bytes.
const restrained = `ulimit -v "$1" && ulimit -t "$2" && ulimit -f "$3" && ulimit -c 0 && shift 3 && exec nice -n 10 "$@"`

// command is the program under its limits, the first of a group of processes that all
// end with it.
func command(ctx context.Context, l Limits, program string, arguments []string) *exec.Cmd {
	seconds := (l.Time + time.Second - 1) / time.Second
	bounds := []string{"-c", restrained, "sh", fmt.Sprint(l.Memory >> 10), fmt.Sprint(int(seconds)), fmt.Sprint((l.File + 511) / 512), program}
	cmd := exec.CommandContext(ctx, "/bin/sh", append(bounds, arguments...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}
