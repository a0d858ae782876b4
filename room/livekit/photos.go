package livekit

import (
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

const (
	// maxPhoto is the largest photo in bytes, as over HTTP.
	maxPhoto = 10 << 20
	// photosAtOnce is how many photos a worker receives at the same time: it bounds the
	// memory that they take.
	photosAtOnce = 4
	// photoTime is how long a photo may be on its way.
	photoTime = 90 * time.Second
)

// photoTopics are where a byte stream is a photo: the client finds who takes a stream by
// its topic alone. On the last, clients send what is attached to a text.
func photoTopics() []string { return []string{"photo", "lk.photo", "images", chatTopic} }

// refusal is why a photo is not taken, in the words for its sender.
type refusal string

func (r refusal) Error() string { return string(r) }

// Why a photo is not taken.
const (
	errPhotoTooLarge refusal = "The photo is too large: at most 10 MB may be sent."
	errPhotoLate     refusal = "The photo took too long to arrive. Please send it again."
)

// receivePhoto takes one photo of the shopper's; the client calls it on a goroutine of
// its own, which ends with the photo or the room.
func (c *call) receivePhoto(r *lksdk.ByteStreamReader, from string) {
	// What is not read stays in memory: the client's streams have no bound of their own.
	defer func() { _, _ = io.Copy(io.Discard, r) }()
	mine, ok := c.meet(c.ctx, from)
	if !ok || !mine || !c.own.often.AllowN(time.Now(), 1) {
		return
	}
	switch {
	case c.eyes == nil:
		c.answer(from, "No photos are taken here.")
		return
	case r.Info.MimeType != "" && r.Info.Topic == chatTopic && !strings.HasPrefix(r.Info.MimeType, "image/"):
		c.answer(from, "Only photos are taken here, and no other files.")
		return
	case r.Info.Size != nil && *r.Info.Size > maxPhoto:
		c.answer(from, errPhotoTooLarge.Error())
		return
	}
	select {
	case c.photoPlaces <- struct{}{}:
	default:
		c.answer(from, "Too many photos are being sent just now. Please send it again in a moment.")
		return
	}
	file, err := receive(r, sync.OnceFunc(func() { <-c.photoPlaces }))
	if err == nil {
		err = c.show(file)
	}
	if err != nil && c.ctx.Err() == nil {
		c.answer(from, err.Error())
	}
}

// show has a photo looked at and the conversation answer it. An error is in words for
// whoever sent it.
func (c *call) show(file []byte) error {
	images, err := c.eyes(c.ctx, file)
	if err != nil {
		return err
	}
	if _, err := c.conversation.Show(c.ctx, "", images...); err != nil {
		c.log.Debug("a photo was not taken", "error", err)
	}
	return nil
}

// parcel is a file that arrives.
type parcel struct {
	mu   sync.Mutex
	data []byte
	late bool
}

// receive reads a file of at most maxPhoto. A stream that never ends cannot be broken
// off: it is forgotten when its time is over, and what has come of it freed. free is
// called once the memory is somebody else's to count.
func receive(r io.Reader, free func()) ([]byte, error) {
	p := new(parcel)
	defer free()
	late := time.AfterFunc(photoTime, func() {
		p.mu.Lock()
		p.data, p.late = nil, true
		p.mu.Unlock()
		free()
	})
	defer late.Stop()
	chunk := make([]byte, 16<<10)
	for {
		n, err := r.Read(chunk)
		if over := p.add(chunk[:n]); over != nil {
			return nil, over
		}
		switch {
		case errors.Is(err, io.EOF):
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.data, nil
		case err != nil:
			return nil, errPhotoLate
		}
	}
}

func (p *parcel) add(data []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.late:
		return errPhotoLate
	case len(p.data)+len(data) > maxPhoto:
		return errPhotoTooLarge
	}
	p.data = append(p.data, data...)
	return nil
}

// answer writes to one person on the topic for typed text.
func (c *call) answer(to, text string) {
	id := uuid.NewString()
	for _, p := range []*lk.DataPacket{opened(id, chatTopic, map[string]string{}), written(id, text, 0), shut(id, nil)} {
		p.DestinationIdentities = []string{to}
		if err := c.publish(p, lksdk.WithDataPublishDestination([]string{to})); err != nil {
			c.log.Debug("answering a photo", "error", err)
			return
		}
	}
}
