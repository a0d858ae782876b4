package api

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"parley/agent"
	"parley/room"
)

// createCall begins a call: the offer comes in, the answer goes out, and Location
// names the call. With ?conversation=ID it carries on a conversation that has
// begun by text, which outlives it; without, the conversation is the call.
func (s *Server) createCall(w http.ResponseWriter, r *http.Request) {
	offer, err := readOffer(w, r)
	if err != nil {
		s.fail(w, r, badBody(err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), setupTime)
	defer cancel()
	further, adjust, err := s.prepare(r, offer.session)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	var g *guest
	if token := r.URL.Query().Get("resume"); token != "" {
		g, err = s.resume(ctx, token)
	} else {
		g, err = s.seat(ctx, r.URL.Query().Get("conversation"), adjust)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	g.waits = true
	g.deferred = r.URL.Query().Has("wait")
	for label, serve := range further {
		g.channels[label] = func(ch room.Channel) { serve(g.Conversation, ch) }
	}
	answer, _, err := s.answer(ctx, offer.sdp, g)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Location", "/v1/realtime/calls/"+g.ID())
	w.Header().Set(resumeHeader, s.issue(g))
	writeAnswer(w, http.StatusCreated, answer, offer.asJSON)
}

// prepare has the protocols that speak over channels of their own look at a call.
func (s *Server) prepare(r *http.Request, session []byte) (map[string]func(*agent.Conversation, room.Channel), func(*agent.Options), error) {
	channels := make(map[string]func(*agent.Conversation, room.Channel))
	var adjust func(*agent.Options)
	for _, p := range s.Protocols {
		if p, ok := p.(ChannelProtocol); ok {
			change, serve, err := p.Prepare(r, session)
			if err != nil {
				return nil, nil, err
			}
			channels[p.Label()] = serve
			if change != nil {
				adjust = change
			}
		}
	}
	return channels, adjust, nil
}

// answer answers a client's offer, seats the guest in the room and watches over the
// call. Of a seat that led to no call nothing is left.
func (s *Server) answer(ctx context.Context, offer string, g *guest) (string, Call, error) {
	c := g.Conversation
	answer, call, err := s.Rooms.Answer(ctx, offer, g)
	if err != nil {
		s.unseat(g, err)
		return "", nil, offerProblem(err)
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
			if g.farewell != nil {
				g.farewell(hangup)
			}
			if err := call.Hangup(hangup, room.ErrHungUp); err != nil {
				s.log.Warn("hanging up took too long", "conversation", c.ID(), "err", err)
			}
		}
		s.forget(c.ID(), call)
	})
	if g.deferred {
		return answer, call, nil
	}
	if err := g.attach(ctx); err != nil {
		s.log.Info("a call ended while it began", "conversation", c.ID(), "err", err)
	}
	return answer, call, nil
}

// seat prepares a guest: of the conversation with this id, or of a new one if
// there is no id. A conversation has one call at a time.
func (s *Server) seat(ctx context.Context, id string, adjust func(*agent.Options)) (*guest, error) {
	if id == "" {
		c, err := s.begin(ctx, adjust)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		if r := s.begun[c.ID()]; r != nil {
			r.byCall = true
		}
		s.mu.Unlock()
		return s.take(ctx, c, true)
	}
	c, err := s.reach(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.take(ctx, c, false)
}

// take takes a conversation's one seat; ends says that it ends with the call.
func (s *Server) take(ctx context.Context, c *agent.Conversation, ends bool) (*guest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.calls[c.ID()]; taken {
		return nil, problem(http.StatusConflict, "in-call", "The conversation %q is in a call already.", c.ID())
	}
	s.calls[c.ID()] = nil // taken; the call follows
	g := &guest{Conversation: c, server: s, caller: principalOf(ctx), ends: ends}
	g.channels = map[string]func(room.Channel){
		channelLabel: func(ch room.Channel) { s.serveChannel(c, g.caller, ch, g.attach) },
	}
	return g, nil
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
	s.mu.Unlock()
	switch {
	case g.resumed && g.ends:
		s.wait(g.Conversation) // it goes on, though its client has lost the token
	case g.ends:
		s.abandon(g.Conversation, cause)
	}
}

// abandon ends a conversation that has led to nothing, as if it had not begun.
func (s *Server) abandon(c *agent.Conversation, cause error) {
	s.mu.Lock()
	r := s.begun[c.ID()]
	s.mu.Unlock()
	if r != nil {
		r.undo()
	}
	s.Host.End(c.ID(), cause)
}

// hangUp ends the call of a conversation, whose seat is free when it returns: the next
// call need not wait for the goroutine that watches this one.
func (s *Server) hangUp(ctx context.Context, id string, call Call, cause error) error {
	if err := call.Hangup(ctx, cause); err != nil {
		return err
	}
	s.forget(id, call)
	return nil
}

// renegotiateCall answers a further offer of a client: an ICE restart, or a
// change of tracks.
func (s *Server) renegotiateCall(w http.ResponseWriter, r *http.Request) {
	call, err := s.findCall(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	offer, err := readOffer(w, r)
	if err != nil {
		s.fail(w, r, badBody(err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), setupTime)
	defer cancel()
	answer, err := call.Renegotiate(ctx, offer.sdp)
	if err != nil {
		s.fail(w, r, offerProblem(err))
		return
	}
	writeAnswer(w, http.StatusOK, answer, offer.asJSON)
}

// deleteCall hangs up.
func (s *Server) deleteCall(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	call, err := s.findCall(r.Context(), id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), setupTime)
	defer cancel()
	if err := s.hangUp(ctx, id, call, room.ErrHungUp); err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) findCall(ctx context.Context, id string) (Call, error) {
	if _, err := s.recordOf(ctx, id); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if call := s.calls[id]; call != nil {
			return call, nil
		}
	}
	return nil, problem(http.StatusNotFound, "no-call", "There is no call %q; it may have ended.", id)
}

// sendGrace is how long a stream waits for a client that does not read.
const sendGrace = 10 * time.Second
