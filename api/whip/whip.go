// Package whip serves WHIP (RFC 9725), for clients that have no data channel: an offer
// begins a conversation, and its address takes candidates, ICE restarts and the end.
package whip

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"parley/api"
	"parley/room"
)

const (
	// maxBody bounds an offer or a fragment, in bytes.
	maxBody = 64 << 10
	// setupTime bounds the making of a call.
	setupTime = 10 * time.Second

	offerType    = "application/sdp"
	fragmentType = "application/trickle-ice-sdpfrag"
)

// Config is what a Protocol is made of.
type Config struct {
	// STUN are the addresses that clients are told to find their own by.
	STUN []string
	Log  *slog.Logger
}

// Protocol serves WHIP. It is an [api.Protocol], for one server.
type Protocol struct {
	Config
	hall *api.Hall

	mu    sync.Mutex
	calls map[string]*resource // by conversation
}

// resource is a call as the client addresses it.
type resource struct {
	negotiating sync.Mutex
	offer       string // the newest
	tag         string // names the ICE session, as an entity tag
}

// New makes a Protocol.
func New(cfg Config) *Protocol {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Protocol{Config: cfg, calls: make(map[string]*resource)}
}

// Mount implements api.Protocol.
func (p *Protocol) Mount(r chi.Router, h *api.Hall) {
	p.hall = h
	r.Options("/v1/whip", p.options)
	r.Post("/v1/whip", p.create)
	r.Patch("/v1/whip/{id}", p.patch)
	r.Delete("/v1/whip/{id}", p.end)
	h.Describe(routes()...)
}

var _ api.Protocol = (*Protocol)(nil)

// options says what can be posted.
func (p *Protocol) options(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Accept-Post", offerType)
	p.link(w)
	w.WriteHeader(http.StatusNoContent)
}

// link names the ICE servers.
func (p *Protocol) link(w http.ResponseWriter) {
	for _, address := range p.STUN {
		w.Header().Add("Link", fmt.Sprintf(`<%s>; rel="ice-server"`, address))
	}
}

func newTag() string { return `"` + rand.Text() + `"` }

// create begins a conversation with an offer.
func (p *Protocol) create(w http.ResponseWriter, r *http.Request) {
	offer, err := readBody(w, r, offerType)
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), setupTime)
	defer cancel()
	c, err := p.hall.Begin(ctx, nil)
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	one := &resource{offer: offer, tag: newTag()}
	p.mu.Lock()
	p.calls[c.ID()] = one
	p.mu.Unlock()
	forget := func(error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.calls, c.ID())
	}
	answer, _, err := p.hall.Answer(ctx, offer, api.Seat{Conversation: c, Ends: true, Left: forget})
	if err != nil {
		forget(err)
		p.hall.Fail(w, r, err)
		return
	}
	w.Header().Set("Location", "/v1/whip/"+c.ID())
	w.Header().Set("ETag", one.tag)
	w.Header().Set("Accept-Patch", fragmentType)
	w.Header().Set("Content-Type", offerType)
	p.link(w)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer) // nobody is left to tell
}

// find is the call that a request addresses.
func (p *Protocol) find(r *http.Request) (*resource, api.Call, error) {
	id := chi.URLParam(r, "id")
	call, err := p.hall.Call(r.Context(), id)
	if err != nil {
		return nil, nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.calls[id]; one != nil {
		return one, call, nil
	}
	return nil, nil, api.NewProblem(http.StatusNotFound, "no-call", "There is no call %q that was made by WHIP.", id)
}

// patch takes candidates, or restarts ICE when the fragment has credentials of its own.
func (p *Protocol) patch(w http.ResponseWriter, r *http.Request) {
	one, call, err := p.find(r)
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	body, err := readBody(w, r, fragmentType)
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	f, err := parseFragment(body)
	if err != nil {
		p.hall.Fail(w, r, api.NewProblem(http.StatusBadRequest, "bad-offer", "The fragment cannot be used: %s.", err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), setupTime)
	defer cancel()
	one.negotiating.Lock()
	defer one.negotiating.Unlock()
	restarts := f.restarts(one.offer)
	if err := one.check(r.Header.Get("If-Match"), restarts); err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	if !restarts {
		if err := call.Trickle(ctx, f.candidates); err != nil {
			p.hall.Fail(w, r, api.OfferError(err))
			return
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	offer := f.restarted(one.offer)
	answer, err := call.Renegotiate(ctx, offer)
	if err != nil {
		p.hall.Fail(w, r, api.OfferError(err))
		return
	}
	one.offer, one.tag = offer, newTag()
	w.Header().Set("ETag", one.tag)
	w.Header().Set("Content-Type", fragmentType)
	_, _ = io.WriteString(w, fragmentOf(answer)) // nobody is left to tell
}

// check holds a request against the ICE session that it is for: candidates name it, a
// restart may name any ("*").
func (one *resource) check(match string, restarts bool) error {
	switch {
	case match == "" && !restarts:
		return api.NewProblem(http.StatusPreconditionRequired, "no-etag", "Candidates are for one ICE session: send the ETag of the last answer as If-Match.")
	case match == "" || match == one.tag || restarts && match == "*":
		return nil
	default:
		return api.NewProblem(http.StatusPreconditionFailed, "old-etag", "The ICE session %s is not the one that goes on.", match)
	}
}

var errEnded = errors.New("the client ended the call")

// end hangs up.
func (p *Protocol) end(w http.ResponseWriter, r *http.Request) {
	_, call, err := p.find(r)
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), setupTime)
	defer cancel()
	if err := call.Hangup(ctx, fmt.Errorf("%w: %w", room.ErrHungUp, errEnded)); err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// readBody reads a body of one type.
func readBody(w http.ResponseWriter, r *http.Request, want string) (string, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != want {
		return "", api.NewProblem(http.StatusUnsupportedMediaType, "media-type", "This comes as %s, not as %q.", want, r.Header.Get("Content-Type"))
	}
	var text strings.Builder
	if _, err := io.Copy(&text, http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return "", large
		}
		return "", api.NewProblem(http.StatusBadRequest, "bad-body", "The body could not be read to its end.")
	}
	return text.String(), nil
}
