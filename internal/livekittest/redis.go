package livekittest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"testing"
)

// ErrNoRedis is why there is no Redis: it is not installed.
var ErrNoRedis = errors.New("Redis is not installed; `.ci/test-tools` installs it")

// Redis is a running Redis on loopback, on a port of its own, that keeps nothing on disk.
type Redis struct {
	process
	path, dir, port string
}

// StartRedis starts a Redis that stops with the test. Without the program the test is
// skipped, or fails under PARLEY_TEST_ALL=1.
func StartRedis(t testing.TB) *Redis {
	t.Helper()
	r, err := openRedis(t.TempDir())
	return kept(t, r, err)
}

func openRedis(dir string) (*Redis, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrNoRedis
	}
	free, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("looking for a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(free.Addr().String())
	if err := errors.Join(err, free.Close()); err != nil {
		return nil, fmt.Errorf("looking for a free port: %w", err)
	}
	r := &Redis{path: path, dir: dir, port: port}
	return r, r.Begin()
}

// Address is where it listens.
func (r *Redis) Address() string { return net.JoinHostPort("127.0.0.1", r.port) }

// Begin starts it empty, on the same port as before, and waits until it takes
// connections.
func (r *Redis) Begin() error {
	return r.begin(func(ctx context.Context) bool {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.Address())
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, r.path, "--bind", "127.0.0.1", "--port", r.port, "--dir", r.dir, "--save", "", "--appendonly", "no")
}
