package livekittest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// starting bounds how long a program may take to start, on a busy machine.
const starting = 30 * time.Second

// process is a program that runs until it is killed, and may be started again.
type process struct {
	log     lockedBuffer
	command *exec.Cmd
	exited  chan struct{}
}

// begin starts a program and waits until it is ready.
func (p *process) begin(ready func(context.Context) bool, path string, arguments ...string) error {
	name := filepath.Base(path)
	command := exec.CommandContext(context.Background(), path, arguments...)
	command.Stdout, command.Stderr = &p.log, &p.log
	// The program must not outlive a test that is killed.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	exited := make(chan struct{})
	p.command, p.exited = command, exited
	go func() {
		_ = command.Wait() // it is killed in the end: an error says nothing
		close(exited)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), starting)
	defer cancel()
	for !ready(ctx) {
		select {
		case <-exited:
			return fmt.Errorf("%s ended:\n%s", name, p.log.tail(4<<10))
		case <-ctx.Done():
			p.Kill()
			return fmt.Errorf("%s did not start in %s:\n%s", name, starting, p.log.tail(4<<10))
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// Kill ends the program as a crash does, and waits until it is gone.
func (p *process) Kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.exited
}

// tail is the end of what the program has logged.
func (p *process) tail(n int) string { return p.log.tail(n) }

// kept gives a test a program that was started for it, and ends it with the test.
// Without the program the test is skipped, or fails under PARLEY_TEST_ALL=1.
func kept[P interface {
	Kill()
	tail(n int) string
}](t testing.TB, p P, err error) P {
	t.Helper()
	if (errors.Is(err, ErrMissing) || errors.Is(err, ErrNoRedis)) && os.Getenv("PARLEY_TEST_ALL") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Log(p.tail(8 << 10))
		}
	})
	return p
}

// lockedBuffer keeps what a program logs.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.b.String()
	return strings.ToValidUTF8(all[max(0, len(all)-n):], "")
}
