package livekit

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"parley/agent"
)

// GoAhead goes into a room for the shopper whom the metadata names, before they are there
// and without a job, and returns when the agent is in the room with its track. Who is
// about to come waits for nobody then: the server takes 0.2 s to ask its workers who
// would take a job, and begins only when the shopper is there. When ctx ends first, the
// agent is on its way all the same. An error, such as [ErrNoPlace], says that it is not.
func (w *Worker) GoAhead(ctx context.Context, room, metadata string) error {
	arrived, over := make(chan struct{}), make(chan error, 1)
	if err := w.setOut(ctx, room, metadata, func() { close(arrived) }, func(err error) { over <- err }); err != nil {
		return err
	}
	select {
	case err := <-over:
		return err
	case <-arrived:
	case <-ctx.Done():
	}
	return nil
}

// setOut is GoAhead up to where the agent has set out.
func (w *Worker) setOut(ctx context.Context, room, metadata string, arrived func(), over func(error)) error {
	u := unasked{room: room, identity: "agent-" + uuid.NewString(), arrived: arrived}
	u.begin = func(ctx context.Context, adjust func(*agent.Options)) (*agent.Conversation, string, error) {
		return w.cfg.Begin(ctx, Job{Metadata: metadata, Room: room, Agent: u.identity}, adjust)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	switch {
	case w.cfg.Participants:
		return errors.New("the server sends an agent to each participant")
	case w.id == "" || w.taken(now) >= w.cfg.MaxCalls:
		return ErrNoPlace
	}
	if err := w.goUnasked(ctx, u, func(err error) {
		if err != nil {
			w.log.Warn("going ahead into a room", "room", room, "error", err)
		}
		over(err)
	}); err != nil {
		return err
	}
	w.promised[u.id()] = now // until the conversation counts by itself
	return nil
}
