package httptool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/theory/jsonpath"

	"parley/tools"
)

// Bounds on a request and its answer.
const (
	// maxBody is what is read of an answer, after decompression, in bytes.
	maxBody = 1 << 20
	// maxRedirects is how often an answer may point elsewhere.
	maxRedirects = 3
	// maxSaid bounds what a model is told of a server's error, in bytes.
	maxSaid = 300
	// dialing bounds the making of a connection.
	dialing = 3 * time.Second
)

// Resolver looks addresses of hosts up; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options set up the client of all HTTP tools.
type Options struct {
	// AllowPrivate lets tools whose file says private: true reach private networks.
	AllowPrivate bool
	// Env looks up what texts refer to as ${NAME}, as os.LookupEnv does.
	Env func(string) (string, bool)
	// Resolver is the system's when nil.
	Resolver Resolver
	// Log gets failures, without addresses' queries, headers or bodies. Nil means none.
	Log *slog.Logger
}

// Client runs HTTP tools: it holds their connections, and a breaker for each host.
// It is safe for use by many goroutines.
type Client struct {
	options Options

	mu        sync.Mutex
	breakers  map[string]circuitbreaker.CircuitBreaker[any] // by host
	transport [2]*http.Transport                            // for tools that may, and may not, go to private networks
}

// New makes a client. It opens no connection.
func New(o Options) *Client {
	if o.Env == nil {
		o.Env = func(string) (string, bool) { return "", false }
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Client{options: o, breakers: make(map[string]circuitbreaker.CircuitBreaker[any])}
	for i := range c.transport {
		c.transport[i] = &http.Transport{
			DialContext: c.dialer(i == 1), ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
			TLSHandshakeTimeout: dialing, MaxResponseHeaderBytes: 64 << 10,
			Proxy: nil, // a proxy would look the host up itself, past the guard
		}
	}
	return c
}

// Close closes the connections that nobody uses.
func (c *Client) Close() error {
	for _, t := range c.transport {
		t.CloseIdleConnections()
	}
	return nil
}

// Tool makes a way of running from what a file says. timeout is the tool's own; it
// is for the caller to bound the context with. The error says what in the spec
// cannot be used.
func (c *Client) Tool(spec Spec, effect tools.Effect, timeout time.Duration) (tools.Run, error) {
	t := &tool{client: c, spec: spec, effect: effect, timeout: timeout}
	if spec.Private && !c.options.AllowPrivate {
		return nil, errors.New("private: true needs tools: http: allow_private: true in the config")
	}
	if err := t.parse(); err != nil {
		return nil, err
	}
	if spec.Result != "" {
		path, err := jsonpath.Parse(spec.Result)
		if err != nil {
			return nil, fmt.Errorf("result: %w; write a JSONPath such as $.tracking", err)
		}
		t.result = path
	}
	t.http = &http.Client{Transport: c.transportFor(spec.Private), CheckRedirect: t.redirect}
	return t.run, nil
}

func (c *Client) transportFor(private bool) *http.Transport {
	if private {
		return c.transport[1]
	}
	return c.transport[0]
}

// breaker is that of a host: after five failures in a row it stays open for ten
// seconds, so that a server that is down costs nobody a wait.
func (c *Client) breaker(host string) circuitbreaker.CircuitBreaker[any] {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.breakers[host]
	if !ok {
		b = circuitbreaker.NewBuilder[any]().WithFailureThreshold(5).WithDelay(10 * time.Second).Build()
		c.breakers[host] = b
	}
	return b
}
