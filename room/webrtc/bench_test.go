package webrtc

import (
	"io"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"parley/audio"
	"parley/audio/g711"
	"parley/audio/opus"
	"parley/audio/receive"
	"parley/models/modeltest"
	"parley/room"
)

// fakeTrack takes packets.
type fakeTrack struct{ packets, bytes int }

func (f *fakeTrack) WriteRTP(p *rtp.Packet) error {
	f.packets++
	f.bytes += p.MarshalSize()
	return nil
}

func (f *fakeTrack) WriteRTCP([]rtcp.Packet) error { return nil }

// speaker is a guest that speaks a tone or nothing, and hears without remembering.
type speaker struct {
	tone   [audio.SpeakTick]int16
	silent bool
}

func newSpeaker(silent bool) *speaker {
	s := &speaker{silent: silent}
	for i := range s.tone {
		s.tone[i] = int16(8000 * math.Sin(2*math.Pi*500*float64(i)/audio.SpeakRate))
	}
	return s
}

func (s *speaker) Next(dst []int16) bool {
	copy(dst, s.tone[:])
	return !s.silent
}
func (s *speaker) Hear([]int16, int64) bool { return false }
func (s *speaker) Record([]int16, int64)    {}
func (s *speaker) Open(room.Channel)        {}
func (s *speaker) Left(error)               {}

func benchmarkCodecs(b testing.TB) []audio.Codec {
	library := opus.Open(modeltest.Path(b, "opus/simd.wasm"), b.TempDir(), slog.New(slog.DiscardHandler))
	b.Cleanup(func() { _ = library.Close() })
	if err := library.Ready(b.Context()); err != nil {
		b.Fatal(err)
	}
	return []audio.Codec{g711.MuLaw(), library.Codec()}
}

// What is done for each packet of a call does not allocate, in our own code.
func TestTicksDoNotAllocate(t *testing.T) {
	codec := g711.MuLaw()
	for name, silent := range map[string]bool{"silent": true, "speaking": false} {
		guest, track := newSpeaker(silent), &fakeTrack{}
		receiver, err := receive.New(codec, guest, receive.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer receiver.Close()
		s := newSender(guest, codec, track, receiver, track)
		if s.encoder, err = codec.NewEncoder(); err != nil {
			t.Fatal(err)
		}
		defer s.encoder.Close()
		start, n := time.Now(), int64(0)
		const ticks = 200 // less than to the next report
		s.tick(start, n)
		s.tick(start.Add(audio.Tick), n+1)
		allocations := testing.AllocsPerRun(ticks, func() {
			n++
			s.tick(start.Add(audio.Tick+time.Duration(n)*time.Millisecond), n+1)
		})
		if allocations != 0 {
			t.Errorf("%s: sending a packet allocates %.0f times", name, allocations)
		}
		in := &endlessTrack{packet: rtp.Packet{Header: rtp.Header{Version: 2, SSRC: 1}, Payload: codec.Silence}, step: 160}
		allocations = testing.AllocsPerRun(ticks, func() {
			in.left = 1
			s.heard.read(t.Context(), in, receiver)
		})
		if allocations != 0 {
			t.Errorf("%s: receiving a packet allocates %.0f times", name, allocations)
		}
	}
}

// One operation is one tick of one call: what to say, its packet, its report.
func BenchmarkSend(b *testing.B) {
	for _, codec := range benchmarkCodecs(b) {
		for name, silent := range map[string]bool{"silent": true, "speaking": false} {
			b.Run(codec.Name+"/"+name, func(b *testing.B) {
				guest, track := newSpeaker(silent), &fakeTrack{}
				receiver, err := receive.New(codec, guest, receive.Options{})
				if err != nil {
					b.Fatal(err)
				}
				defer receiver.Close()
				s := newSender(guest, codec, track, receiver, track)
				if s.encoder, err = codec.NewEncoder(); err != nil {
					b.Fatal(err)
				}
				defer s.encoder.Close()
				start := time.Now()
				b.ReportAllocs()
				n := int64(0)
				for b.Loop() {
					// One report falls due in each 250 ticks.
					s.tick(start.Add(time.Duration(n)*audio.Tick), n)
					n++
				}
			})
		}
	}
}

// endlessTrack yields the same packet with new numbers for n times.
type endlessTrack struct {
	packet rtp.Packet
	step   uint32
	left   int
}

func (e *endlessTrack) Read(p []byte) (int, interceptor.Attributes, error) {
	if e.left == 0 {
		return 0, nil, io.EOF
	}
	e.left--
	e.packet.SequenceNumber++
	e.packet.Timestamp += e.step
	n, err := e.packet.MarshalTo(p)
	return n, nil, err
}

// One operation is one packet of one caller, heard.
func BenchmarkReceive(b *testing.B) {
	for _, codec := range benchmarkCodecs(b) {
		for name, silent := range map[string]bool{"silent": true, "speaking": false} {
			b.Run(codec.Name+"/"+name, func(b *testing.B) {
				guest := newSpeaker(silent)
				payload := codec.Silence
				if !silent {
					encoder, err := codec.NewEncoder()
					if err != nil {
						b.Fatal(err)
					}
					defer encoder.Close()
					if payload, err = encoder.Encode(nil, guest.tone[:]); err != nil {
						b.Fatal(err)
					}
				}
				receiver, err := receive.New(codec, guest, receive.Options{})
				if err != nil {
					b.Fatal(err)
				}
				defer receiver.Close()
				track := &endlessTrack{
					packet: rtp.Packet{Header: rtp.Header{Version: 2, SSRC: 1}, Payload: payload},
					step:   uint32(codec.ClockRate / 50), left: b.N,
				}
				h := &hearing{clockRate: codec.ClockRate}
				b.ReportAllocs()
				b.ResetTimer()
				h.read(b.Context(), track, receiver)
			})
		}
	}
}
