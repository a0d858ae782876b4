package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// guard lets through who may use the API. With keys, a request carries one of
// them. Without, the server is open to this machine alone, and other people's
// web pages in this machine's browser are kept out: the host must be a loopback
// name (against DNS rebinding) and a browser's origin must be the page's own.
func (s *Server) guard(next http.Handler) http.Handler {
	keys := make([][sha256.Size]byte, len(s.Keys))
	for i, k := range s.Keys {
		keys[i] = sha256.Sum256([]byte(k))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case len(keys) > 0:
			token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if !ok || !anyEqual(keys, sha256.Sum256([]byte(token))) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="parley"`)
				s.fail(w, r, problem(http.StatusUnauthorized, "no-key", "This server asks for an API key: Authorization: Bearer KEY."))
				return
			}
		case !loopbackHost(r.Host):
			s.fail(w, r, problem(http.StatusForbidden, "foreign-host", "Without keys this server answers to loopback names alone, not to %q.", r.Host))
			return
		case !sameOrigin(r):
			s.fail(w, r, problem(http.StatusForbidden, "foreign-origin", "Pages of %q may not use this server.", r.Header.Get("Origin")))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// anyEqual compares with every key, so that the time tells nothing.
func anyEqual(keys [][sha256.Size]byte, got [sha256.Size]byte) bool {
	found := 0
	for _, k := range keys {
		found |= subtle.ConstantTimeCompare(k[:], got[:])
	}
	return found == 1
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
