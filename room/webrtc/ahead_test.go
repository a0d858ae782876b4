package webrtc

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley/audio"
	"parley/audio/receive"
)

// foresighted is a speaker whose next ticks are known, and sometimes come
// otherwise.
type foresighted struct {
	*speaker
	ticks, previews int
}

func (f *foresighted) Next(dst []int16) bool {
	f.speaker.Next(dst)
	if f.ticks++; f.ticks%13 == 0 {
		dst[7] += 5
	}
	return true
}

func (f *foresighted) Preview(dst []int16) int {
	f.previews++
	for n := range len(dst) / audio.SpeakTick {
		copy(dst[n*audio.SpeakTick:], f.tone[:])
	}
	return len(dst) / audio.SpeakTick * audio.SpeakTick
}

// payloads keeps what was sent.
type payloads struct {
	fakeTrack
	sent [][]byte
}

func (p *payloads) WriteRTP(packet *rtp.Packet) error {
	p.sent = append(p.sent, slices.Clone(packet.Payload))
	return nil
}

// A guest that can tell what it will say is sent as it would be if it could not.
func TestSendsTheSameAhead(t *testing.T) {
	for _, codec := range benchmarkCodecs(t) {
		send := func(hidden bool) [][]byte {
			guest, out := &foresighted{speaker: newSpeaker(false)}, &payloads{}
			receiver, err := receive.New(codec, guest, receive.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer receiver.Close()
			s := newSender(guest, codec, out, receiver, out)
			if hidden {
				s.foreseeing = nil
			}
			if s.encoder, err = codec.NewEncoder(); err != nil {
				t.Fatal(err)
			}
			defer s.encoder.Close()
			start := time.Now()
			for n := range int64(200) {
				s.tick(start.Add(time.Duration(n)*audio.Tick), n)
			}
			if _, can := s.encoder.(audio.AheadEncoder); can && !hidden && (guest.previews < 20 || guest.previews > 100) {
				t.Errorf("%s: previewed %d times in 200 ticks", codec.Name, guest.previews)
			}
			return out.sent
		}
		if !slices.EqualFunc(send(false), send(true), bytes.Equal) {
			t.Errorf("%s: what was sent is not the same", codec.Name)
		}
	}
}
