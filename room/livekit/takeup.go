package livekit

import (
	"context"

	"parley/agent"
)

// TakeUp joins a room in place of an agent that is gone, without a job: the server
// gives a job to nobody else when its worker is lost. It joins under the identity of
// the agent that is gone, so that the server removes what is left of it, and that the
// two can never be there together. begin begins the conversation and says with whom. An
// error says that nothing was begun.
func (w *Worker) TakeUp(ctx context.Context, room, identity string, begin func(ctx context.Context, adjust func(*agent.Options)) (c *agent.Conversation, shopper string, err error)) error {
	return w.goUnasked(ctx, unasked{room: room, identity: identity, errand: "taking up", begin: begin, arrived: func(error) {}})
}
