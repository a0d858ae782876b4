// Package api is Parley's HTTP side: calls by WebRTC, conversations by text with
// replies as server-sent events, health, metrics and the shopper's page. It
// translates between the network and [agent.Conversation] and decides nothing
// about the conversation itself.
package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"parley/access"
	"parley/agent"
	"parley/room"
)

// Call is a caller's connection that can be negotiated again.
type Call interface {
	room.Call
	// Renegotiate answers a further offer of the same client.
	Renegotiate(ctx context.Context, offer string) (answer string, err error)
	// Trickle takes candidates that the client found after its offer. Errors that the
	// client should hear implement OfferProblem.
	Trickle(ctx context.Context, candidates []room.Candidate) error
}

// Rooms connects callers.
type Rooms interface {
	// Answer answers a client's offer and seats guest in the room. Errors that the
	// client should hear implement OfferProblem.
	Answer(ctx context.Context, offer string, guest room.Guest) (answer string, call Call, err error)
}

// OfferProblem is implemented by errors that are about the client's offer or
// about how many calls there are.
type OfferProblem interface {
	error
	// OfferStatus is an HTTP status, and a sentence that a developer understands.
	OfferStatus() (status int, reason string)
}

// Config is what a server is made of.
type Config struct {
	Host  *agent.Host
	Rooms Rooms
	// NewOptions prepares a conversation.
	NewOptions func(ctx context.Context) (agent.Options, error)
	// Watch is told of every conversation that begins, for metrics. May be nil.
	Watch func(*agent.Conversation)
	// About is what GET /v1/about answers.
	About any
	// Ready says in plain words what is not ready; nothing when all is.
	Ready func() []string
	// Agents lists who can be talked to; nil is nobody. It may be called from any
	// goroutine.
	Agents func() []Agent
	// Recordings are the sound of calls; nil when they are not recorded.
	Recordings Recordings
	// Eyes look at photos; nil when none are taken.
	Eyes Eyes
	// Page serves the shopper's page, Metrics the metrics.
	Page, Metrics http.Handler
	// Keys are the API keys of which each request must carry one, or a token of it.
	// Nil, or no key, means that the server is open, which is for loopback only.
	Keys *access.Keys
	// Tokens makes and reads customers' tokens. Nil means that there are none.
	Tokens *access.Tokens
	// Limits bound what keys and tokens take. Nil means that nothing does.
	Limits *access.Limits
	// Origins are the web origins whose pages may use the API with a token, Proxies
	// the addresses whose X-Forwarded-For is believed.
	Origins, Proxies []string
	// Protocols are further ways in, beside Parley's own.
	Protocols []Protocol
	// Version is that of the program, for the API's description.
	Version string
	Log     *slog.Logger
}

// Server is the HTTP API. It is an http.Handler.
type Server struct {
	Config
	log      *slog.Logger
	router   chi.Router
	serving  sync.WaitGroup // goroutines that outlive their request
	photos   chan struct{}  // a place for each message with photos that is read
	patience time.Duration  // how long a stream waits for a client that does not read
	bodyTime time.Duration  // how long a body may take to come
	created  idempotent     // conversations by idempotency key

	mu    sync.Mutex
	calls map[string]Call    // by conversation id
	begun map[string]*record // by conversation id
	// resumes are conversations by the hash of the token to take them up.
	resumes map[[sha256.Size]byte]*record
	ended   []*record // those of begun that have ended, the earliest first
}

// maxOffer and maxMessage bound bodies, in bytes.
const (
	maxOffer   = 64 << 10
	maxMessage = 64 << 10
)

// New makes a server.
func New(cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		Config: cfg, log: cfg.Log, calls: make(map[string]Call), begun: make(map[string]*record), resumes: make(map[[sha256.Size]byte]*record),
		photos: make(chan struct{}, photosAtOnce), patience: sendGrace, bodyTime: bodyGrace,
	}
	r := chi.NewRouter()
	r.Use(s.recoverer, secureHeaders, s.cors())
	r.NotFound(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, problem(http.StatusNotFound, "not-found", "There is nothing at %s.", r.URL.Path))
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", strings.Join(s.allowed(r.URL.Path), ", "))
		s.fail(w, r, problem(http.StatusMethodNotAllowed, "method", "%s is not possible at %s.", r.Method, r.URL.Path))
	})
	d := newDescription(cfg.Version)
	r.Get("/healthz", s.health)
	r.Get("/readyz", s.ready)
	r.Method(http.MethodGet, "/metrics", cfg.Metrics)
	r.Route("/v1", func(r chi.Router) {
		r.Use(s.guard)
		d.add(r.With(s.need(access.Mint)), s.minting())
		r = r.With(s.need(access.Converse))
		r.Post("/realtime/calls", s.createCall)
		r.Patch("/realtime/calls/{id}", s.renegotiateCall)
		r.Delete("/realtime/calls/{id}", s.deleteCall)
		r.Post("/conversations/{id}/messages", s.createMessage)
		r.Get("/conversations/{id}/events", s.streamEvents)
		r.Get("/conversations/{id}/turns/{turn}/audio", s.readAudio)
		d.add(r, s.conversing())
		d.add(r, s.presenting())
	})
	for _, p := range cfg.Protocols {
		p.Mount(r.With(s.guard, s.need(access.Converse)), &Hall{s, d})
	}
	d.serve(r)
	r.Method(http.MethodGet, "/*", middleware.Compress(5, "text/html", "text/css", "text/javascript", "image/svg+xml")(cfg.Page))
	s.router = r
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.router.ServeHTTP(w, r) }

// Close waits for what requests have left behind: channels to clients. The
// conversations themselves end with their host.
func (s *Server) Close(ctx context.Context) error {
	idle := make(chan struct{})
	go func() { s.serving.Wait(); close(idle) }()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// ready says whether a caller would be served well now.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	missing := s.Ready()
	status, word := http.StatusOK, "ready"
	if len(missing) > 0 {
		status, word = http.StatusServiceUnavailable, "not ready"
	}
	writeJSON(w, status, map[string]any{"status": word, "missing": append([]string{}, missing...), "conversations": s.Host.Count()})
}

// recoverer keeps one request's fault from ending the program.
func (s *Server) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(inner http.ResponseWriter, r *http.Request) {
		w := middleware.NewWrapResponseWriter(inner, r.ProtoMajor)
		defer func() {
			if v := recover(); v != nil {
				if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(v)
				}
				s.log.Error("a request panicked", "method", r.Method, "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
				if w.Status() != 0 {
					panic(http.ErrAbortHandler) // the answer has begun: break it off, so that nobody takes it for whole
				}
				s.fail(w, r, problem(http.StatusInternalServerError, "internal", "Something failed on our side; it has been logged."))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// allowed lists the methods that a path can take.
func (s *Server) allowed(path string) []string {
	var methods []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		if s.router.Match(chi.NewRouteContext(), m, path) {
			methods = append(methods, m)
		}
	}
	return methods
}

// setupTime bounds the making of a call.
const setupTime = 10 * time.Second

// bodyGrace is how long a body may take to come. 64 KiB at 8 kB/s take 8 s.
const bodyGrace = 10 * time.Second
