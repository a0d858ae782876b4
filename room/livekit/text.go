package livekit

import (
	"io"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"
	"golang.org/x/time/rate"
)

const (
	// chatTopic is where LiveKit's clients send what was typed.
	chatTopic = "lk.chat"
	// maxChats is how many texts may be received, or wait, at once.
	maxChats = 8
	// maxChat is the longest text in bytes; a conversation may take less.
	maxChat = 64 << 10
	// chatsPerSecond and chatBurst bound how often somebody may write.
	chatsPerSecond = 2
	chatBurst      = 10
)

// chat is a text that came, and from whom.
type chat struct{ from, text string }

// receiveText takes one text; the client calls it on a goroutine of its own, which
// ends with the text or the room.
func (c *call) receiveText(r *lksdk.TextStreamReader, from string) {
	select {
	case c.typing <- struct{}{}:
		defer func() { <-c.typing }()
	default:
		return
	}
	text, err := io.ReadAll(io.LimitReader(r, maxChat+1))
	if err != nil || len(text) > maxChat {
		c.log.Debug("ignoring a text", "bytes", len(text), "error", err)
		return
	}
	select {
	case c.chats <- chat{from, string(text)}:
	default:
	}
}

// answerText gives the conversation what its shopper typed, until the call ends.
func (c *call) answerText() {
	often := rate.NewLimiter(chatsPerSecond, chatBurst)
	for {
		select {
		case <-c.ctx.Done():
			return
		case m := <-c.chats:
			c.mu.Lock()
			mine := m.from == c.shopper
			c.mu.Unlock()
			if !mine || !often.AllowN(time.Now(), 1) {
				continue
			}
			if _, err := c.conversation.Say(c.ctx, m.text); err != nil {
				c.log.Debug("a text was not taken", "error", err)
			}
		}
	}
}
