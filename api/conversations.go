package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"parley/agent"
)

// createConversation begins a conversation by text.
func (s *Server) createConversation(w http.ResponseWriter, r *http.Request) {
	c, err := s.begin(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Location", "/v1/conversations/"+c.ID())
	writeJSON(w, http.StatusCreated, map[string]string{"id": c.ID()})
}

var errClosed = errors.New("the client closed the conversation")

// deleteConversation ends a conversation, and the call it may have.
func (s *Server) deleteConversation(w http.ResponseWriter, r *http.Request) {
	c, err := s.find(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.Host.End(c.ID(), errClosed)
	select {
	case <-c.Done():
		w.WriteHeader(http.StatusNoContent)
	case <-r.Context().Done():
	}
}

// streamEvents streams all events of a conversation, from its beginning.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) {
	c, err := s.find(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	events := c.Subscribe(unread, true)
	defer events.Close()
	s.stream(w, r, events, func(agent.Envelope) (bool, bool) { return true, false })
}

// keepAlive is how often a quiet stream shows that it is alive.
const keepAlive = 15 * time.Second

// stream writes events as server-sent events until choose says that one was the
// last, the conversation ends, or the client goes or stops reading.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, events *agent.Subscription, choose func(agent.Envelope) (send, last bool)) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	if err := out.Flush(); err != nil {
		return
	}
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		var line []byte
		last := false
		select {
		case e, ok := <-events.Events():
			if !ok {
				return
			}
			var send bool
			if send, last = choose(e); send {
				data, err := json.Marshal(e)
				if err != nil {
					s.log.Error("an event could not be written", "err", err)
					return
				}
				line = fmt.Appendf(nil, "event: %s\ndata: %s\n\n", e.Event.Kind(), data)
			}
		case <-alive.C:
			line = []byte(": alive\n\n")
		case <-r.Context().Done():
			return
		}
		if line != nil {
			// A deadline a write, so that a client that does not read cannot stay for ever.
			if err := out.SetWriteDeadline(time.Now().Add(s.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
				return
			}
			if _, err := w.Write(line); err != nil {
				return
			}
			if err := out.Flush(); err != nil {
				return
			}
		}
		if last {
			return
		}
	}
}
