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
	// maxChats is how many texts of the shopper's may be received, or wait, at once, and
	// how many of all others.
	maxChats = 8
	// maxChat is the longest text in bytes; a conversation may take less.
	maxChat = 64 << 10
	// chatsPerSecond and chatBurst bound how often the shopper may write, and how often
	// all others together.
	chatsPerSecond = 2
	chatBurst      = 10
)

// chat is a text that came, and from whom.
type chat struct{ from, text string }

// post are the texts of the shopper, or of all others: nobody else can keep the
// shopper from writing.
type post struct {
	texts  chan chat
	places chan struct{} // one for each text that is being received
	often  *rate.Limiter
}

func newPost() *post {
	return &post{texts: make(chan chat, maxChats), places: make(chan struct{}, maxChats), often: rate.NewLimiter(chatsPerSecond, chatBurst)}
}

// postOf is where somebody's texts belong.
func (c *call) postOf(mine bool) *post {
	if mine {
		return c.own
	}
	return c.others
}

// receiveText takes one text; the client calls it on a goroutine of its own, which
// ends with the text or the room.
func (c *call) receiveText(r *lksdk.TextStreamReader, from string) {
	// What is not read stays in memory: the client's streams have no bound of their own.
	defer func() { _, _ = io.Copy(io.Discard, r) }()
	mine, ok := c.meet(c.ctx, from)
	if !ok {
		return
	}
	post := c.postOf(mine)
	select {
	case post.places <- struct{}{}:
		defer func() { <-post.places }()
	default:
		return
	}
	text, err := io.ReadAll(io.LimitReader(r, maxChat+1))
	if err != nil || len(text) > maxChat {
		c.log.Debug("ignoring a text", "bytes", len(text), "error", err)
		return
	}
	select {
	case post.texts <- chat{from, string(text)}:
	default:
	}
}

// answerText gives the conversation what was typed, until the call ends.
func (c *call) answerText() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case m := <-c.own.texts:
			c.takeText(m)
		case m := <-c.others.texts:
			c.takeText(m)
		}
	}
}

func (c *call) takeText(m chat) {
	who, mine, ok := c.find(m.from)
	if !ok || !c.postOf(mine).often.AllowN(time.Now(), 1) {
		return
	}
	var err error
	if mine {
		_, err = c.conversation.Say(c.ctx, m.text)
	} else {
		err = c.conversation.Overhear(c.ctx, who.Speaker, m.text)
	}
	if err != nil {
		c.log.Debug("a text was not taken", "error", err)
	}
}
