package livekit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"strings"
	"sync/atomic"
	"time"

	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtp/codecs"
	pion "github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/samplebuilder"
	"golang.org/x/image/vp8"
)

const (
	// pictureTime is how long a picture may take: the track has to be subscribed to, and
	// its sender to send a whole picture.
	pictureTime = 5 * time.Second
	// maxPixels bounds a picture: what cameras of computers and phones send is smaller.
	maxPixels = 4096 * 2304
	// latePackets is how many packets of a camera are waited for out of order.
	latePackets = 128
	// pictureQuality is that of the JPEG that a picture becomes.
	pictureQuality = 90
)

// Why there is no picture, in words for the caller.
var (
	errNoCamera   = errors.New("the camera is off, or not shared in the room")
	errNoPicture  = errors.New("no picture came from the camera in time")
	errBadPicture = errors.New("the picture of the camera could not be read")
	errBusy       = errors.New("a picture is being taken already")
)

// noPicture says in words for the caller that there is none, and why.
func noPicture(why error) string { return "There is no picture: " + why.Error() + "." }

// camera takes pictures with the shopper's. It is made before the call is, so that the
// conversation's tools can hold it, and is safe for use by many goroutines.
type camera struct{ call atomic.Pointer[call] }

// ready says whether the shopper has a camera on in the room.
func (c *camera) ready() bool {
	call := c.call.Load()
	return call != nil && call.camera() != nil
}

// camera is the shopper's published camera; nil when there is none, or it is muted.
func (c *call) camera() *lksdk.RemoteTrackPublication {
	c.mu.Lock()
	shopper := c.shopper
	c.mu.Unlock()
	p := c.room.GetParticipantByIdentity(shopper)
	if p == nil {
		return nil
	}
	publication, ok := p.GetTrackPublication(lk.TrackSource_CAMERA).(*lksdk.RemoteTrackPublication)
	if !ok || publication == nil || publication.IsMuted() {
		return nil
	}
	return publication
}

// picture takes one picture, as a JPEG. It subscribes to the camera for as long as that
// takes. An error is in words for the caller.
func (c *call) picture(ctx context.Context) ([]byte, error) {
	select {
	case c.filming <- struct{}{}:
		defer func() { <-c.filming }()
	default:
		return nil, errBusy
	}
	publication := c.camera()
	if publication == nil {
		return nil, errNoCamera
	}
	ctx, cancel := context.WithTimeout(ctx, pictureTime)
	defer cancel()
	select { // one that came too late for whoever waited for it
	case <-c.films:
	default:
	}
	if err := publication.SetSubscribed(true); err != nil {
		c.log.Warn("subscribing to a camera", "error", err)
		return nil, errNoPicture
	}
	defer func() {
		if err := publication.SetSubscribed(false); err != nil {
			c.log.Warn("letting go of a camera", "error", err)
		}
	}()
	select {
	case track := <-c.films:
		return c.develop(ctx, track)
	case <-ctx.Done():
		// Of a codec that the server does not pass on no track comes.
		return nil, cmp.Or(unreadable(publication.MimeType()), errNoPicture)
	}
}

// unreadable says that a camera's codec cannot be read; nil when it can.
func unreadable(mime string) error {
	if mime == "" || strings.EqualFold(mime, pion.MimeTypeVP8) {
		return nil
	}
	_, name, _ := strings.Cut(mime, "/")
	return fmt.Errorf("the camera sends %s, and only VP8 can be read here", name)
}

// develop makes a JPEG of the first whole picture on a track.
func (c *call) develop(ctx context.Context, track *pion.TrackRemote) ([]byte, error) {
	if err := unreadable(track.Codec().MimeType); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = track.SetReadDeadline(time.Now()) })
	defer stop()
	frames := samplebuilder.New(latePackets, &codecs.VP8Packet{}, track.Codec().ClockRate)
	for ctx.Err() == nil {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return nil, errNoPicture
		}
		frames.Push(packet)
		for frame := frames.Pop(); frame != nil; frame = frames.Pop() {
			if len(frame.Data) > 0 && frame.Data[0]&1 == 0 { // RFC 6386, 9.1: a whole picture
				return readVP8(frame.Data)
			}
		}
	}
	return nil, errNoPicture
}

// readVP8 makes a JPEG of a key frame.
func readVP8(frame []byte) (picture []byte, err error) {
	defer func() {
		if recover() != nil { // a stranger's bytes in a decoder
			picture, err = nil, errBadPicture
		}
	}()
	decoder := vp8.NewDecoder()
	decoder.Init(bytes.NewReader(frame), len(frame))
	header, err := decoder.DecodeFrameHeader()
	if err != nil || !header.KeyFrame || header.Width*header.Height > maxPixels || header.Width*header.Height == 0 {
		return nil, errBadPicture
	}
	img, err := decoder.DecodeFrame()
	if err != nil {
		return nil, errBadPicture
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: pictureQuality}); err != nil {
		return nil, errBadPicture
	}
	return out.Bytes(), nil
}

// showPictures shows the conversation the pictures that were taken, until the call ends.
func (c *call) showPictures() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case file := <-c.pictures:
			if err := c.show(file); err != nil {
				c.log.Warn("a picture was not taken in", "error", err)
			}
		case from := <-c.wanted:
			file, err := c.picture(c.ctx)
			if err == nil {
				err = c.show(file)
			}
			if err != nil && c.ctx.Err() == nil {
				c.answer(from, noPicture(err))
			}
		}
	}
}
