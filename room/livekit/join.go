package livekit

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	pion "github.com/pion/webrtc/v4"
)

const (
	// joinTime is how long one try to join a room may take. It takes tenths of a second.
	joinTime = 5 * time.Second
	// joinTries is how often it is tried: a job that fails is given to nobody else, and
	// the shopper would wait for an agent that does not come.
	joinTries = 3
	// joinPause is how long is waited before the next one.
	joinPause = 250 * time.Millisecond
	// joinMargin is how long before a try's end it counts as one that may be given up.
	joinMargin = 500 * time.Millisecond
)

// join enters the room of a call with the agent's track. It is tried anew unless the agent
// is not wanted there.
func (c *call) join(url, token string, out *pion.TrackLocalStaticRTP) error {
	began := time.Now()
	for try := 1; ; try++ {
		err := c.enter(url, token, out)
		if err == nil {
			c.log.Info("joined a room", "took", time.Since(began).Round(time.Millisecond))
			return nil
		}
		if try == joinTries || errors.Is(err, errRoomGone) {
			return err
		}
		c.log.Warn("a room could not be joined; trying anew", "try", try, "error", err)
		select {
		case <-c.ctx.Done():
			return err
		case <-time.After(joinPause):
		}
	}
}

// entry is one try to enter a room: how it stands, and why the client was told to go.
type entry struct {
	mu     sync.Mutex
	within bool
	over   bool // nothing that the client says counts any more
	left   lksdk.DisconnectionReason
}

// done ends the try, with the error of the client's, and returns what has become of it.
func (e *entry) done(err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.within = err == nil && e.left == ""
	e.over = !e.within
	switch e.left {
	case "":
		if err == nil {
			return nil
		}
		return failed("joining the room", err)
	case lksdk.ParticipantRemoved, lksdk.DuplicateIdentity, lksdk.RoomClosed:
		err = errRoomGone // it is not wanted there
	}
	return fmt.Errorf("joining the room: %w, and the server says: %s", cmp.Or(err, errRoomGone), e.left)
}

// leave says that the client was told to go, and whether it was in the room.
func (e *entry) leave(why lksdk.DisconnectionReason) (within bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.left = why
	return e.within
}

// given says that the try has been given up.
func (e *entry) given() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.over
}

// enter is one try to join; what is left of one that failed tells nothing any more.
func (c *call) enter(url, token string, out *pion.TrackLocalStaticRTP) error {
	var try entry
	c.room = lksdk.NewRoom(c.callbacks(&try))
	if err := c.room.RegisterTextStreamHandler(chatTopic, c.receiveText); err != nil {
		return failed("listening for text", err)
	}
	for _, topic := range photoTopics() {
		if err := c.room.RegisterByteStreamHandler(topic, c.receivePhoto); err != nil {
			return failed("listening for photos", err)
		}
	}
	if err := c.offerMethods(); err != nil {
		return err
	}
	// Giving up says good-bye, and the server then ends the job: that must be no news.
	late := time.AfterFunc(joinTime-joinMargin, func() { c.rejoins.Store(true) })
	defer late.Stop()
	err := try.done(c.room.JoinWithContextAndToken(c.ctx, url, token,
		lksdk.WithAutoSubscribe(false), lksdk.WithConnectTimeout(joinTime), lksdk.WithSinglePeerConnection(), lksdk.WithLogger(logger.GetDiscardLogger()),
		lksdk.WithTrack(out, &lksdk.TrackPublicationOptions{Name: trackName, Source: lk.TrackSource_MICROPHONE})))
	if err != nil {
		c.room.Disconnect()
	}
	return err
}
