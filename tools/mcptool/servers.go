package mcptool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Bounds on servers.
const (
	// connecting bounds the start of a server and the first hand-shake.
	connecting = 10 * time.Second
	// resting is how long a server that could not be reached is left alone, doubled
	// with each failure up to longestRest.
	resting, longestRest = time.Second, time.Minute
	// dying is how long a program may take to end after its input was closed.
	dying = 2 * time.Second
)

// Server is a server of the Model Context Protocol: a program to start, or an address
// with streamable HTTP.
type Server struct {
	Command []string
	Env     map[string]string
	URL     string
	Headers map[string]string
}

// Servers are the MCP servers of a config. Each is started or connected to when it
// is first needed, and again when it has gone. They are safe for use by many
// goroutines.
type Servers struct {
	log  *slog.Logger
	all  map[string]*server
	http []*http.Client
}

// server is one of them, with its session while there is one.
type server struct {
	name   string
	config Server
	client *http.Client // of a server with an address
	log    *slog.Logger

	mu       sync.Mutex
	session  *mcp.ClientSession
	failures int
	rested   time.Time // before which no new try is made
}

// Open prepares servers by their names; it starts none. The error names the one that
// is neither a program nor an address.
func Open(servers map[string]Server, log *slog.Logger) (*Servers, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Servers{log: log, all: make(map[string]*server, len(servers))}
	for name, config := range servers {
		if (len(config.Command) == 0) == (config.URL == "") {
			return nil, fmt.Errorf("MCP server %q: give either command or url", name)
		}
		one := &server{name: name, config: config, log: log.With("mcp", name)}
		if config.URL != "" {
			one.client = &http.Client{Transport: &withHeaders{http.DefaultTransport.(*http.Transport).Clone(), config.Headers}} //nolint:errcheck,forcetypeassert // it is one
			s.http = append(s.http, one.client)
		}
		s.all[name] = one
	}
	return s, nil
}

// withHeaders puts a server's headers into each request.
type withHeaders struct {
	*http.Transport
	headers map[string]string
}

func (w *withHeaders) RoundTrip(r *http.Request) (*http.Response, error) {
	if len(w.headers) > 0 {
		r = r.Clone(r.Context())
		for name, value := range w.headers {
			r.Header.Set(name, value)
		}
	}
	return w.Transport.RoundTrip(r)
}

// Close ends all sessions, and the programs with them.
func (s *Servers) Close() error {
	var failures []error
	for _, one := range s.all {
		one.mu.Lock()
		if one.session != nil {
			// A program that was killed is no failure of its end.
			if err := one.session.Close(); err != nil && !isExit(err) {
				failures = append(failures, fmt.Errorf("closing MCP server %q: %w", one.name, err))
			}
			one.session = nil
		}
		one.rested = time.Now().Add(24 * time.Hour) // nothing begins any more
		one.mu.Unlock()
	}
	for _, c := range s.http {
		c.CloseIdleConnections()
	}
	return errors.Join(failures...)
}

func isExit(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed)
}

// errResting says that a server failed a moment ago.
var errResting = errors.New("mcptool: the server could not be reached a moment ago")

// connect gives the server's session, made anew if there is none.
func (s *server) connect(ctx context.Context) (*mcp.ClientSession, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil {
		return s.session, nil
	}
	if time.Now().Before(s.rested) {
		return nil, errResting
	}
	ctx, cancel := context.WithTimeout(ctx, connecting)
	defer cancel()
	client := mcp.NewClient(&mcp.Implementation{Name: "parley", Version: "1"}, nil)
	session, err := client.Connect(ctx, s.transport(), nil)
	if err != nil {
		s.failures++
		s.rested = time.Now().Add(min(resting<<min(s.failures-1, 6), longestRest))
		return nil, fmt.Errorf("connecting to MCP server %q: %w", s.name, err)
	}
	s.failures = 0
	s.session = session
	s.log.Info("MCP server connected")
	return session, nil
}

// drop lets a session go that has broken.
func (s *server) drop(session *mcp.ClientSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != session {
		return
	}
	s.session = nil
	s.failures++
	s.rested = time.Now().Add(resting)
	if err := session.Close(); err != nil {
		s.log.Debug("a broken MCP session was closed", "err", err)
	}
}

func (s *server) transport() mcp.Transport {
	if s.config.URL != "" {
		return &mcp.StreamableClientTransport{Endpoint: s.config.URL, HTTPClient: s.client, MaxRetries: 1, DisableStandaloneSSE: true}
	}
	cmd := exec.Command(s.config.Command[0], s.config.Command[1:]...) //nolint:gosec,noctx // the config's own program; its session ends it
	cmd.Env = environment(s.config.Env)
	cmd.Stderr = &logWriter{log: s.log}
	return &mcp.CommandTransport{Command: cmd, TerminateDuration: dying}
}

// environment is a program's: the usual, and what the config gives it. Secrets of
// this process are not handed on.
func environment(own map[string]string) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LANG", "TMPDIR", "USER", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	names := make([]string, 0, len(own))
	for name := range own {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		env = append(env, name+"="+own[name])
	}
	return env
}

// logWriter logs what a program says on its standard error.
type logWriter struct{ log *slog.Logger }

func (w *logWriter) Write(p []byte) (int, error) {
	const most = 500
	w.log.Debug("an MCP server says", "text", strings.ToValidUTF8(string(p[:min(len(p), most)]), ""))
	return len(p), nil
}
