package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"parley/agent"
)

var errClosed = errors.New("the client closed the conversation")

// streamEvents streams all events of a conversation, from its beginning or from
// the one that Last-Event-ID names.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) {
	c, err := s.reach(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	var last int64
	if text := r.Header.Get("Last-Event-ID"); text != "" {
		if last, err = strconv.ParseInt(text, 10, 64); err != nil || last < 0 {
			s.fail(w, r, problem(http.StatusBadRequest, "bad-event-id", "Last-Event-ID is the id of an event, a number, not %q.", text))
			return
		}
	}
	events := c.Subscribe(unread, true)
	defer events.Close()
	replayed := len(events.Events())
	s.stream(w, r, events, func(e agent.Envelope) (bool, bool) {
		replayed--
		// A delta of before stands for all of the answer so far, of which the client
		// has a part; reply.done will tell it the whole.
		if _, delta := e.Event.(agent.ReplyText); delta && last > 0 && replayed >= 0 {
			return false, false
		}
		return e.Seq > last, false
	})
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
				line = fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Event.Kind(), data)
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
