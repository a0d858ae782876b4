package livekit

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"parley/agent"
)

// GoAhead goes into a room for the shopper whom the metadata names, before they are there
// and without a job, and returns when the agent is in the room with its track. Who is
// about to come waits for nobody then: the server takes 0.2 s to ask its workers who
// would take a job, and begins only when the shopper is there. When ctx ends first, the
// agent is on its way all the same. An error, such as [ErrNoPlace], says that it is not.
func (w *Worker) GoAhead(ctx context.Context, room, metadata string) error {
	if w.cfg.Participants {
		return errors.New("the server sends an agent to each participant")
	}
	identity := "agent-" + uuid.NewString()
	arrived := make(chan error, 2) // for both that it is told
	err := w.goUnasked(ctx, unasked{
		room: room, identity: identity, errand: "going ahead", place: true, arrived: func(err error) { arrived <- err },
		begin: func(ctx context.Context, adjust func(*agent.Options)) (*agent.Conversation, string, error) {
			return w.cfg.Begin(ctx, Job{Metadata: metadata, Room: room, Agent: identity}, adjust)
		},
	})
	if err != nil {
		return err
	}
	select {
	case err := <-arrived:
		return err
	case <-ctx.Done():
		return nil
	}
}
