package livekit

import (
	"errors"
	"sync/atomic"
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
	// joinMargin is how long before a try's end it counts as one that may be given up.
	joinMargin = 500 * time.Millisecond
)

// join enters the room of a job with the agent's track. Only a connection that did not
// come about in time is tried anew: other errors would come again.
func (c *call) join(url, token string, out *pion.TrackLocalStaticRTP) error {
	began := time.Now()
	for try := 1; ; try++ {
		err := c.enter(url, token, out)
		if err == nil {
			c.log.Info("joined a room", "took", time.Since(began).Round(time.Millisecond))
			return nil
		}
		if try == joinTries || c.ctx.Err() != nil || !errors.Is(err, lksdk.ErrConnectionTimeout) {
			return err
		}
		c.log.Warn("joining a room took too long; trying anew", "try", try)
	}
}

// enter is one try to join; what is left of one that failed tells nothing any more.
func (c *call) enter(url, token string, out *pion.TrackLocalStaticRTP) error {
	given := new(atomic.Bool)
	c.room = lksdk.NewRoom(c.callbacks(given))
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
	err := c.room.JoinWithContextAndToken(c.ctx, url, token,
		lksdk.WithAutoSubscribe(false), lksdk.WithConnectTimeout(joinTime), lksdk.WithSinglePeerConnection(), lksdk.WithLogger(logger.GetDiscardLogger()),
		lksdk.WithTrack(out, &lksdk.TrackPublicationOptions{Name: trackName, Source: lk.TrackSource_MICROPHONE}))
	late.Stop()
	if err != nil {
		given.Store(true)
		c.room.Disconnect()
		return failed("joining the room", err)
	}
	return nil
}
