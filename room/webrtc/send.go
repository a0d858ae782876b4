package webrtc

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"parley/audio"
	"parley/audio/pace"
	"parley/room"
)

const (
	// maxPacket is the longest packet an encoder makes.
	maxPacket = 1500
	// ahead is how many ticks an encoder is told of before their time.
	ahead = 5
)

// rtpWriter and rtcpWriter are what is used of pion's track and connection.
type (
	rtpWriter  interface{ WriteRTP(*rtp.Packet) error }
	rtcpWriter interface{ WriteRTCP([]rtcp.Packet) error }
	ticker     interface{ Tick(now time.Time) }
)

// sender is the sending side of a call; it belongs to the goroutine in run.
type sender struct {
	guest    room.Guest
	codec    audio.Codec
	out      rtpWriter
	control  rtcpWriter
	receiver ticker
	heard    *hearing

	// encoder is nil until one has come through encoders. Till then there is
	// silence, and the guest is not asked: what it says must not be lost.
	encoder  audio.Encoder
	encoders <-chan audio.Encoder

	packet  rtp.Packet
	payload []byte
	pcm     [audio.SpeakTick]int16

	// foreseeing is the guest, and coming what it is about to say, if it can tell.
	foreseeing room.Foreseeing
	coming     [ahead * audio.SpeakTick]int16

	step     uint32 // RTP clock units in a tick
	first    uint32 // timestamp of tick 0
	speaking bool   // the last tick had something to say
	tail     int    // ticks of encoded silence still to send
	silence  audio.Suppressor

	reports reporter
}

func newSender(guest room.Guest, codec audio.Codec, out rtpWriter, receiver ticker, control rtcpWriter) *sender {
	s := &sender{
		guest: guest, codec: codec, silence: audio.NewSuppressor(codec, false), out: out, control: control, receiver: receiver,
		heard:   &hearing{clockRate: codec.ClockRate},
		payload: make([]byte, 0, maxPacket),
		step:    uint32(time.Duration(codec.ClockRate) * audio.Tick / time.Second),
		// RFC 3550, 5.1: both begin anywhere.
		first: rand.Uint32(),
	}
	s.foreseeing, _ = guest.(room.Foreseeing)
	s.packet.Header = rtp.Header{Version: 2, SequenceNumber: uint16(rand.Uint32())}
	return s
}

// openEncoder delivers an encoder as soon as there can be one: Opus may still be
// compiling when the first call comes.
func openEncoder(ctx context.Context, codec audio.Codec, to chan<- audio.Encoder, log *slog.Logger) {
	const retry = 200 * time.Millisecond
	for warned := false; ; {
		encoder, err := codec.NewEncoder()
		if err == nil {
			to <- encoder // it has room for the one there is
			return
		}
		if !warned {
			warned = true
			log.Warn("a call waits for its encoder", "codec", codec.Name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(retry):
		}
	}
}

// run sends a packet every 20 ms until ctx ends, and closes the encoder. It returns
// how many packets were not sent because this machine could not keep up.
func (s *sender) run(ctx context.Context) int64 {
	skipped := pace.Run(ctx, s.tick)
	if s.encoder != nil {
		// An encoder that cannot be closed cannot be helped either.
		_ = s.encoder.Close()
	}
	return skipped
}

// tick sends what belongs into the n-th 20 ms. It does not allocate.
func (s *sender) tick(now time.Time, n int64) {
	s.receiver.Tick(now)
	voiced := s.fill()
	s.packet.Header.Marker = voiced && !s.speaking
	s.speaking = voiced
	s.packet.Header.Timestamp = s.first + uint32(n)*s.step
	if s.packet.Payload != nil {
		s.packet.Header.SequenceNumber++
		// A packet that cannot be sent is lost like any other; that the connection is
		// gone, ICE will say.
		_ = s.out.WriteRTP(&s.packet)
		s.reports.sent.count(len(s.packet.Payload))
	}
	if s.reports.due(now) {
		_ = s.control.WriteRTCP(s.reports.compose(now, s.packet.Header.Timestamp, &s.heard.arrivals))
	}
}

// fill puts the next payload into the packet, nil if none is to be sent, and says
// whether it is speech.
func (s *sender) fill() bool {
	if s.encoder == nil {
		select {
		case s.encoder = <-s.encoders:
		default:
			s.packet.Payload = s.silence.Silence()
			return false
		}
	}
	voiced := s.guest.Next(s.pcm[:])
	switch {
	case voiced:
		s.tail = s.codec.Tail
	case s.tail > 0:
		s.tail--
		clear(s.pcm[:])
	default:
		s.packet.Payload = s.silence.Silence()
		return false
	}
	s.silence.Sound()
	payload, err := s.encoder.Encode(s.payload[:0], s.pcm[:])
	if err != nil {
		s.packet.Payload = s.codec.Silence
		return voiced
	}
	s.payload, s.packet.Payload = payload, payload
	if voiced {
		s.expect()
	}
	return voiced
}

// expect lets the encoder prepare what the guest is about to say.
func (s *sender) expect() {
	encoder, ok := s.encoder.(audio.AheadEncoder)
	if !ok || s.foreseeing == nil || encoder.Ahead() > 0 {
		return
	}
	if n := s.foreseeing.Preview(s.coming[:]); n > 0 {
		// What cannot be prepared will be made in its time, or fail then.
		_ = encoder.Expect(s.coming[:n])
	}
}
