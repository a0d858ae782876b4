package webrtc

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley/audio"
	"parley/audio/g711"
	"parley/audio/receive"
)

// headers keeps whole packets.
type headers struct {
	fakeTrack
	sent []rtp.Packet
}

func (h *headers) WriteRTP(packet *rtp.Packet) error {
	h.sent = append(h.sent, rtp.Packet{Header: packet.Header, Payload: slices.Clone(packet.Payload)})
	return nil
}

// talker speaks in the ticks from one to another.
type talker struct {
	*speaker
	from, to, n int
}

func (g *talker) Next(dst []int16) bool {
	g.n++
	if n := g.n - 1; n < g.from || n >= g.to {
		return false
	}
	return g.speaker.Next(dst)
}

// To a client that prefers it, silence is not sent: sequence numbers go on without a
// gap, timestamps tell of it, and speech begins at once, with a marker.
func TestPauses(t *testing.T) {
	const from, to, ticks = 100, 130, 200
	for _, codec := range benchmarkCodecs(t) {
		for _, wanted := range []bool{false, true} {
			guest, out := &talker{speaker: newSpeaker(false), from: from, to: to}, &headers{}
			receiver, err := receive.New(codec, guest, receive.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer receiver.Close()
			s := newSender(guest, codec, out, receiver, out)
			s.silence = audio.NewSuppressor(codec, wanted)
			if s.encoder, err = codec.NewEncoder(); err != nil {
				t.Fatal(err)
			}
			defer s.encoder.Close()
			start := time.Now()
			for n := range int64(ticks) {
				s.tick(start.Add(time.Duration(n)*audio.Tick), n)
			}
			if !wanted || codec.Pause == nil {
				if len(out.sent) != ticks {
					t.Errorf("%s, %t: %d packets in %d ticks", codec.Name, wanted, len(out.sent), ticks)
				}
				continue
			}
			var voiced, markers []int
			for i, p := range out.sent {
				tick := int((p.Timestamp - s.first) / s.step)
				if p.SequenceNumber != out.sent[0].SequenceNumber+uint16(i) {
					t.Errorf("packet %d has the number %d, the first %d", i, p.SequenceNumber, out.sent[0].SequenceNumber)
				}
				if p.Marker {
					markers = append(markers, tick)
				}
				if len(p.Payload) > 3 {
					voiced = append(voiced, tick)
				}
			}
			if !slices.Equal(markers, []int{from}) || voiced[0] != from || voiced[len(voiced)-1] < to-1 || len(voiced) < to-from {
				t.Errorf("markers in %v, sound in %v, want both from %d on", markers, voiced, from)
			}
			// Ten and two every 400 ms before, at most as many and the encoder's tail after.
			if len(out.sent) > to-from+10+10+10+codec.Tail+6 {
				t.Errorf("%d packets, of which %d are sound", len(out.sent), len(voiced))
			}
			if got := s.reports.sent.packets; got != uint32(len(out.sent)) {
				t.Errorf("%d packets are reported, %d were sent", got, len(out.sent))
			}
		}
	}
}

// A pause sounds like one to both decoders.
func TestAPauseIsSilent(t *testing.T) {
	codec := benchmarkCodecs(t)[1]
	for name, open := range map[string]func() (audio.Decoder, error){"hearing": codec.NewHearing, "recording": codec.NewRecording} {
		decoder, err := open()
		if err != nil {
			t.Fatal(err)
		}
		defer decoder.Close()
		for _, payload := range [][]byte{codec.Silence, codec.Pause, codec.Silence, codec.Pause} {
			pcm, err := decoder.Decode(nil, payload)
			if err != nil || len(pcm) != audio.HearTick || slices.Max(pcm) > 0 || slices.Min(pcm) < 0 {
				t.Errorf("%s: % x becomes %d samples, %v", name, payload, len(pcm), err)
			}
		}
	}
}

func TestClientsThatPreferPauses(t *testing.T) {
	mu := g711.MuLaw()
	codec := mu
	codec.Name, codec.ClockRate = "opus", 48000
	s := newTestServer(t, func(c *Config) { c.Codecs = []audio.Codec{codec, mu} })
	fmtp := func(parameters string) string {
		return strings.Replace(browserOffer, "a=fmtp:111 minptime=10;useinbandfec=1", "a=fmtp:"+parameters, 1)
	}
	for _, tt := range []struct {
		name, offer string
		want        bool
	}{
		{"a browser", browserOffer, false},
		{"one that asks for it", fmtp("111 minptime=10;useinbandfec=1;usedtx=1"), true},
		{"with spaces, in capitals", fmtp("111 UseDTX=1 ; minptime=10"), true},
		{"one that does not want it", fmtp("111 usedtx=0"), false},
		{"for another codec", fmtp("63 usedtx=1"), false},
		{"nonsense", fmtp("111"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer, call, err := s.Answer(t.Context(), tt.offer, newGuest())
			if err != nil {
				t.Fatal(err)
			}
			defer call.Hangup(t.Context(), nil)
			if call.pauses != tt.want {
				t.Errorf("silence is sent: %t", !call.pauses)
			}
			// What the client sends is another matter: we always prefer pauses.
			if got := lines(answer, "a=fmtp"); len(got) != 1 || !strings.Contains(got[0], ";usedtx=1") {
				t.Errorf("fmtp is %q", got)
			}
		})
	}
}
