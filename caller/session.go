package caller

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"parley/audio"
	"parley/audio/pace"
)

// outcome is what one call came to.
type outcome struct {
	err      error
	turns    []Turn
	tooShort int
	// firstPacket is the time from the offer to the first packet, 0 if none came.
	firstPacket time.Duration
	// present is the time from the caller's joining a room to the agent's track there.
	present time.Duration
	gaps    []time.Duration
	packets int
	lost    int
}

var errAgentHungUp = errors.New("the agent ended the call")

// session is one call.
type session struct {
	options *Options
	number  int
	talk    *conversation

	end     context.CancelCauseFunc
	offered time.Time
	reading sync.WaitGroup // the goroutines that listen to the agent

	mu     sync.Mutex // guards what the reading goroutine writes
	joined time.Time  // a room
	result outcome
}

// link is the way to an agent.
type link struct {
	out    interface{ WriteRTP(*rtp.Packet) error }
	pauses bool // the far end prefers not to be sent silence
	hangup func(context.Context) error
	close  func() // ends the tracks that are read
}

// runSession makes one call from beginning to end.
func runSession(ctx context.Context, options *Options, api *pion.API, number int) outcome {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	s := &session{
		options: options, number: number, end: end,
		talk: newConversation(options, number),
	}
	err := s.run(ctx, api)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.turns, s.result.tooShort = s.talk.result()
	s.result.err = err
	return s.result
}

func (s *session) run(ctx context.Context, api *pion.API) error {
	defer s.reading.Wait()
	open := func(ctx context.Context) (link, error) { return s.dial(ctx, api) }
	if s.options.Shape == LiveKit {
		open = s.joinRoom
	}
	way, err := open(ctx)
	if err != nil {
		return err
	}
	defer way.close()
	s.options.Progress(s.number, "connected")
	err = s.converse(ctx, way)
	if failed := way.hangup(ctx); failed != nil {
		// What was measured stands; closing the connection ends the call as well.
		s.options.Progress(s.number, failed.Error())
	}
	return err
}

// converse sends until the conversation is over.
func (s *session) converse(ctx context.Context, way link) error {
	talking, done := context.WithCancel(ctx)
	defer done()
	codec := s.options.Codec
	step := uint32(time.Duration(codec.ClockRate) * audio.Tick / time.Second)
	first := rand.Uint32()
	packet := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(rand.Uint32())}}
	silence := audio.NewSuppressor(codec, way.pauses)
	speaking := false
	pace.Run(talking, func(now time.Time, n int64) {
		payload, more := s.talk.tick(now)
		if !more {
			done()
			return
		}
		packet.Marker = payload != nil && !speaking
		speaking = payload != nil
		if speaking {
			silence.Sound()
		} else if payload = silence.Silence(); payload == nil {
			return
		}
		packet.Payload = payload
		packet.SequenceNumber++
		packet.Timestamp = first + uint32(n)*step
		_ = way.out.WriteRTP(packet)
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// read listens to the agent until its track ends.
func (s *session) read(track *pion.TrackRemote) {
	codec := s.options.Codec
	hearing, err := newHearing(codec)
	if err != nil {
		s.end(fmt.Errorf("making a %s decoder: %w", codec.Name, err))
		return
	}
	defer hearing.close()
	tape := tape{clockRate: uint32(codec.ClockRate)}
	if s.number == 0 {
		tape.write = s.options.Record
	}
	var arrivals arrivals
	var packet rtp.Packet
	buffer := make([]byte, 1500)
	for {
		n, _, err := track.Read(buffer)
		now := time.Now()
		if err != nil {
			return
		}
		if packet.Unmarshal(buffer[:n]) != nil || len(packet.Payload) == 0 {
			continue
		}
		pcm, audible := hearing.hear(packet.Payload, tape.write != nil)
		s.talk.heard(now, audible)
		tape.put(packet.Timestamp, pcm)
		s.mu.Lock()
		if s.result.firstPacket == 0 {
			s.result.firstPacket = now.Sub(s.offered)
		}
		s.result.packets++
		arrivals.note(&packet.Header, now, codec.ClockRate, &s.result)
		s.mu.Unlock()
	}
}

// arrivals measures the gaps between packets.
type arrivals struct {
	any       bool
	seq       uint16
	timestamp uint32
	at        time.Time
}

// note adds the time since the packet before to the gaps if both were sent one
// right after the other, which their timestamps tell: a pause of silence
// suppression is no gap.
func (a *arrivals) note(header *rtp.Header, now time.Time, clockRate int, result *outcome) {
	if a.any {
		ahead := int16(header.SequenceNumber - a.seq)
		if ahead <= 0 {
			return // doubled or overtaken
		}
		result.lost += int(ahead) - 1
		if ahead == 1 && header.Timestamp-a.timestamp <= uint32(clockRate/1000*60) {
			result.gaps = append(result.gaps, now.Sub(a.at))
		}
	}
	a.any, a.seq, a.timestamp, a.at = true, header.SequenceNumber, header.Timestamp, now
}
