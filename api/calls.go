package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
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

// offered is what a client sent to begin a call.
type offered struct {
	sdp    string
	asJSON bool
	// session is what the client asks of the conversation, in the words of its
	// protocol; nil when it asks nothing.
	session []byte
}

// readOffer reads an SDP offer in any of its shapes.
func readOffer(w http.ResponseWriter, r *http.Request) (offered, error) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	switch kind {
	case "application/sdp":
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOffer))
		return offered{sdp: string(body)}, err
	case "application/json":
		var offer offerJSON
		if err := readJSON(w, r, maxOffer, &offer); err != nil {
			return offered{asJSON: true}, err
		}
		if offer.Type != "offer" {
			return offered{asJSON: true}, problem(http.StatusBadRequest, "bad-offer", `"type" has to be "offer", not %q.`, offer.Type)
		}
		return offered{sdp: offer.SDP, asJSON: true}, nil
	case "multipart/form-data":
		return readOfferForm(http.MaxBytesReader(w, r.Body, 2*maxOffer), parameters["boundary"])
	default:
		return offered{}, problem(http.StatusUnsupportedMediaType, "media-type",
			`The offer comes as application/sdp, as application/json {"type":"offer","sdp":…}, or as a form with the fields sdp and session; not as %q.`, r.Header.Get("Content-Type"))
	}
}

// readOfferForm reads the fields sdp and session of a form.
func readOfferForm(body io.Reader, boundary string) (offered, error) {
	var o offered
	if boundary == "" {
		return o, problem(http.StatusBadRequest, "bad-form", "The form names no boundary.")
	}
	for form := multipart.NewReader(body, boundary); ; {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return o, nil
		}
		if err != nil {
			return o, badForm(err)
		}
		field, err := io.ReadAll(part)
		if err != nil {
			return o, badForm(err)
		}
		switch part.FormName() {
		case "sdp":
			o.sdp = string(field)
		case "session":
			o.session = field
		default:
			return o, problem(http.StatusUnprocessableEntity, "bad-form", "The form has a field %q; sdp and session are possible.", part.FormName())
		}
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
	// resumed says that the conversation was taken up; waits that it waits for its
	// client when the call was lost.
	resumed, waits bool
	// deferred says that the agent neither speaks nor greets before the client says so.
	deferred bool
	// channels serves what the client opens, by label, each until the channel's end.
	channels map[string]func(room.Channel)
	gone     func(cause error)         // see Seat.Left; may be nil
	farewell func(ctx context.Context) // see Seat.Farewell; may be nil

	mu             sync.Mutex
	left, attached bool
}

// attach says that the call carries the agent's voice, unless it has ended
// already: a conversation must not hear of a call's beginning after its end.
func (g *guest) attach(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left || g.attached {
		return nil
	}
	g.attached = true
	return g.Attach(ctx)
}

// Open implements room.Guest: it serves a channel that the client opened.
func (g *guest) Open(ch room.Channel) {
	serve := g.channels[ch.Label()]
	if serve == nil {
		g.server.log.Debug("a channel of a name that means nothing here", "conversation", g.ID(), "label", ch.Label())
		serve = func(ch room.Channel) {
			for range ch.Messages() { // read, so that it is not taken for a flood
			}
		}
	}
	g.server.serving.Go(func() { serve(ch) })
}

// Left implements room.Guest.
func (g *guest) Left(cause error) {
	g.mu.Lock()
	g.left = true
	g.mu.Unlock()
	g.Detach(cause)
	switch {
	case !g.ends, errors.Is(cause, errReplaced):
	case g.waits && errors.Is(cause, room.ErrLost):
		g.server.wait(g.Conversation)
	default:
		g.server.Host.End(g.ID(), cause)
	}
	if g.gone != nil {
		g.gone(cause)
	}
}

var _ room.Guest = (*guest)(nil)

// sendGrace is how long a stream waits for a client that does not read.
const sendGrace = 10 * time.Second
