// Package livekittest runs a real LiveKit server for tests.
package livekittest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// version is that of the server, as in .ci/livekit-server.
const version = "v1.13.5"

// The key and the secret of a server for development.
const (
	Key    = "devkey"
	Secret = "secret"
)

// starting bounds how long a server may take to start, on a busy machine.
const starting = 30 * time.Second

// ErrMissing is why there is no server: it has not been built.
var ErrMissing = errors.New("the LiveKit server has not been built; `.ci/livekit-server` builds it")

// Server is a running LiveKit server on loopback, on ports of its own.
type Server struct {
	program   string
	http, tcp int
	udp       int
	log       lockedBuffer
	command   *exec.Cmd
	exited    chan struct{}
}

// Start starts a server that stops with the test. Without the program the test is
// skipped, or fails under PARLEY_TEST_ALL=1.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := Open()
	if errors.Is(err, ErrMissing) && os.Getenv("PARLEY_TEST_ALL") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Log(s.log.tail(8 << 10))
		}
	})
	return s
}

// Open starts a server that runs until it is killed. Without the program the error is
// [ErrMissing].
func Open() (*Server, error) {
	program, err := find()
	if err != nil {
		return nil, err
	}
	s := &Server{program: program}
	if s.http, s.tcp, s.udp, err = freePorts(); err != nil {
		return nil, fmt.Errorf("looking for free ports: %w", err)
	}
	return s, s.Begin()
}

// URL is where workers and clients reach the server.
func (s *Server) URL() string { return fmt.Sprintf("ws://127.0.0.1:%d", s.http) }

// HTTP is where its HTTP API is.
func (s *Server) HTTP() string { return fmt.Sprintf("http://127.0.0.1:%d", s.http) }

// Begin starts the server, on the same ports as before, and waits until it answers.
func (s *Server) Begin() error {
	config := fmt.Sprintf("port: %d\nrtc:\n  tcp_port: %d\n  udp_port: %d\n  use_external_ip: false\n  enable_loopback_candidate: true\n", s.http, s.tcp, s.udp)
	s.command = exec.CommandContext(context.Background(), s.program, "--dev", "--bind", "127.0.0.1", "--config-body", config)
	s.command.Stdout, s.command.Stderr = &s.log, &s.log
	// The server must not outlive a test that is killed.
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		return fmt.Errorf("starting the LiveKit server: %w", err)
	}
	exited := make(chan struct{})
	s.exited = exited
	command := s.command
	go func() {
		_ = command.Wait() // it is killed in the end: an error says nothing
		close(exited)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), starting)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.HTTP(), nil)
		if err != nil {
			return err
		}
		if response, err := client.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-exited:
			return fmt.Errorf("the LiveKit server ended:\n%s", s.log.tail(4<<10))
		case <-ctx.Done():
			s.Kill()
			return fmt.Errorf("the LiveKit server did not start in %s:\n%s", starting, s.log.tail(4<<10))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends the server as a crash does, and waits until it is gone.
func (s *Server) Kill() {
	_ = s.command.Process.Kill() // it may have ended
	<-s.exited
}

// find is where the program lies.
func find() (string, error) {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, ".cache")
	}
	path := filepath.Join(cache, "parley", "tools", "livekit-server-"+version)
	if _, err := os.Stat(path); err != nil {
		return "", ErrMissing
	}
	return path, nil
}

// freePorts finds ports that nobody uses now.
func freePorts() (http, tcp, udp int, err error) {
	var listener net.ListenConfig
	ctx := context.Background()
	var open [2]net.Listener
	for i := range open {
		if open[i], err = listener.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return 0, 0, 0, err
		}
		defer open[i].Close()
	}
	packets, err := listener.ListenPacket(ctx, "udp", "0.0.0.0:0")
	if err != nil {
		return 0, 0, 0, err
	}
	defer packets.Close()
	return open[0].Addr().(*net.TCPAddr).Port, open[1].Addr().(*net.TCPAddr).Port, packets.LocalAddr().(*net.UDPAddr).Port, nil
}

// lockedBuffer keeps what the server logs.
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
