// Package livekittest runs real LiveKit servers for tests, and the Redis that they share.
package livekittest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// version is that of the server, as in .ci/livekit-server.
const version = "v1.13.5"

// The key and the secret of a server for development.
const (
	Key    = "devkey"
	Secret = "secret"
)

// ErrMissing is why there is no server: it has not been built.
var ErrMissing = errors.New("the LiveKit server has not been built; `.ci/livekit-server` builds it")

// Server is a running LiveKit server on loopback, on ports of its own.
type Server struct {
	process
	path      string
	http, tcp int
	udp       int
	shared    string // the part of its configuration about other servers
}

// Start starts a server that stops with the test. Without the program the test is
// skipped, or fails under PARLEY_TEST_ALL=1.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := Open()
	return kept(t, s, err)
}

// StartPair starts two servers that share a Redis. A room is on the server through which
// it is first asked for.
func StartPair(t testing.TB, r *Redis) (one, other *Server) {
	t.Helper()
	start := func(region string) *Server {
		s, err := open(fmt.Sprintf("redis:\n  address: %s\nregion: %s\nnode_selector:\n  kind: regionaware\n  regions: [{name: east, lat: 0, lon: 0}, {name: west, lat: 0, lon: 90}]\n", r.Address(), region))
		return kept(t, s, err)
	}
	return start("east"), start("west")
}

// Open starts a server that runs until it is killed. Without the program the error is
// [ErrMissing].
func Open() (*Server, error) { return open("") }

func open(shared string) (*Server, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	s := &Server{path: path, shared: shared}
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
	config := fmt.Sprintf("port: %d\nrtc:\n  tcp_port: %d\n  udp_port: %d\n  use_external_ip: false\n  enable_loopback_candidate: true\n%s", s.http, s.tcp, s.udp, s.shared)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return s.begin(func(ctx context.Context) bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.HTTP(), nil)
		if err != nil {
			return false
		}
		response, err := client.Do(request)
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, s.path, "--dev", "--bind", "127.0.0.1", "--config-body", config)
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
