// Package rtvi serves RTVI, the protocol of Pipecat's clients, over WebRTC with the
// signalling of Pipecat's SmallWebRTCTransport: @pipecat-ai/client-js with
// @pipecat-ai/small-webrtc-transport connects as it is. It translates between the
// client's messages and the events of [agent.Conversation], and decides nothing
// about the conversation itself.
package rtvi

import (
	"log/slog"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"parley/api"
)

// Version is the version of RTVI that is spoken with clients of its major version.
// Clients of version 1 are answered in their own.
const Version = "2.1.0"

// Config is what a Protocol is made of.
type Config struct {
	// STUN are the addresses that clients are told to find their own by.
	STUN []string
	// Program is the version of the program, which the client is told.
	Program string
	Log     *slog.Logger
}

// Protocol serves RTVI. It is an [api.Protocol], for one server.
type Protocol struct {
	Config
	hall *api.Hall
	// linger is how long a conversation whose call was lost waits for its client to
	// come back.
	linger time.Duration

	mu       sync.Mutex
	sessions map[string]*session // by id
	peers    map[string]*peer    // by pc_id; those that have ended are kept for a while
	ended    []*peer             // the earliest first
}

// New makes a Protocol.
func New(cfg Config) *Protocol {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Protocol{Config: cfg, linger: linger, sessions: make(map[string]*session), peers: make(map[string]*peer)}
}

// Mount implements api.Protocol.
func (p *Protocol) Mount(r chi.Router, h *api.Hall) {
	p.hall = h
	r.Post("/start", p.start)
	for _, path := range []string{"/api/offer", "/sessions/{session}/api/offer"} {
		r.Post(path, p.offer)
		r.Patch(path, p.trickle)
	}
	h.Describe(routes()...)
}

var _ api.Protocol = (*Protocol)(nil)

const (
	// setupTime bounds the making of a call.
	setupTime = 10 * time.Second
	// farewell is how long a call goes on after its conversation has ended, for the
	// client to be told so.
	farewell = time.Second
	// linger is longer than Pipecat's client takes to notice and to come back.
	linger = 20 * time.Second
)
