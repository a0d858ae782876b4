package vad

import "time"

// HoldAt is the probability, of a window or of a peek, with which it is right to
// fall silent while it is not yet certain that someone speaks. measure_test.go
// measures it: half the voices reach it within 40 ms of their first sound, packet
// included, and those that begin with a hiss or far from the microphone within 200.
// Of ringing phones, engines, coughs, claps, horns and typing none does; a knock on
// the table and a barking dog do.
const HoldAt = 0.3

// SegmentConfig says how a [Segmenter] cuts speech into segments. The zero value
// means the defaults below, which measure_test.go measures.
type SegmentConfig struct {
	// Start is the probability with which a window starts a segment: 0.5 when 0.
	Start float32
	// Stop is the probability below which a window inside a segment counts as
	// silence: 0.35 when 0, never above Start.
	Stop float32
	// MinSpeech is how much voice makes a segment; less is never reported. When 0
	// the first window over Start is enough.
	MinSpeech time.Duration
	// MinSilence is how much silence ends a segment: 200 ms when 0. Silence inside
	// words (the closures of p, t, k) is shorter. It has nothing to do with the end
	// of a turn: who decides on that looks at Update.Silence, which goes on counting.
	MinSilence time.Duration
}

const (
	defaultStart      = 0.5
	defaultStop       = 0.35
	defaultMinSilence = 200 * time.Millisecond
)

// Update is what a [Segmenter] knows after a window. Everything but the first
// three fields is about the current segment or, between segments, about the last
// one; before the first segment it is zero. Positions are in samples on the clock
// of the caller of Push.
type Update struct {
	// Speaking says that a segment is under way, short silences included.
	Speaking bool
	// Started and Stopped say that a segment started or ended with this window.
	// Both are set when one ended in a gap before the window and another started
	// with it.
	Started, Stopped bool

	// Voiced is how much of the segment was voice, silence inside not counted.
	Voiced time.Duration
	// Silence is how long there has been no voice: from VoiceEnd to the end of the
	// window.
	Silence time.Duration
	// VoiceStart and VoiceEnd are the first sample of the segment and the one
	// after its last voiced sample so far.
	VoiceStart, VoiceEnd int64
	// Peak and Mean are of the probabilities of its voiced windows.
	Peak, Mean float32
}

// Segmenter turns the probabilities of windows into segments of speech. It
// computes and nothing else: no time, no goroutines, no allocation. It belongs
// to one goroutine.
type Segmenter struct {
	start, stop           float32
	minSpeech, minSilence int64 // samples

	speaking bool
	any      bool    // segment holds one that was reported
	segment  segment // the current one, or the last one
	maybe    segment // voice that is not yet MinSpeech long
	heard    int64   // the sample after the last window
	begun    bool    // heard means something
}

// segment is a run of voice with short silences inside; voiced is in samples.
type segment struct {
	start, end, voiced int64
	peak, sum          float32
	windows            int
}

// NewSegmenter returns a Segmenter that has heard nothing.
func NewSegmenter(c SegmentConfig) *Segmenter {
	if c.Start <= 0 {
		c.Start = defaultStart
	}
	if c.Stop <= 0 {
		c.Stop = defaultStop
	}
	if c.MinSilence <= 0 {
		c.MinSilence = defaultMinSilence
	}
	return &Segmenter{
		start:      c.Start,
		stop:       min(c.Stop, c.Start),
		minSpeech:  int64(max(c.MinSpeech, 0) * Rate / time.Second),
		minSilence: int64(c.MinSilence * Rate / time.Second),
	}
}

// Reset forgets all that came before.
func (s *Segmenter) Reset() {
	*s = Segmenter{start: s.start, stop: s.stop, minSpeech: s.minSpeech, minSilence: s.minSilence}
}

// Push takes the probability that the [Window] samples from at on are speech.
// Windows come in order. What lies between two windows is silence (nothing
// arrived), and what two windows share counts once, so that the probabilities of
// peeked windows may be pushed too. A window that brings nothing new is ignored.
func (s *Segmenter) Push(prob float32, at int64) Update {
	from, to := at, at+Window
	if s.begun {
		from = max(from, s.heard)
	}
	var u Update
	if from < to {
		s.begun, s.heard = true, to
		s.advance(&u, prob, from, to)
	}
	u.Speaking = s.speaking
	if s.any {
		g := &s.segment
		u.Voiced, u.Silence = span(g.voiced), span(s.heard-g.end)
		u.VoiceStart, u.VoiceEnd = g.start, g.end
		u.Peak, u.Mean = g.peak, g.sum/float32(g.windows)
	}
	return u
}

// advance takes the samples from from to before to, all of one probability.
func (s *Segmenter) advance(u *Update, prob float32, from, to int64) {
	if s.speaking {
		ended := from-s.segment.end >= s.minSilence // in a gap
		if !ended && prob >= s.stop {
			s.segment.add(prob, from, to)
			return
		}
		if to-s.segment.end < s.minSilence {
			return
		}
		s.speaking, u.Stopped = false, true
		if !ended {
			return
		}
	}
	if from-s.maybe.end >= s.minSilence {
		s.maybe = segment{}
	}
	switch {
	case s.maybe.windows > 0 && prob >= s.stop:
		s.maybe.add(prob, from, to)
	case s.maybe.windows == 0 && prob >= s.start:
		s.maybe.start = from
		s.maybe.add(prob, from, to)
	}
	if s.maybe.windows > 0 && s.maybe.voiced >= s.minSpeech {
		s.segment, s.maybe = s.maybe, segment{}
		s.any, s.speaking, u.Started = true, true, true
	}
}

func (g *segment) add(prob float32, from, to int64) {
	g.end = to
	g.voiced += to - from
	g.peak = max(g.peak, prob)
	g.sum += prob
	g.windows++
}

// span is how long n samples last, for any n.
func span(n int64) time.Duration {
	return time.Duration(n/Rate)*time.Second + time.Duration(n%Rate)*time.Second/Rate
}
