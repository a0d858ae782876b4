package api

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"parley/agent"
	"parley/room"
)

// channelLabel is the data channel of Parley's own clients. Over it the
// conversation's events go out, one JSON object a message, and these come in:
//
//	{"type":"message","text":"…"}   what the shopper typed
//	{"type":"silence"}              stop speaking now
//	{"type":"start"}                the call that was prepared with ?wait begins
//	{"type":"ping"}                 answered with {"type":"pong"}
//
// What cannot be taken is answered with {"type":"rejected","message":"…"}.
const channelLabel = "parley"

// command is a message of a client.
type command struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// unread is how many events may wait for one client.
const unread = 512

// serveChannel passes events out and commands in until either side ends. A client
// too slow for what it must not miss is served no longer.
func (s *Server) serveChannel(c *agent.Conversation, p principal, ch room.Channel, start func(context.Context) error) {
	events := c.Subscribe(unread, true)
	defer events.Close()
	for {
		select {
		case e, ok := <-events.Events():
			if !ok {
				return
			}
			message, err := json.Marshal(e)
			if err != nil {
				s.log.Error("an event could not be written", "conversation", c.ID(), "err", err)
				continue
			}
			if err := ch.Send(message); err != nil && !(errors.Is(err, room.ErrSlow) && e.Lossy()) {
				if errors.Is(err, room.ErrSlow) {
					s.log.Info("a client reads its events too slowly and gets no more", "conversation", c.ID())
				}
				return
			}
		case message, ok := <-ch.Messages():
			if !ok {
				return
			}
			err := s.count(p, len(message))
			if err == nil {
				err = s.obey(c, ch, start, message)
			}
			if err != nil {
				reply, _ := json.Marshal(map[string]string{"type": "rejected", "message": err.Error()}) // two strings always marshal
				_ = ch.Send(reply)                                                                      // a client that does not read is not told
			}
		}
	}
}

// count charges a client's message as it would a request.
func (s *Server) count(p principal, bytes int) error {
	if s.Limits == nil || p.open {
		return nil
	}
	n := int64(bytes)
	if err := s.Limits.Request(p.who, n); err != nil {
		return err
	}
	s.Limits.Sent(p.who, n)
	return nil
}

// obey does what a client's message asks.
func (s *Server) obey(c *agent.Conversation, ch room.Channel, start func(context.Context) error, message []byte) error {
	var m command
	if err := json.Unmarshal(message, &m); err != nil {
		return errors.New("a message has to be a JSON object with a type")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	switch m.Type {
	case "message":
		_, err := c.Say(ctx, m.Text)
		return err
	case "silence":
		return c.Silence(ctx)
	case "start":
		return start(ctx)
	case "ping":
		return ch.Send([]byte(`{"type":"pong"}`))
	default:
		return errors.New(`the type has to be "message", "silence", "start" or "ping"`)
	}
}
