package models

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockPoll is how often a process that waits for another's fetch looks again.
const lockPoll = 200 * time.Millisecond

// lock takes the lock file at path for this process, waiting for another that
// has it until the context ends; waiting is called once if it has to wait. The
// kernel lets go of the lock when the process ends, however it ends. The file
// stays: to delete it would let two processes hold locks on two files.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the lock file: %w", err)
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for first := true; ; first = false {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil // closing lets go of the lock
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		if first {
			waiting()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for another process that fetches models: %w", context.Cause(ctx))
		}
	}
}
