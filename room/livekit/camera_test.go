package livekit

import (
	"bytes"
	"context"
	"encoding/json"
	"image/jpeg"
	"sync"
	"testing"
	"time"

	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	pion "github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"parley/tools"
)

// grey is a VP8 key frame: to its decoder nothing but zeros means the simplest of
// everything.
func grey(width, height int) []byte {
	const partition = 4000
	tag := uint32(1<<4 | partition<<5) // a key frame that is shown
	frame := []byte{byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 0x01, 0x2a, byte(width), byte(width >> 8), byte(height), byte(height >> 8)}
	return append(frame, make([]byte, 2*partition)...)
}

func TestReadVP8(t *testing.T) {
	file, err := readVP8(grey(64, 48))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(file)); err != nil || c.Width != 64 || c.Height != 48 {
		t.Errorf("%+v %v", c, err)
	}
	for _, bad := range [][]byte{nil, {0}, grey(64, 48)[:100], grey(0, 48), grey(16383, 16383), bytes.Repeat([]byte{0xfe}, 500)} {
		if _, err := readVP8(bad); err == nil {
			t.Errorf("%.20x… was read", bad)
		}
	}
}

func FuzzReadVP8(f *testing.F) {
	f.Add(grey(64, 48))
	f.Add(grey(16, 16)[:200])
	f.Fuzz(func(_ *testing.T, frame []byte) { _, _ = readVP8(frame) })
}

// film publishes a camera whose pictures are all grey, in a codec.
func (v *visitor) film(mime string) (stop func()) {
	t := v.desk.t
	t.Helper()
	track, err := pion.NewTrackLocalStaticSample(pion.RTPCodecCapability{MimeType: mime, ClockRate: 90000}, "camera", "camera")
	if err != nil {
		t.Fatal(err)
	}
	publication, err := v.room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Name: "camera", Source: lk.TrackSource_CAMERA, VideoWidth: 64, VideoHeight: 48})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var filming sync.WaitGroup
	filming.Go(func() {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				_ = track.WriteSample(media.Sample{Data: grey(64, 48), Duration: 100 * time.Millisecond})
			}
		}
	})
	stop = sync.OnceFunc(func() {
		cancel()
		filming.Wait()
		_ = v.room.LocalParticipant.UnpublishTrack(publication.SID())
	})
	t.Cleanup(stop)
	return stop
}

// sight is the tools of the only conversation, once its call has a camera to look at.
func (d *desk) sight() tools.Set {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tools
}

func (d *desk) offersLooking() bool {
	for _, def := range d.sight().Definitions(tools.Caller{}) {
		if def.Name == lookTool {
			return true
		}
	}
	return false
}

func TestTheAgentLooksThroughTheCameraWhenAsked(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatchFor("aisle", "ann")
	v := d.visit("aisle", "ann")
	d.until("the greeting", v.knows("Hello there."))
	if d.offersLooking() {
		t.Error("a brain is offered to look where there is no camera")
	}
	if _, err := v.call(methodLook, ""); err == nil {
		t.Error("a picture without a camera")
	}
	stop := v.film(pion.MimeTypeVP8)
	d.until("the offer to look", d.offersLooking)
	for range 2 { // the second subscribes anew
		began := time.Now()
		if _, err := v.call(methodLook, ""); err != nil {
			t.Fatal(err)
		}
		d.until("the answer", v.knows("You showed a photo of"))
		t.Logf("from the call to the answer's caption: %v", time.Since(began).Round(10*time.Millisecond))
		v.mu.Lock()
		v.read = nil
		v.mu.Unlock()
	}
	result, err := d.sight().Run(t.Context(), tools.Call{Name: lookTool, Arguments: json.RawMessage(`{}`)})
	if err != nil || !bytes.Contains(result.JSON, []byte("taken")) {
		t.Errorf("by the tool: %s %v", result.JSON, err)
	}
	d.until("the answer", v.knows("You showed a photo of"))
	stop()
	d.until("the offer's end", func() bool { return !d.offersLooking() })
	if _, err := d.sight().Run(t.Context(), tools.Call{Name: lookTool}); err == nil {
		t.Error("a picture without a camera")
	}
}

// A camera that sends what cannot be read here costs a sentence.
func TestACameraThatCannotBeRead(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatchFor("aisle", "ann")
	v := d.visit("aisle", "ann")
	d.until("the greeting", v.knows("Hello there."))
	v.film(pion.MimeTypeH264)
	d.until("the offer to look", d.offersLooking)
	if _, err := v.call(methodLook, ""); err != nil {
		t.Fatal(err)
	}
	d.until("the refusal", v.knows("There is no picture: the camera sends H264, and only VP8 can be read here."))
	v.write("never mind")
	d.until("the answer", v.knows("You said never mind"))
}
