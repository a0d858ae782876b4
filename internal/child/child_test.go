package child

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func limits() Limits {
	return Limits{Time: 20 * time.Second, Memory: 1 << 30, Output: 1 << 10}
}

func shell(ctx context.Context, l Limits, stdin, script string) (string, error) {
	out, err := Run(ctx, l, "", nil, []byte(stdin), "sh", "-c", script)
	return string(out), err
}

func TestWhatAProgramGets(t *testing.T) {
	t.Setenv("PARLEY_KEY", "geheim")
	out, err := shell(t.Context(), limits(), "hello", "cat; echo; env; nice; ulimit -v")
	if err != nil || !strings.HasPrefix(out, "hello\n") || strings.Contains(out, "geheim") {
		t.Fatalf("%q, %v", out, err)
	}
	if !strings.Contains(out, "\n10\n") || !strings.Contains(out, "\n1048576\n") {
		t.Errorf("priority and memory: %q", out)
	}
	if _, err := shell(t.Context(), limits(), "", "echo no such photo >&2; exit 3"); err == nil || !strings.Contains(err.Error(), "exit status 3 no such photo") {
		t.Errorf("a failure: %v", err)
	}
	if _, err := Run(t.Context(), limits(), "", nil, nil, "no-such-program"); err == nil {
		t.Error("a program that is not there was run")
	}
}

func TestBounds(t *testing.T) {
	l := limits()
	l.Time = 100 * time.Millisecond
	begun := time.Now()
	if _, err := shell(t.Context(), l, "", "exec sleep 60"); !errors.Is(err, ErrTime) || time.Since(begun) > 10*time.Second {
		t.Errorf("sleeping: %v after %s", err, time.Since(begun))
	}
	// A child of the program's holds the pipe after it.
	if _, err := shell(t.Context(), l, "", "sleep 60 & exec sleep 60"); !errors.Is(err, ErrTime) || time.Since(begun) > 20*time.Second {
		t.Errorf("sleeping with a child: %v after %s", err, time.Since(begun))
	}
	if _, err := shell(t.Context(), limits(), "", "yes"); !errors.Is(err, ErrOutput) {
		t.Errorf("endless output: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if _, err := shell(t.Context(), limits(), "", "echo much > "+file); err == nil {
		t.Error("a file was written")
	}
	if info, err := os.Stat(file); err == nil && info.Size() > 0 {
		t.Errorf("a file of %d bytes was written", info.Size())
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("nobody waits")
	cancel(why)
	if _, err := shell(ctx, limits(), "", "sleep 60"); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
}
