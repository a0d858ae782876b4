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

// ErrNoPlace is the answer of a worker that cannot go into one more room: it has as many
// calls as it may, stops, or does not reach its server.
var ErrNoPlace = errors.New("the worker takes no more calls")

// beginning begins a conversation and says with whom it is; adjust changes its options
// before.
type beginning func(ctx context.Context, adjust func(*agent.Options)) (c *agent.Conversation, shopper string, err error)

// unasked is a visit that the server has not given a job for.
type unasked struct {
	room, identity string
	// errand says for the log what the visit is for.
	errand string
	begin  beginning
	// place says that the visit needs a free one.
	place bool
	// arrived is called when the agent is in the room with its track, and when the visit
	// is over, with an error if there was no conversation.
	arrived func(error)
}

// goUnasked holds a conversation in a room until it is over. An error says that nothing
// was begun.
func (w *Worker) goUnasked(ctx context.Context, u unasked) error {
	attributes := arriving(time.Now())
	attributes[nameAttribute] = w.cfg.AgentName
	token, err := protoagent.BuildAgentToken(w.cfg.APIKey, w.cfg.APISecret, u.room, u.identity, w.cfg.AgentName, "", attributes,
		&lk.ParticipantPermission{CanSubscribe: true, CanPublish: true, CanPublishData: true, CanUpdateMetadata: true})
	if err != nil {
		return fmt.Errorf("making a token for a room: %w", err)
	}
	id := "unasked-" + u.identity
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	switch {
	case w.draining, u.place && (w.id == "" || w.taken(now) >= w.cfg.MaxCalls):
		return ErrNoPlace
	case w.running[id] != nil:
		return fmt.Errorf("%s is in its room already", u.identity)
	}
	if u.place {
		w.promised[id] = now // until the conversation counts by itself
	}
	w.undertake(context.WithoutCancel(ctx), id, func(ctx context.Context, e *errand) {
		lens := new(camera)
		conversation, shopper, err := u.begin(ctx, w.sees(lens))
		if err == nil {
			w.log.Info("visiting a room without a job", "errand", u.errand, "conversation", conversation.ID(), "room", u.room)
			w.settled(id)
			err = w.hold(ctx, e, conversation, visit{
				room: u.room, url: w.cfg.URL, token: token, shopper: shopper, lens: lens, arrived: func() { u.arrived(nil) },
			})
		}
		if err != nil {
			w.log.Warn("a room could not be visited without a job", "errand", u.errand, "room", u.room, "error", err)
		}
		u.arrived(err)
	})
	return nil
}
