package livekit

import (
	"context"
	"errors"
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
		if try == joinTries || c.ctx.Err() != nil || errors.Is(err, errRoomGone) {
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

// enter is one try to join. What is left of one that failed, the client's going on
// included, tells nothing any more.
func (c *call) enter(url, token string, out *pion.TrackLocalStaticRTP) error {
	try := &entry{hopeless: make(chan struct{})}
	room := lksdk.NewRoom(c.callbacks(try))
	c.room = room
	if err := room.RegisterTextStreamHandler(chatTopic, c.receiveText); err != nil {
		return failed("listening for text", err)
	}
	for _, topic := range photoTopics() {
		if err := room.RegisterByteStreamHandler(topic, c.receivePhoto); err != nil {
			return failed("listening for photos", err)
		}
	}
	if err := c.offerMethods(); err != nil {
		return err
	}
	// Giving up says good-bye, and the server then ends the job: that must be no news.
	late := time.AfterFunc(joinTime-joinMargin, func() { c.rejoins.Store(true) })
	defer late.Stop()
	joined := make(chan error, 1)
	c.joining.Go(func() {
		err := try.end(room.JoinWithContextAndToken(c.ctx, url, token,
			lksdk.WithAutoSubscribe(false), lksdk.WithConnectTimeout(joinTime), lksdk.WithSinglePeerConnection(), lksdk.WithLogger(overheard{logger.GetDiscardLogger(), try}),
			lksdk.WithTrack(out, &lksdk.TrackPublicationOptions{Name: trackName, Source: lk.TrackSource_MICROPHONE})))
		if joined <- err; err != nil {
			room.Disconnect()
		}
	})
	select {
	case err := <-joined:
		return err
	case <-try.hopeless: // the client would wait until its time is over
		c.rejoins.Store(true)
		return try.end(errLost)
	case <-c.ctx.Done():
		return try.end(context.Cause(c.ctx))
	}
}
