package livekit

import (
	"context"
	"time"

	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// vacateTime bounds the removal of a room.
const vacateTime = 5 * time.Second

// vacate removes a room to which nobody came: the agent was sent ahead for a shopper. Who
// comes later begins the room anew, and with it brings an agent; in the room as it was
// they would wait for one in vain.
func (w *Worker) vacate(ctx context.Context, room string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), vacateTime)
	defer cancel()
	client := lksdk.NewRoomServiceClient(w.cfg.URL, w.cfg.APIKey, w.cfg.APISecret)
	if _, err := client.DeleteRoom(ctx, &lk.DeleteRoomRequest{Room: room}); err != nil {
		w.log.Debug("removing a room to which nobody came", "room", room, "error", err)
	}
}
