package rooms

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
)

const (
	// aheadTime is how long a shopper's way into a room waits for the agent to be there.
	aheadTime = 2 * time.Second
	// aheadEvery is how often it is looked.
	aheadEvery = 20 * time.Millisecond
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

// sendAhead sends the agent into a room and waits until its voice is there, but not for
// long: a shopper who comes before it waits for it in the room.
func (d *Door) sendAhead(ctx context.Context, room, metadata string) error {
	if _, err := d.create(ctx, room, metadata); err != nil {
		return err
	}
	ctx, err := d.asAdmin(ctx, room)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, aheadTime)
	defer cancel()
	look := time.NewTicker(aheadEvery)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil
		}
		people, err := d.people.ListParticipants(ctx, &lk.ListParticipantsRequest{Room: room})
		if err != nil {
			continue // the room is not there yet
		}
		for _, p := range people.GetParticipants() {
			if p.GetKind() == lk.ParticipantInfo_AGENT && len(p.GetTracks()) > 0 {
				return nil
			}
		}
	}
}
