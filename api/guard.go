package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"parley/access"
)

// guard lets through who may use the API, and says who it is. With keys, a request
// carries one of them or a token that one minted. Without, the server is open to
// this machine alone, and other people's web pages in this machine's browser are
// kept out: the host must be a loopback name (against DNS rebinding) and a browser's
// origin must be the page's own.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := s.identify(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if r.Body != nil && r.Body != http.NoBody {
			// A body that trickles must not hold a connection for ever.
			err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.bodyTime))
			if err != nil && !errors.Is(err, http.ErrNotSupported) {
				s.fail(w, r, fmt.Errorf("bounding the time of a body: %w", err))
				return
			}
			if s.Limits != nil && !p.open {
				counted := &countedBody{ReadCloser: r.Body}
				r.Body = counted
				defer func() { s.Limits.Sent(p.who, counted.n.Load()) }()
			}
		}
		ctx := context.WithValue(withPrincipal(r.Context(), p), hostKey{}, r.Host)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// countedBody counts what was read of a body.
type countedBody struct {
	io.ReadCloser
	n atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n.Add(int64(n))
	return n, err
}

// identify finds out who makes a request, and counts it.
func (s *Server) identify(r *http.Request) (principal, error) {
	if s.Keys == nil || !s.Keys.Any() {
		switch {
		case !loopbackHost(r.Host):
			return principal{}, problem(http.StatusForbidden, "foreign-host", "Without keys this server answers to loopback names alone, not to %q.", r.Host)
		case !sameOrigin(r):
			return principal{}, problem(http.StatusForbidden, "foreign-origin", "Pages of %q may not use this server.", r.Header.Get("Origin"))
		}
		return principal{open: true}, nil
	}
	p, err := s.authenticate(r)
	if err != nil {
		p.who = access.Who{Address: s.address(r)} // guessing is counted, too
	}
	if s.Limits != nil {
		if limit := s.Limits.Request(p.who, max(r.ContentLength, 0)); limit != nil {
			return principal{}, limit
		}
	}
	return p, err
}

// EphemeralPrefix stands before tokens that clients of other protocols tell by it.
const EphemeralPrefix = "ek_"

// bearerProtocol stands before a token among a WebSocket's subprotocols: a browser's
// WebSocket can carry no header.
const bearerProtocol = "openai-insecure-api-key."

// Bearer is the key or the token that a request carries, as it stands there.
func Bearer(r *http.Request) (text string, ok bool) {
	if text, ok = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return text, true
	}
	for offer := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), ",") {
		if text, ok = strings.CutPrefix(strings.TrimSpace(offer), bearerProtocol); ok {
			return text, true
		}
	}
	return "", false
}

// authenticate reads the key or the token of a request.
func (s *Server) authenticate(r *http.Request) (principal, error) {
	text, ok := Bearer(r)
	if !ok {
		return principal{}, access.ErrUnknown
	}
	// A key of the config may look like anything, so keys are tried first.
	if key, err := s.Keys.Check(text); err == nil {
		return principal{key: key, who: access.Who{Key: key.ID}}, nil
	}
	if access.IsKey(text) {
		return principal{}, access.ErrUnknown
	}
	g, err := s.checkToken(strings.TrimPrefix(text, EphemeralPrefix))
	if err != nil {
		return principal{}, err
	}
	if err := s.checkOrigin(r, g); err != nil {
		return principal{}, err
	}
	return bearer(g, s.address(r)), nil
}

// checkToken reads a customer's token, which works as long as the key that made it.
func (s *Server) checkToken(text string) (access.Grant, error) {
	if s.Tokens == nil {
		return access.Grant{}, access.ErrUnknown
	}
	g, err := s.Tokens.Check(text)
	if err == nil && !s.Keys.Works(g.Key) {
		err = access.ErrUnknown
	}
	return g, err
}

// checkOrigin keeps a token to the web pages that it is for. Browsers say the
// origin with every request but plain reads of the same origin.
func (s *Server) checkOrigin(r *http.Request, g access.Grant) error {
	origin := r.Header.Get("Origin")
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case origin == "" && (g.Origin == "" || reads):
		return nil
	case g.Origin != "" && origin != g.Origin:
		return problem(http.StatusForbidden, "foreign-origin", "The token is for pages of another origin than %q.", origin)
	case !s.allowsOrigin(r, origin):
		return problem(http.StatusForbidden, "foreign-origin", "Pages of %q may not use this server; access.origins in the config lists those that may.", origin)
	}
	return nil
}

// allowsOrigin says whether pages of an origin may use the API.
func (s *Server) allowsOrigin(r *http.Request, origin string) bool {
	if slices.Contains(s.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && u.Host == r.Host
}

// need lets through principals with a scope. A token has the scope Converse.
func (s *Server) need(scope string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p := principalOf(r.Context())
			if may := p.open || p.grant != nil && scope == access.Converse || p.grant == nil && p.key.May(scope); !may {
				s.fail(w, r, problem(http.StatusForbidden, "scope", "This needs a key with the scope %q.", scope))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// address is where a request comes from: of a proxy that is known, what it says.
// IPv6 addresses count by their /64, of which one customer has all.
func (s *Server) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	// The last hop was written by the proxy that is known; what stands before it a
	// client can make up, unless that is a known proxy, too.
	for i := len(hops) - 1; i >= 0 && slices.Contains(s.Proxies, host); i-- {
		hop := strings.TrimSpace(hops[i])
		if net.ParseIP(hop) == nil {
			break
		}
		host = hop
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}

func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true // no browser, or a plain navigation
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

// secureHeaders are what every answer carries.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'self'; connect-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		next.ServeHTTP(w, r)
	})
}
