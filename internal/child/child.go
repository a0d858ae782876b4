// Package child runs programs on what strangers have sent: for a bounded time, with
// bounded memory and output, after everybody else, and without this process's secrets.
package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Limits bound a run. All are needed.
type Limits struct {
	Time   time.Duration // on the clock; the processor's time is bounded by as much
	Memory int           // bytes of address space
	Output int           // bytes of standard output
	File   int           // bytes of the largest file that it may write; 0 writes none
}

// Why a program has failed.
var (
	ErrTime   = errors.New("it took too long")
	ErrOutput = errors.New("it wrote too much")
)

// Run runs a program with arguments in a folder ("" is the root), gives it stdin to
// read, and returns what it wrote. Its environment is PATH, and the variables in env.
// It has ended when Run returns. The error of a program that failed ends with the
// beginning of what it said.
func Run(ctx context.Context, l Limits, dir string, env []string, stdin []byte, program string, arguments ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.Time, ErrTime)
	defer cancel()
	cmd := command(ctx, l, program, arguments)
	cmd.Dir = dir
	if dir == "" {
		cmd.Dir = "/"
	}
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}, env...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, said := &bounded{most: l.Output, stop: cancel}, &bounded{most: maxSaid}
	cmd.Stdout, cmd.Stderr = out, said
	cmd.WaitDelay = time.Second // for a pipe that somebody holds open
	err := cmd.Run()
	switch {
	case out.over:
		return nil, fmt.Errorf("%s: %w", program, ErrOutput)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s: %w", program, context.Cause(ctx))
	case err != nil:
		return nil, fmt.Errorf("%s: %w %s", program, err, said.line())
	}
	return out.kept.Bytes(), nil
}

// maxSaid bounds what is kept of a program's complaints, in bytes.
const maxSaid = 300

// bounded keeps the first bytes that are written.
type bounded struct {
	kept bytes.Buffer // not embedded: its ReadFrom knows no bound
	most int
	over bool
	stop func() // called when there are more; may be nil
}

// Write implements io.Writer; it takes everything.
func (b *bounded) Write(p []byte) (int, error) {
	if left := b.most - b.kept.Len(); len(p) > left {
		b.over = true
		if b.stop != nil {
			b.stop()
		}
		b.kept.Write(p[:left])
		return len(p), nil
	}
	return b.kept.Write(p)
}

func (b *bounded) line() string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(b.kept.String(), "")), " ")
}
