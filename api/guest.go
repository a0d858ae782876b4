package api

import (
	"context"
	"errors"
	"sync"

	"parley/agent"
	"parley/room"
)

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
