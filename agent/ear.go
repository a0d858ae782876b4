package agent

import (
	"math"
	"sync/atomic"
	"time"

	"parley/audio"
	"parley/vad"
)

const (
	// heedFor is how long after a voice the ear goes on telling of silence.
	heedFor = 3 * time.Second
	// deaf is the level in dBFS under which there is nothing to judge: digital
	// silence and the noise floor of a good microphone with nobody near.
	deaf = -75
	// settle is how many windows of such silence the detector still sees, so that
	// its state comes to rest, before it is spared the work.
	settle = 8
)

// ear turns what arrives into judgements about the caller's voice. Hear and
// Record run on the room's goroutine; the conversation's goroutine only sets
// the flags.
type ear struct {
	detector vad.Detector
	segments *vad.Segmenter
	onset    vad.Onset
	holdAt   float32
	post     func(message)
	now      func() time.Time
	rec      recording

	// alert says that the agent has the floor: judge ahead of whole windows, and
	// tell of what may be a voice.
	alert atomic.Bool
	// heed says that the conversation still needs the caller's sound recorded.
	heed atomic.Bool
	// restart says that a new call begins, with a clock of its own.
	restart atomic.Bool

	pending  []int16               // less than a window, not yet judged
	at       int64                 // position of pending[0]
	latest   [2 * vad.Window]int16 // the newest samples, for a look ahead
	window   [vad.Window]float32
	quiet    int  // windows of digital silence in a row
	speaking bool // by the segments
}

func newEar(d vad.Detector, t Tuning, post func(message), now func() time.Time) *ear {
	return &ear{
		detector: d,
		segments: vad.NewSegmenter(t.Speech),
		holdAt:   t.HoldAt,
		post:     post,
		now:      now,
		pending:  make([]int16, 0, vad.Window+audio.HearRate/10),
	}
}

// hear judges the sound and says whether it should be recorded.
func (e *ear) hear(pcm []int16, at int64) bool {
	if e.restart.CompareAndSwap(true, false) {
		e.segments.Reset()
		e.detector.Reset()
		e.onset.Reset()
		e.rec.forget(math.MaxInt64)
		e.pending, e.speaking, e.quiet = e.pending[:0], false, 0
	}
	if len(e.pending) == 0 || at != e.at+int64(len(e.pending)) {
		e.pending, e.at = e.pending[:0], at // the first, or sound after a hole
	}
	alert := e.alert.Load()
	if jumped := e.onset.Push(pcm); jumped && alert && !e.speaking {
		e.post(onset{})
	}
	e.remember(pcm)
	e.pending = append(e.pending, pcm...)
	judged := false
	for len(e.pending) >= vad.Window {
		e.judge(e.pending[:vad.Window])
		rest := copy(e.pending, e.pending[vad.Window:])
		e.pending = e.pending[:rest]
		e.at += vad.Window
		judged = true
	}
	// Falling silent is what may not wait: while the agent is heard, the newest
	// samples are judged with every packet, before they make a whole window.
	if alert && !judged && !e.speaking {
		e.peek(e.at + int64(len(e.pending)))
	}
	return e.speaking || e.heed.Load()
}

// remember keeps the newest samples, oldest first.
func (e *ear) remember(pcm []int16) {
	if n := len(e.latest); len(pcm) >= n {
		copy(e.latest[:], pcm[len(pcm)-n:])
		return
	}
	copy(e.latest[:], e.latest[len(pcm):])
	copy(e.latest[len(e.latest)-len(pcm):], pcm)
}

// judge takes a whole window through the detector and tells what came of it.
func (e *ear) judge(window []int16) {
	probability := float32(0)
	if vad.Energy(window) < deaf {
		e.quiet++
	} else {
		e.quiet = 0
	}
	if e.quiet <= settle {
		probability = e.detector.Probability(e.floats(window))
	}
	end := e.at + int64(len(window))
	u := e.segments.Push(probability, e.at)
	e.speaking = u.Speaking
	if !u.Speaking && probability >= e.holdAt && e.alert.Load() {
		e.post(voiced{peeked: true, start: e.at, end: e.at + vad.Window})
	}
	if !u.Speaking && !u.Stopped && (u.VoiceEnd == 0 || u.Silence > heedFor) {
		return
	}
	now := e.now()
	e.post(voiced{
		speaking: u.Speaking,
		voice:    u.Voiced,
		silence:  u.Silence,
		start:    u.VoiceStart,
		end:      u.VoiceEnd,
		endWall:  now.Add(-samples(end - u.VoiceEnd)),
		mean:     u.Mean,
	})
}

// peek judges the newest samples out of turn. It says only that a voice may
// have begun; the whole windows say what became of it.
func (e *ear) peek(end int64) {
	newest := e.latest[len(e.latest)-vad.Window:]
	if vad.Energy(newest) < deaf {
		return
	}
	if e.detector.Peek(e.floats(newest)) >= e.holdAt {
		e.post(voiced{peeked: true, start: end - vad.Window, end: end})
	}
}

func (e *ear) floats(pcm []int16) []float32 {
	for i, s := range pcm {
		e.window[i] = float32(s) / 32768
	}
	return e.window[:len(pcm)]
}

// samples is the length of n samples at audio.HearRate.
func samples(n int64) time.Duration {
	return time.Duration(n) * time.Second / audio.HearRate
}
