// Package realtime serves OpenAI's Realtime protocol (the GA shape) over Parley's own
// conversations, so that a client made for it talks to the shop's agent: over WebRTC
// with the data channel "oai-events", and over WebSocket with the sound in its messages.
//
// It translates. Turn-taking, interruption, what was heard, and the safety of tools are
// the conversation's, and nothing that a client sends loosens them. What of the protocol
// is served, translated, ignored or refused stands in docs/protocols.md, which a test
// walks.
package realtime

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"parley/access"
	"parley/agent"
	"parley/api"
	"parley/room"
)

// Protocol is the protocol's server. Its methods may be called from any goroutine.
type Protocol struct {
	log  *slog.Logger
	hall *api.Hall
	// patience bounds the writing of one message to a client.
	patience time.Duration

	mu       sync.Mutex
	prepared map[[sha256.Size]byte]prepared // sessions by their secret
	calls    map[string]*session            // sessions over WebRTC, by conversation
}

// prepared is a session that a shop's server asked for before its client came.
type prepared struct {
	session []byte
	expires time.Time
}

const (
	// maxPrepared bounds the sessions that wait for their clients.
	maxPrepared = 10_000
	// maxBody bounds the body of a request for a secret, in bytes.
	maxBody = 128 << 10
	// hangupTime bounds the end of a call.
	hangupTime = 10 * time.Second
)

// New makes the protocol's server.
func New(log *slog.Logger) *Protocol {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Protocol{log: log, patience: sendTime, prepared: make(map[[sha256.Size]byte]prepared), calls: make(map[string]*session)}
}

// Mount implements api.Protocol.
func (p *Protocol) Mount(r chi.Router, h *api.Hall) {
	p.hall = h
	r.Get("/v1/realtime", p.serveSocket)
	r.Post("/v1/realtime/client_secrets", p.createSecret)
	r.Post("/v1/realtime/calls/{id}/hangup", p.hangUp)
	h.Describe(routes()...)
}

// Label implements api.ChannelProtocol.
func (p *Protocol) Label() string { return "oai-events" }

// Prepare implements api.ChannelProtocol. A call that was prepared by a secret or asks
// for a session does not greet by itself: these clients ask for each answer.
func (p *Protocol) Prepare(r *http.Request, asked []byte) (func(*agent.Options), func(*agent.Conversation, room.Channel), error) {
	waiting, known := p.preparedFor(r)
	wished := newSettings()
	for _, update := range [][]byte{waiting, asked} {
		if update == nil {
			continue
		}
		if err := wished.update(update); err != nil {
			return nil, nil, api.NewProblem(http.StatusUnprocessableEntity, "bad-session", "The session cannot be had: %s", err)
		}
	}
	if !wished.speaks() {
		return nil, nil, api.NewProblem(http.StatusUnprocessableEntity, "bad-session", "The session cannot be had: over WebRTC answers are spoken.")
	}
	s := newSession(p, wished)
	s.who = context.WithoutCancel(r.Context())
	serve := func(c *agent.Conversation, ch room.Channel) { s.serveChannel(c, ch) }
	if asked == nil && !known { // perhaps a page of Parley's own
		return s.equip, serve, nil
	}
	return s.adjust, serve, nil
}

// preparedFor is the session that was prepared for the secret that a request carries,
// and whether it is such a secret at all.
func (p *Protocol) preparedFor(r *http.Request) ([]byte, bool) {
	text, ok := api.Bearer(r)
	if !ok || !strings.HasPrefix(text, api.EphemeralPrefix) {
		return nil, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.prepared[sha256.Sum256([]byte(text))]
	if time.Now().After(found.expires) {
		return nil, true
	}
	return found.session, true
}

// secretWish is the body of a request for a secret. Customer, name and language are
// Parley's own: whom the shop's server vouches for.
type secretWish struct {
	ExpiresAfter struct {
		Anchor  string `json:"anchor"`
		Seconds int    `json:"seconds"`
	} `json:"expires_after"`
	Session  json.RawMessage `json:"session"`
	Customer string          `json:"customer"`
	Name     string          `json:"name"`
	Language string          `json:"language"`
}

// createSecret makes a secret for a browser, with the session that it will have.
func (p *Protocol) createSecret(w http.ResponseWriter, r *http.Request) {
	var wish secretWish
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&wish); err != nil {
		p.hall.Fail(w, r, api.NewProblem(http.StatusBadRequest, "bad-json", "The body is no JSON object of a session: %v.", err))
		return
	}
	if wish.ExpiresAfter.Anchor != "" && wish.ExpiresAfter.Anchor != "created_at" {
		p.hall.Fail(w, r, api.NewProblem(http.StatusUnprocessableEntity, "bad-request", `expires_after.anchor is "created_at", not %q.`, wish.ExpiresAfter.Anchor))
		return
	}
	wished := newSettings()
	if len(wish.Session) > 0 {
		if err := wished.update(wish.Session); err != nil {
			p.hall.Fail(w, r, api.NewProblem(http.StatusUnprocessableEntity, "bad-session", "The session cannot be had: %s", err))
			return
		}
	}
	life := time.Duration(wish.ExpiresAfter.Seconds) * time.Second
	token, expires, err := p.hall.Mint(r.Context(), access.Grant{Customer: wish.Customer, Name: wish.Name, Language: wish.Language}, life)
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	if token == "" {
		token = rand.Text()
	}
	value := api.EphemeralPrefix + token
	if !p.keep(value, prepared{wish.Session, expires}) {
		p.hall.Fail(w, r, api.NewProblem(http.StatusServiceUnavailable, "busy", "As many sessions as are kept are waiting for their clients."))
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	api.WriteJSON(w, http.StatusOK, secretAnswer{value, expires.Unix(), wished.wire})
}

// secretAnswer is what a request for a secret is answered with.
type secretAnswer struct {
	Value   string      `json:"value"`
	Expires int64       `json:"expires_at"` // Unix time in seconds
	Session wireSession `json:"session"`
}

// keep remembers a prepared session until it expires.
func (p *Protocol) keep(secret string, s prepared) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if len(p.prepared) >= maxPrepared {
		for key, old := range p.prepared {
			if now.After(old.expires) {
				delete(p.prepared, key)
			}
		}
	}
	if len(p.prepared) >= maxPrepared {
		return false
	}
	p.prepared[sha256.Sum256([]byte(secret))] = s
	return true
}

var errHungUp = errors.New("the client asked to hang up")

// hangUp ends a call.
func (p *Protocol) hangUp(w http.ResponseWriter, r *http.Request) {
	call, err := p.hall.Call(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), hangupTime)
	defer cancel()
	if err := call.Hangup(ctx, errHungUp); err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// sessionOf is the session over WebRTC of a conversation.
func (p *Protocol) sessionOf(conversation string) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[conversation]
}

// newID makes a name such as "item_…".
func newID(kind string) string { return kind + "_" + strings.ToLower(rand.Text()) }

var _ api.ChannelProtocol = (*Protocol)(nil)
