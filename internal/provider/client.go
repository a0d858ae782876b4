// Package provider is what the outside engines (asr/openai, tts/openai,
// llm/openai) have in common: an HTTP client that bounds and checks every
// answer, typed errors in which no key appears, one retry, and a watchdog.
//
// It sits under go-openai as that library's HTTPDoer, because the library reads
// bodies without a bound, takes a redirect for a success, leaves connections
// unusable behind it, and loses or misreads what comes in the middle of a stream
// (see [stream]).
package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxErrorBody bounds what is read of an answer that is an error.
	maxErrorBody = 64 << 10
	// maxMessage bounds a provider's explanation in our errors and logs.
	maxMessage = 300
	// maxJSON bounds an answer that is one JSON value.
	maxJSON = 4 << 20
	// dialTimeout bounds the making of a connection, so that a provider whose
	// address swallows packets is given up while the caller still listens.
	dialTimeout = 3 * time.Second
	// warmTimeout bounds the first connection with all that belongs to it.
	warmTimeout = 2 * dialTimeout
)

// Options are what a [Client] needs.
type Options struct {
	// Op names the engine in errors and logs, such as "llm/openai".
	Op string
	// BaseURL is the provider's address up to and with the version: "https://api.openai.com/v1".
	BaseURL string
	// APIKey is sent as a bearer token by go-openai; it is needed here only to
	// keep it out of errors.
	APIKey string
	// KeyHeader is the header that carries the key when a connection is warmed; ""
	// means Authorization, with a bearer token.
	KeyHeader string
	// HTTPClient replaces the default client; its CheckRedirect is not used.
	HTTPClient *http.Client
	// Log gets retries and failures; nil means none.
	Log *slog.Logger
}

// Client does the HTTP of one engine. It is safe for use by many goroutines.
type Client struct {
	op       string
	base     string
	key      string
	keyIn    string // the header of the key
	http     *http.Client
	ownsHTTP bool
	log      *slog.Logger
}

// New checks the options and makes a client. It opens no connection.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.BaseURL)
	if err != nil {
		// The parser's error repeats the address, which may hold a secret.
		return nil, fmt.Errorf("%s: the base URL is not a URL", o.Op)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fmt.Errorf("%s: the base URL must be http://HOST/… or https://HOST/…", o.Op)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%s: the base URL must hold no user, query or fragment; a key goes in api_key", o.Op)
	}
	if strings.ContainsAny(o.APIKey, "\r\n\x00") {
		return nil, fmt.Errorf("%s: the API key holds a line break", o.Op)
	}
	c := &Client{op: o.Op, base: strings.TrimRight(o.BaseURL, "/"), key: o.APIKey, keyIn: o.KeyHeader, log: o.Log}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if o.HTTPClient != nil {
		hc := *o.HTTPClient
		c.http = &hc
	} else {
		c.http = &http.Client{Transport: newTransport()}
		c.ownsHTTP = true
	}
	// A redirect is an answer we did not ask for: the request's sound and text
	// must not follow it to another host.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// newTransport is a transport for few hosts and many short requests, each of
// which someone is waiting for.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          256,
		MaxIdleConnsPerHost:   128,
		IdleConnTimeout:       4 * time.Minute,
		ExpectContinueTimeout: time.Second,
		// A compressed stream arrives in blocks, late.
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// Close closes the connections that are not in use, unless the HTTP client came
// from outside.
func (c *Client) Close() error {
	if c.ownsHTTP {
		c.http.CloseIdleConnections()
	}
	return nil
}

// BaseURL is the provider's address without a trailing slash.
func (c *Client) BaseURL() string { return c.base }

// Log is where the engine logs; never nil.
func (c *Client) Log() *slog.Logger { return c.log }

// Do sends a request and gives back only an answer that is a success and of the
// kind the request accepts: an event stream arrives cleaned (see [stream]), JSON
// arrives whole, anything else as it is. It implements go-openai's HTTPDoer.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	end := endpoint(req.URL)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(req.Context(), end, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, c.statusError(end, resp)
	}
	resp.Body = &body{c: c, ctx: req.Context(), end: end, ReadCloser: resp.Body}
	switch req.Header.Get("Accept") {
	case "text/event-stream":
		if err := c.checkType(end, resp, "text/event-stream"); err != nil {
			resp.Body.Close()
			return nil, err
		}
		resp.Body = newStream(c, end, resp.Body)
	case "application/json":
		// Read whole, so that the connection can be used again: go-openai's
		// decoder stops at the last brace, before the end of the body.
		defer resp.Body.Close()
		if err := c.checkType(end, resp, "application/json"); err != nil {
			return nil, err
		}
		whole, err := io.ReadAll(io.LimitReader(resp.Body, maxJSON+1))
		if err != nil {
			return nil, err
		}
		if len(whole) > maxJSON {
			return nil, &Error{Kind: TooLarge, Op: c.op, Endpoint: end, Message: fmt.Sprintf("over %d bytes of JSON", maxJSON)}
		}
		resp.Body = io.NopCloser(bytes.NewReader(whole))
	}
	return resp, nil
}

// body is an answer whose errors of reading are ours, so that an answer that was
// cut off is told from one that is merely short.
type body struct {
	io.ReadCloser
	c   *Client
	ctx context.Context
	end string
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // the end is io.EOF itself; what wraps it is a fault
		err = b.c.typed(b.ctx, b.end, err, Cut)
	}
	return n, err
}

// checkType refuses an answer of another type than want. A missing type passes.
func (c *Client) checkType(end string, resp *http.Response, want string) error {
	got := MediaType(resp.Header)
	if got == "" || got == want {
		return nil
	}
	if want == "application/json" && (strings.HasSuffix(got, "+json") || got == "text/json" || got == "text/plain") {
		return nil
	}
	return c.Malformed(end, fmt.Sprintf("wanted %s, got %s%s", want, got, beginning(resp.Body, c.key)))
}

// MediaType is the content type of an answer without parameters, "" if missing.
func MediaType(h http.Header) string {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		t, _, _ = strings.Cut(h.Get("Content-Type"), ";")
	}
	return strings.ToLower(strings.TrimSpace(t))
}

// Warm opens a connection (and its TLS session) so that the first turn need not
// wait for it. Any answer will do, except that the key was refused.
func (c *Client) Warm(ctx context.Context) error {
	w := c.Watch(ctx)
	defer w.Stop()
	w.Within(warmTimeout, "no connection within "+warmTimeout.String())
	req, err := http.NewRequestWithContext(w.Context(), http.MethodHead, c.base+"/models", nil)
	if err != nil {
		return fmt.Errorf("%s: warming the connection: %w", c.op, err)
	}
	switch {
	case c.key == "":
	case c.keyIn != "":
		req.Header.Set(c.keyIn, c.key)
	default:
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	resp, err := c.Do(req)
	if err == nil {
		resp.Body.Close()
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Status != 0 && e.Kind != Denied {
		return nil
	}
	return w.Cause(err)
}

// Malformed makes the error for an answer that is not what was asked for.
func (c *Client) Malformed(end, message string) *Error {
	return &Error{Kind: Malformed, Op: c.op, Endpoint: end, Message: Redact(message, c.key)}
}

// unreachable makes the error of a request that got no answer.
func (c *Client) unreachable(ctx context.Context, end string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// url.Error repeats the whole address; only its cause says something new.
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return &Error{Kind: Unreachable, Op: c.op, Endpoint: end, Err: redacted(err, c.key)}
}

// Broken turns any error while an answer is read into one of ours: ctx's cause
// when ctx ended, an [*Error] as it is, JSON of another shape as Malformed, all
// else as Cut.
func (c *Client) Broken(ctx context.Context, path string, err error) error {
	return c.typed(ctx, c.base+path, err, Cut)
}

// Unsent turns the error of a library call that sends a request into one of
// ours, as [Client.Broken] does; but what is not the network's doing is the
// library refusing the request, and no second try helps against that.
func (c *Client) Unsent(ctx context.Context, path string, err error) error {
	return c.typed(ctx, c.base+path, err, Rejected)
}

func (c *Client) typed(ctx context.Context, end string, err error, otherwise Kind) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var (
		ours   *Error
		syntax *json.SyntaxError
		shape  *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &ours):
		return err
	case errors.As(err, &syntax), errors.As(err, &shape):
		otherwise = Malformed
	}
	return &Error{Kind: otherwise, Op: c.op, Endpoint: end, Err: redacted(err, c.key)}
}

// statusError makes the error of an answer that is not a success.
func (c *Client) statusError(end string, resp *http.Response) *Error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	e := &Error{
		Kind: kindOf(resp.StatusCode, body), Op: c.op, Endpoint: end, Status: resp.StatusCode,
		RetryAfter: retryAfter(resp.Header, time.Now()),
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		e.Message = "it redirects elsewhere, which is not followed; set base_url to the final address"
		return e
	}
	e.Message = Redact(explanation(body), c.key)
	return e
}

// retryAfter reads Retry-After (RFC 9110, section 10.2.3), as seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 && s < 1e6 {
		return time.Duration(s * float64(time.Second))
	}
	if t, err := http.ParseTime(v); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// endpoint is an address without anything that may be secret.
func endpoint(u *url.URL) string {
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}
