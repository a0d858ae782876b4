package webrtc

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"

	"parley/audio"
)

// scripted is a track that yields what it is told, then ends.
type scripted struct {
	steps []func(p []byte) (int, error)
}

func (s *scripted) Read(p []byte) (int, interceptor.Attributes, error) {
	if len(s.steps) == 0 {
		return 0, nil, io.EOF
	}
	step := s.steps[0]
	s.steps = s.steps[1:]
	n, err := step(p)
	return n, nil, err
}

func (s *scripted) packet(header rtp.Header, payload ...byte) {
	header.Version = 2
	s.steps = append(s.steps, func(p []byte) (int, error) {
		packet := rtp.Packet{Header: header, Payload: payload}
		return packet.MarshalTo(p)
	})
}

type collected []audio.Packet

func (c *collected) Push(p audio.Packet) {
	p.Payload = append([]byte(nil), p.Payload...)
	*c = append(*c, p)
}

// A new source, after a change of microphone, goes on where the old one was.
func TestReadJoinsSources(t *testing.T) {
	var track scripted
	track.packet(rtp.Header{SSRC: 1, SequenceNumber: 65535, Timestamp: 1<<32 - 160}, 1)
	track.packet(rtp.Header{SSRC: 1, SequenceNumber: 0, Timestamp: 0}, 2)
	track.packet(rtp.Header{SSRC: 7, SequenceNumber: 40000, Timestamp: 123456}, 3)
	track.packet(rtp.Header{SSRC: 7, SequenceNumber: 40001, Timestamp: 123616}, 4)
	var got collected
	h := &hearing{clockRate: 8000}
	h.read(t.Context(), &track, &got)
	if len(got) != 4 {
		t.Fatalf("%d packets came", len(got))
	}
	for i, packet := range got {
		if packet.Seq != uint16(65535+i) || packet.Payload[0] != byte(i+1) {
			t.Errorf("packet %d has number %d and payload %v", i, packet.Seq, packet.Payload)
		}
	}
	if ahead := got[2].Timestamp - got[1].Timestamp; ahead > 8000 {
		t.Errorf("the new source begins %d after the old", ahead)
	}
	if ahead := got[3].Timestamp - got[2].Timestamp; ahead != 160 {
		t.Errorf("the new source goes on by %d, want 160", ahead)
	}
}

func TestReadSkipsGarbage(t *testing.T) {
	raw := func(data ...byte) func([]byte) (int, error) {
		return func(p []byte) (int, error) { return copy(p, data), nil }
	}
	fail := func([]byte) (int, error) { return 0, errors.New("another payload type") }
	var track scripted
	track.packet(rtp.Header{SequenceNumber: 1}, 1)
	track.steps = append(track.steps,
		fail,
		raw(),
		raw(0x80),
		raw(make([]byte, 12)...), // version 0
		raw(0x8f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),                         // fifteen sources, none there
		raw(append([]byte{0xa0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0}, 200)...), // more padding than packet
		raw(append([]byte{0x90, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0}, 0xbe, 0xde, 0xff, 0xff)...),
	)
	track.packet(rtp.Header{SequenceNumber: 2}) // nothing in it
	track.packet(rtp.Header{SequenceNumber: 3}, 3)
	var got collected
	(&hearing{clockRate: 8000}).read(t.Context(), &track, &got)
	if len(got) != 2 || got[0].Payload[0] != 1 || got[1].Payload[0] != 3 {
		t.Errorf("got %v", got)
	}
	// Whoever sends nothing else is not listened to any more.
	track.steps = nil
	for range 2 * maxGarbage {
		track.steps = append(track.steps, fail)
	}
	(&hearing{clockRate: 8000}).read(t.Context(), &track, &got)
	if left := len(track.steps); left != maxGarbage {
		t.Errorf("%d of %d packets were left", left, 2*maxGarbage)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xff})
	f.Add([]byte{0xbf, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1500 {
			return
		}
		track := scripted{steps: []func([]byte) (int, error){func(p []byte) (int, error) { return copy(p, data), nil }}}
		var got collected
		(&hearing{clockRate: 48000}).read(t.Context(), &track, &got)
		if len(got) == 1 && len(got[0].Payload) > len(data)-12 {
			t.Errorf("%d bytes of payload out of %d", len(got[0].Payload), len(data))
		}
	})
}

func TestReports(t *testing.T) {
	var a arrivals
	if _, ok := a.report(); ok {
		t.Error("there is a report before there is a packet")
	}
	now := time.Now()
	arrive := func(seq, lateBy int) {
		header := rtp.Header{SSRC: 5, SequenceNumber: uint16(seq), Timestamp: uint32(seq * 160)}
		a.count(&header, now.Add(time.Duration(seq)*audio.Tick+time.Duration(lateBy)*time.Millisecond), 8000)
	}
	for seq := 65500; seq < 65600; seq++ { // over the turn of the numbers
		if seq%4 != 3 {
			arrive(seq, 0)
		}
	}
	report, _ := a.report()
	if report.SSRC != 5 || report.LastSequenceNumber != 65598 || report.FractionLost < 60 || report.FractionLost > 66 || report.TotalLost != 24 {
		t.Errorf("a quarter lost: %+v", report)
	}
	if report.Jitter != 0 {
		t.Errorf("jitter without jitter: %d", report.Jitter)
	}
	for seq := 65599; seq < 65799; seq++ {
		arrive(seq, seq%2*10)
	}
	arrive(65700, 500) // doubled
	report, _ = a.report()
	if report.FractionLost != 0 || report.TotalLost != 23 {
		t.Errorf("nothing lost since: %+v", report)
	}
	// 10 ms more and less in turn are 80 units of difference each time.
	if report.Jitter < 60 || report.Jitter > 350 {
		t.Errorf("jitter is %d", report.Jitter)
	}
	if got := ntp(time.Unix(0, 500_000_000)); got != 2208988800<<32|1<<31 {
		t.Errorf("half a second into 1970 is %x", got)
	}
}
