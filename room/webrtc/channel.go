package webrtc

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"parley/room"
)

// Bounds of a call's channels.
const (
	// maxMessage is the largest message in bytes, either way; it is in the answer
	// (a=max-message-size).
	maxMessage = 256 << 10
	// maxUnsent is how many bytes may wait for a client that reads slowly.
	maxUnsent = 1 << 20
	// maxUnread is how many messages of a client may wait for the conversation.
	maxUnread = 64
	// maxChannels is how many channels a client may have open at once.
	maxChannels = 8
	// A client may send messagesPerSecond and bytesPerSecond for as long as it likes,
	// and bursts of messageBurst and byteBurst.
	messagesPerSecond = 100
	messageBurst      = 200
	bytesPerSecond    = 512 << 10
	byteBurst         = 2 << 20
)

// dataChannel is what is used of pion's detached channel.
type dataChannel interface {
	ReadDataChannel([]byte) (n int, isText bool, err error)
	WriteDataChannel(p []byte, isText bool) (int, error)
	BufferedAmount() uint64
	io.Closer
}

// channel implements [room.Channel] on a data channel.
type channel struct {
	label    string
	data     dataChannel
	messages chan []byte
	written  *atomic.Bool // set when a message has come

	// sending orders the senders, so that the check of what is unsent holds.
	sending sync.Mutex
}

var _ room.Channel = (*channel)(nil)

func newChannel(label string, data dataChannel, written *atomic.Bool) *channel {
	return &channel{label: label, data: data, messages: make(chan []byte, maxUnread), written: written}
}

// Label implements [room.Channel].
func (c *channel) Label() string { return c.label }

// Messages implements [room.Channel].
func (c *channel) Messages() <-chan []byte { return c.messages }

// Send implements [room.Channel]. It may be called from any goroutine and fails
// with [room.ErrSlow] when a megabyte is waiting, with another error when the
// channel is closed or the message is larger than the client can take.
func (c *channel) Send(message []byte) error {
	if len(message) > maxMessage {
		return fmt.Errorf("a message of %d bytes is over the bound of %d", len(message), maxMessage)
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	if c.data.BufferedAmount()+uint64(len(message)) > maxUnsent {
		return room.ErrSlow
	}
	// pion queues and returns; what it queues is bounded by the check above.
	if _, err := c.data.WriteDataChannel(message, true); err != nil {
		return fmt.Errorf("sending on channel %q: %w", c.label, err)
	}
	return nil
}

var (
	errFlood  = errors.New("the client sends more than it may")
	errUnread = errors.New("the conversation does not read the client's messages")
)

// read passes messages on until the channel is closed or the client breaks a
// bound, in which case it closes the channel itself. It returns why.
func (c *channel) read() error {
	defer close(c.messages)
	defer c.data.Close()
	messages := rate.NewLimiter(messagesPerSecond, messageBurst)
	bytes := rate.NewLimiter(bytesPerSecond, byteBurst)
	buffer := make([]byte, 4<<10)
	for {
		n, _, err := c.data.ReadDataChannel(buffer)
		if errors.Is(err, io.ErrShortBuffer) && len(buffer) < maxMessage {
			// The message stays where it is until there is room for it.
			buffer = make([]byte, min(4*len(buffer), maxMessage))
			continue
		}
		if err != nil {
			return err
		}
		if !messages.Allow() || !bytes.AllowN(time.Now(), n) {
			return errFlood
		}
		c.written.Store(true)
		select {
		case c.messages <- append([]byte(nil), buffer[:n]...):
		default:
			return errUnread
		}
	}
}
