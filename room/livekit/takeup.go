package livekit

import (
	"context"
	"errors"
	"fmt"
	"time"

	protoagent "github.com/livekit/protocol/agent"
	lk "github.com/livekit/protocol/livekit"

	"parley/agent"
)

// nameAttribute tells clients an agent's name, as the server has it of a job's.
const nameAttribute = "lk.agent_name"

// TakeUp joins a room in place of an agent that is gone, without a job: the server
// gives a job to nobody else when its worker is lost. It joins under the identity of
// the agent that is gone, so that the server removes what is left of it, and that the
// two can never be there together. begin begins the conversation and says with whom. An
// error says that nothing was begun.
func (w *Worker) TakeUp(ctx context.Context, room, identity string, begin func(ctx context.Context, adjust func(*agent.Options)) (c *agent.Conversation, shopper string, err error)) error {
	attributes := arriving(time.Now())
	attributes[nameAttribute] = w.cfg.AgentName
	token, err := protoagent.BuildAgentToken(w.cfg.APIKey, w.cfg.APISecret, room, identity, w.cfg.AgentName, "", attributes,
		&lk.ParticipantPermission{CanSubscribe: true, CanPublish: true, CanPublishData: true, CanUpdateMetadata: true})
	if err != nil {
		return fmt.Errorf("making a token for a room: %w", err)
	}
	id := "taken-" + identity
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.draining:
		return errors.New("the worker is stopping")
	case w.running[id] != nil:
		return fmt.Errorf("%s has been taken up already", identity)
	}
	w.undertake(context.WithoutCancel(ctx), id, func(ctx context.Context, e *errand) {
		lens := new(camera)
		conversation, shopper, err := begin(ctx, w.sees(lens))
		if err == nil {
			w.log.Info("taking a conversation up", "conversation", conversation.ID(), "room", room)
			err = w.hold(ctx, e, conversation, visit{room: room, url: w.cfg.URL, token: token, shopper: shopper, lens: lens})
		}
		if err != nil {
			w.log.Warn("a conversation could not be taken up", "room", room, "error", err)
		}
	})
	return nil
}
