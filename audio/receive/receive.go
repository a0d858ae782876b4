// Package receive brings what a caller says from RTP packets to an
// [audio.Listener], on two ways at once.
//
// Hearing is for falling silent in time: every packet is decoded the moment it
// arrives, ahead of any jitter buffer, and heard. Recording is for understanding:
// the same packets are put in order by a jitter buffer, lost ones are concealed,
// and the sound is delivered while the listener wants it. As long as nobody
// speaks nothing is decoded for recording; the last 600 ms are kept as packets,
// and decoded when the listener changes its mind.
//
// Both ways share one clock: positions in samples at [audio.HearRate] since the
// call's first packet, taken from the RTP timestamps.
package receive

import (
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"parley/audio"
	"parley/audio/jitter"
)

const (
	// idle is how long nothing may arrive before time is made to go on without
	// packets: three of them. On a stream with jitter it is longer by the jitter
	// buffer's delay.
	idle = 60 * time.Millisecond
	// margin is how far behind the expected packets invented silence stays, besides
	// the length of a packet, so that one that comes a little late still fits.
	margin = 20 * time.Millisecond
	// recordBehind is the same for the recording, which has time and so invents
	// silence only when the jitter buffer would call a packet that comes now a
	// stall (it moves the clock after 400 ms).
	recordBehind = 400 * time.Millisecond
	// maxFill bounds the silence made up at once. Over a longer gap, which needs
	// a Tick that did not come for so long, positions jump.
	maxFill = 10 * audio.HearRate
	// maxConceal is how long lost sound is guessed; what is lost beyond it becomes
	// silence. Loss concealment fades out by then anyway.
	maxConceal = audio.HearRate * 120 / 1000
	// maxHearConceal is the same for hearing: a hole that is longer is real.
	maxHearConceal = audio.HearRate * 60 / 1000
	// maxPacket is the longest packet, 120 ms of Opus.
	maxPacket = audio.HearRate * 120 / 1000

	// retryAfter is how soon a decoder for recording that could not be made is
	// tried again.
	retryAfter = 100 * time.Millisecond

	never = math.MinInt64
)

// Options sets up a Receiver. The zero value is good.
type Options struct {
	// PreRoll is how much sound from before the listener wanted it is recorded,
	// 600 ms if zero.
	PreRoll time.Duration
	// Jitter sets up the jitter buffer.
	Jitter jitter.Options
	// Log is told if decoders for recording cannot be made; nothing if nil.
	Log *slog.Logger
}

// Stats counts what has happened so far. Lengths are in samples at
// audio.HearRate.
type Stats struct {
	// Jitter is what the jitter buffer has counted.
	Jitter jitter.Stats
	// Heard is the sound heard, Invented the silence heard in its place when
	// nothing came, Overtaken what came too late to be heard.
	Heard, Invented, Overtaken int64
	// Recorded is all that was recorded, the silence and what was concealed
	// included.
	Recorded, Silence, Concealed int64
	// Garbage counts payloads that the hearing decoder refused; GarbageRecorded
	// those that the recording decoder refused.
	Garbage, GarbageRecorded int64
	// Failures counts decoders for recording that could not be made.
	Failures int64
}

// Receiver is one caller's way in. Its methods may be called by several
// goroutines at once: the reader's Push and the sender's Tick. The listener and
// the decoders are called under the Receiver's lock, by one goroutine at a time,
// and the listener must not call back. In steady state nothing is allocated.
type Receiver struct {
	codec    audio.Codec
	listener audio.Listener
	log      *slog.Logger

	mu     sync.Mutex
	closed bool
	stats  Stats
	buffer *jitter.Buffer
	pcm    []int16
	zeros  [audio.HearTick]int16

	// Hearing.
	hearing  audio.Decoder
	heardEnd int64     // position after all that was heard
	lastEnd  int64     // position after the newest packet that was decoded …
	lastAt   time.Time // … and when it came; zero before the first
	fresh    []int16   // what it became
	freshAt  int64     // its position, never when it may not be recorded as it is
	unsure   int       // packets until the decoder has got over a loss

	// Recording.
	recording audio.Decoder
	passed    passed // packets that were recorded as they had been heard
	live      bool   // items are recorded as they come, ring is empty
	until     int64  // items that start before it are wanted
	roused    bool   // until has been raised, and nothing been done about it
	retryAt   time.Time
	ring      ring
	recEnd    int64 // position after all that was recorded
	guessed   int64 // concealed since the last packet
}

// New makes a Receiver of one codec for one listener. It fails if the codec's
// hearing decoder cannot be made.
func New(codec audio.Codec, l audio.Listener, opts Options) (*Receiver, error) {
	if codec.ClockRate <= 0 {
		return nil, fmt.Errorf("receiving %s: a clock rate of %d Hz", codec.Name, codec.ClockRate)
	}
	hearing, err := codec.NewHearing()
	if err != nil {
		return nil, fmt.Errorf("making a %s decoder: %w", codec.Name, err)
	}
	preRoll := opts.PreRoll
	if preRoll <= 0 {
		preRoll = 600 * time.Millisecond
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Receiver{
		codec: codec, listener: l, log: opts.Log,
		buffer:  jitter.New(codec.ClockRate, opts.Jitter),
		pcm:     make([]int16, 0, 2*maxPacket),
		fresh:   make([]int16, 0, 2*maxPacket),
		freshAt: never,
		hearing: hearing,
		until:   never,
		ring:    newRing(samples(preRoll)),
	}, nil
}

// Push takes a packet that has just arrived. The payload is copied: its memory
// may be used again when Push returns. Of an unbroken stream that the listener
// wants recorded, the packet has been both heard and recorded by then; only a
// gap before it makes recording wait, for the jitter buffer's delay at most.
func (r *Receiver) Push(p audio.Packet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.freshAt = never
	if placed := r.buffer.Push(p); placed.Newest && len(p.Payload) > 0 {
		r.hear(p, r.position(placed.Timestamp), placed.Missing)
	}
	r.drain(p.Arrival)
	r.freshAt = never // its time is over
}

// Tick lets time go on: gaps are given up when they have been waited for, and
// when nothing has come for 60 ms silence is heard, and recorded if wanted, at
// the pace of the clock. Call it about every 20 ms.
func (r *Receiver) Tick(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.lastAt.IsZero() {
		return
	}
	r.drain(now)
	since := now.Sub(r.lastAt)
	wait := max(0, r.buffer.Delay()-20*time.Millisecond) // what the stream's jitter adds to a calm one's
	if since > idle+wait {
		behind := r.span() + samples(margin+wait)
		if r.hearSilence(r.lastEnd + samples(since) - behind) {
			r.drain(now) // the silence has woken the listener
		}
	}
	if r.live && r.buffer.Waiting() == 0 && since > recordBehind {
		r.recordSilence(min(r.lastEnd+samples(since-recordBehind)-r.span(), r.until))
		r.settle()
	}
}

// Close frees the decoders. What is pushed later is dropped.
func (r *Receiver) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	err := r.hearing.Close()
	if r.recording != nil {
		if e := r.recording.Close(); err == nil {
			err = e
		}
	}
	if err != nil {
		return fmt.Errorf("closing a %s decoder: %w", r.codec.Name, err)
	}
	return nil
}

// Stats tells what has happened so far.
func (r *Receiver) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Jitter = r.buffer.Stats()
	return s
}

// position turns a place on the RTP clock into samples at audio.HearRate,
// rounding down.
func (r *Receiver) position(timestamp int64) int64 {
	scaled, rate := timestamp*audio.HearRate, int64(r.codec.ClockRate)
	if scaled < 0 {
		return -((-scaled + rate - 1) / rate)
	}
	return scaled / rate
}

// span is the usual length of a packet.
func (r *Receiver) span() int64 { return max(1, r.position(r.buffer.Span())) }

// samples is how many of them there are in d, up to a day.
func samples(d time.Duration) int64 {
	const day = 24 * time.Hour
	return min(max(d, -day), day).Microseconds() * audio.HearRate / 1e6
}
