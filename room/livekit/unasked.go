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
	begin          beginning
	// arrived is called when the agent is in the room with its track; nil for nobody.
	arrived func()
}

// id is the visit's among the jobs at work.
func (u unasked) id() string { return "unasked-" + u.identity }

// goUnasked holds a conversation in a room until it is over; over is called then, with an
// error if there was none. The worker's lock is held. An error says that nothing was begun.
func (w *Worker) goUnasked(ctx context.Context, u unasked, over func(error)) error {
	switch {
	case w.draining:
		return ErrNoPlace
	case w.running[u.id()] != nil:
		return fmt.Errorf("%s is in its room already", u.identity)
	}
	attributes := arriving(time.Now())
	attributes[nameAttribute] = w.cfg.AgentName
	token, err := protoagent.BuildAgentToken(w.cfg.APIKey, w.cfg.APISecret, u.room, u.identity, w.cfg.AgentName, "", attributes,
		&lk.ParticipantPermission{CanSubscribe: true, CanPublish: true, CanPublishData: true, CanUpdateMetadata: true})
	if err != nil {
		return fmt.Errorf("making a token for a room: %w", err)
	}
	w.undertake(context.WithoutCancel(ctx), u.id(), func(ctx context.Context, e *errand) {
		lens := new(camera)
		conversation, shopper, err := u.begin(ctx, w.sees(lens))
		if err == nil {
			w.settled(u.id())
			err = w.hold(ctx, e, conversation, visit{room: u.room, url: w.cfg.URL, token: token, shopper: shopper, lens: lens, arrived: u.arrived})
		}
		over(err)
	})
	return nil
}
