package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"parley/agent"
	"parley/room"
)

// offerJSON is the JSON shape of an offer and of its answer.
type offerJSON struct {
	SDP  string `json:"sdp"`
	Type string `json:"type"`
}

// readOffer reads an SDP offer in either shape.
func readOffer(w http.ResponseWriter, r *http.Request) (sdp string, asJSON bool, err error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	switch kind {
	case "application/sdp":
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOffer))
		if err != nil {
			return "", false, err
		}
		return string(body), false, nil
	case "application/json":
		var offer offerJSON
		if err := readJSON(w, r, maxOffer, &offer); err != nil {
			return "", true, err
		}
		if offer.Type != "offer" {
			return "", true, problem(http.StatusBadRequest, "bad-offer", `"type" has to be "offer", not %q.`, offer.Type)
		}
		return offer.SDP, true, nil
	default:
		return "", false, problem(http.StatusUnsupportedMediaType, "media-type",
			`The offer comes as application/sdp, or as application/json {"type":"offer","sdp":…}; not as %q.`, r.Header.Get("Content-Type"))
	}
}

func writeAnswer(w http.ResponseWriter, status int, sdp string, asJSON bool) {
	if asJSON {
		writeJSON(w, status, offerJSON{SDP: sdp, Type: "answer"})
		return
	}
	w.Header().Set("Content-Type", "application/sdp")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, sdp) // nobody is left to tell
}

// createCall begins a call: the offer comes in, the answer goes out, and Location
// names the call. With ?conversation=ID it carries on a conversation that has
// begun by text, which outlives it; without, the conversation is the call.
func (s *Server) createCall(w http.ResponseWriter, r *http.Request) {
	offer, asJSON, err := readOffer(w, r)
	if err != nil {
		s.fail(w, r, badBody(err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), setupTime)
	defer cancel()
	g, err := s.seat(ctx, r.URL.Query().Get("conversation"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	c := g.Conversation
	answer, call, err := s.Rooms.Answer(ctx, offer, g)
	if err != nil {
		s.unseat(g, err)
		s.fail(w, r, offerProblem(err))
		return
	}
	s.mu.Lock()
	s.calls[c.ID()] = call
	s.mu.Unlock()
	s.serving.Go(func() {
		// Whichever ends first takes the other with it.
		select {
		case <-call.Done():
		case <-c.Done():
			hangup, stop := context.WithTimeout(context.Background(), setupTime)
			defer stop()
			if err := call.Hangup(hangup, room.ErrHungUp); err != nil {
				s.log.Warn("hanging up took too long", "conversation", c.ID(), "err", err)
			}
		}
		s.forget(c.ID(), call)
	})
	if err := g.attach(ctx); err != nil {
		s.log.Info("a call ended while it began", "conversation", c.ID(), "err", err)
	}
	w.Header().Set("Location", "/v1/realtime/calls/"+c.ID())
	writeAnswer(w, http.StatusCreated, answer, asJSON)
}

// seat prepares a guest: of the conversation with this id, or of a new one if
// there is no id. A conversation has one call at a time.
func (s *Server) seat(ctx context.Context, id string) (*guest, error) {
	if id == "" {
		c, err := s.begin(ctx)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls[c.ID()] = nil
		return &guest{Conversation: c, server: s, caller: principalOf(ctx), ends: true}, nil
	}
	c, err := s.reach(ctx, id)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.calls[id]; taken {
		return nil, problem(http.StatusConflict, "in-call", "The conversation %q is in a call already.", id)
	}
	s.calls[id] = nil // taken; the call follows
	return &guest{Conversation: c, server: s, caller: principalOf(ctx)}, nil
}

// forget frees a conversation's seat when its call is over.
func (s *Server) forget(id string, call Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls[id] == call { // else it is in another call by now
		delete(s.calls, id)
	}
}

// unseat takes back a seat that led to no call.
func (s *Server) unseat(g *guest, cause error) {
	s.mu.Lock()
	delete(s.calls, g.ID())
	r := s.begun[g.ID()]
	s.mu.Unlock()
	if g.ends {
		if r != nil {
			r.undo()
		}
		s.Host.End(g.ID(), cause)
	}
}

// renegotiateCall answers a further offer of a client: an ICE restart, or a
// change of tracks.
func (s *Server) renegotiateCall(w http.ResponseWriter, r *http.Request) {
	call, err := s.findCall(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	offer, asJSON, err := readOffer(w, r)
	if err != nil {
		s.fail(w, r, badBody(err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), setupTime)
	defer cancel()
	answer, err := call.Renegotiate(ctx, offer)
	if err != nil {
		s.fail(w, r, offerProblem(err))
		return
	}
	writeAnswer(w, http.StatusOK, answer, asJSON)
}

// deleteCall hangs up.
func (s *Server) deleteCall(w http.ResponseWriter, r *http.Request) {
	call, err := s.findCall(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), setupTime)
	defer cancel()
	if err := call.Hangup(ctx, room.ErrHungUp); err != nil {
		s.fail(w, r, err)
		return
	}
	s.forget(chi.URLParam(r, "id"), call) // so that the next call need not wait for the goroutine that watches this one
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) findCall(r *http.Request) (Call, error) {
	id := chi.URLParam(r, "id")
	if _, err := s.recordOf(r.Context(), id); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if call := s.calls[id]; call != nil {
			return call, nil
		}
	}
	return nil, problem(http.StatusNotFound, "no-call", "There is no call %q; it may have ended.", id)
}

// badBody turns a body that could not be read into something the client can mend.
func badBody(err error) error {
	if p := asProblem(err); p != nil {
		return p
	}
	return problem(http.StatusBadRequest, "bad-body", "The body could not be read to its end.")
}

func offerProblem(err error) error {
	p, ok := errors.AsType[OfferProblem](err)
	if !ok {
		return err
	}
	status, reason := p.OfferStatus()
	kind := "bad-offer"
	switch {
	case errors.Is(err, room.ErrShutdown):
		kind = "closing"
	case status == http.StatusServiceUnavailable:
		kind = "busy"
	case status == http.StatusGone:
		kind = "over"
	}
	return problem(status, kind, "%s", reason)
}

// guest seats a conversation in a room.
type guest struct {
	*agent.Conversation
	server *Server
	caller principal // who made the call, whom messages count against
	ends   bool      // the conversation ends with the call

	mu   sync.Mutex
	left bool
}

// attach says that the call carries the agent's voice, unless it has ended
// already: a conversation must not hear of a call's beginning after its end.
func (g *guest) attach(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left {
		return nil
	}
	return g.Attach(ctx)
}

// Open implements room.Guest: it serves a channel that the client opened.
func (g *guest) Open(ch room.Channel) {
	if ch.Label() != channelLabel {
		g.server.log.Debug("a channel of a name that means nothing here", "conversation", g.ID(), "label", ch.Label())
		g.server.serving.Go(func() {
			for range ch.Messages() { // read, so that it is not taken for a flood
			}
		})
		return
	}
	g.server.serving.Go(func() { g.server.serveChannel(g.Conversation, g.caller, ch) })
}

// Left implements room.Guest.
func (g *guest) Left(cause error) {
	g.mu.Lock()
	g.left = true
	g.mu.Unlock()
	g.Detach(cause)
	if g.ends {
		g.server.Host.End(g.ID(), cause)
	}
}

var _ room.Guest = (*guest)(nil)

// sendGrace is how long a stream waits for a client that does not read.
const sendGrace = 10 * time.Second
