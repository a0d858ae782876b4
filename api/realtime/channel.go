package realtime

import (
	"context"

	"parley/agent"
	"parley/room"
)

// serveChannel serves a session over the data channel of a call, until either ends.
func (s *session) serveChannel(c *agent.Conversation, ch room.Channel) {
	ctx, stop := context.WithCancel(s.who)
	defer stop()
	events := c.Subscribe(unread, true)
	defer events.Close()
	s.conversation, s.events = c, events.Events()
	s.follow(&sink{send: ch.Send, fail: func(error) { stop() }})
	s.protocol.mu.Lock()
	s.protocol.calls[c.ID()] = s
	s.protocol.mu.Unlock()
	defer func() {
		s.protocol.mu.Lock()
		defer s.protocol.mu.Unlock()
		if s.protocol.calls[c.ID()] == s {
			delete(s.protocol.calls, c.ID())
		}
	}()
	passing := make(chan struct{})
	go func() { // the channel's messages and those of further clients come in by one way
		defer close(passing)
		defer stop()
		for message := range ch.Messages() {
			select {
			case s.in <- message:
			case <-ctx.Done(): // read on, so that it is not taken for a flood
			}
		}
	}()
	s.run(ctx)
	stop()
	<-passing
}
