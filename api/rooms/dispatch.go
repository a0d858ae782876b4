package rooms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
)

// asAdmin adds to a context what the LiveKit server asks of who looks after a room.
func (d *Door) asAdmin(ctx context.Context, room string) (context.Context, error) {
	token, err := auth.NewAccessToken(d.cfg.Key, d.cfg.Secret).
		SetVideoGrant(&auth.VideoGrant{RoomAdmin: true, Room: room}).SetValidFor(time.Minute).ToJWT()
	if err != nil {
		return nil, fmt.Errorf("making a token: %w", err)
	}
	ctx, err = twirp.WithHTTPRequestHeaders(ctx, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		return nil, fmt.Errorf("adding the token: %w", err)
	}
	return ctx, nil
}

// create has the LiveKit server dispatch the agent.
func (d *Door) create(ctx context.Context, room, metadata string) (*lk.AgentDispatch, error) {
	ctx, err := d.asAdmin(ctx, room)
	if err != nil {
		return nil, err
	}
	return d.dispatch.CreateDispatch(ctx, &lk.CreateAgentDispatchRequest{Room: room, AgentName: d.cfg.AgentName, Metadata: metadata})
}

// present are who is in a room, agents included; see [missing].
func (d *Door) present(ctx context.Context, room string) ([]*lk.ParticipantInfo, error) {
	ctx, err := d.asAdmin(ctx, room)
	if err != nil {
		return nil, err
	}
	people, err := d.people.ListParticipants(ctx, &lk.ListParticipantsRequest{Room: room})
	return people.GetParticipants(), err
}

// missing says that an error means that the room is not there.
func missing(err error) bool {
	answer, ok := errors.AsType[twirp.Error](err)
	return ok && answer.Code() == twirp.NotFound
}
