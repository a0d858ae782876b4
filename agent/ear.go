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
	tuned    float32 // the threshold in use; 0 is that of the config
	config   vad.SegmentConfig
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
	// sensitivity is the threshold that is wanted for speech, as the bits of a float32;
	// 0 is that of the segments' config.
	sensitivity atomic.Uint32

	pending  []int16               // less than a window, not yet judged
	at       int64                 // position of pending[0]
	latest   [2 * vad.Window]int16 // the newest samples, for a look ahead
	window   [vad.Window]float32
	quiet    int     // windows of digital silence in a row
	loudest  float64 // level of the loudest packet of the stretch of voice, dBFS
	loudEnd  int64   // the sample after the last packet that was nearly as loud
	speaking bool    // by the segments
}

func newEar(d vad.Detector, t Tuning, post func(message), now func() time.Time) *ear {
	return &ear{
		detector: d,
		segments: vad.NewSegmenter(t.Speech),
		holdAt:   t.HoldAt,
		config:   t.Speech,
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
	if wanted := math.Float32frombits(e.sensitivity.Load()); wanted != e.tuned && !e.speaking {
		e.tuned = wanted
		e.segments = vad.NewSegmenter(e.thresholds())
	}
	if len(e.pending) == 0 || at != e.at+int64(len(e.pending)) {
		e.pending, e.at = e.pending[:0], at // the first, or sound after a hole
	}
	alert := e.alert.Load()
	if jumped := e.onset.Push(pcm); jumped && alert && !e.speaking {
		e.post(onset{})
	}
	e.gauge(pcm, at)
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

// hysteresis is how far below the threshold that starts speech the one lies that ends
// it, as with the defaults.
const hysteresis = 0.15

// thresholds are those of the config, or around the one that was asked for.
func (e *ear) thresholds() vad.SegmentConfig {
	c := e.config
	if e.tuned > 0 {
		c.Start, c.Stop = e.tuned, max(e.tuned-hysteresis, hysteresis/3)
	}
	return c
}

// holds is the probability at which the agent falls silent: that of the tuning, or
// less where speech itself is to start at less.
func (e *ear) holds() float32 {
	if e.tuned > 0 {
		return min(e.holdAt, e.tuned)
	}
	return e.holdAt
}

const (
	// loudRange is how far below the loudest sound of a voice its ends may be, in
	// dB; what is quieter is the room. The measuring client draws the same line.
	loudRange = 30
	// lagging is the longest that the detector is taken to lag behind the end of a
	// voice: it looks back, and so stays sure for some windows more.
	lagging = 100 * audio.HearRate / 1000
)

// gauge follows how loud the voice is, and when it last was.
func (e *ear) gauge(pcm []int16, at int64) {
	level := vad.Energy(pcm)
	if !e.speaking && at-e.loudEnd > audio.HearRate/2 {
		e.loudest = level
	}
	e.loudest = max(e.loudest, level)
	if level > e.loudest-loudRange {
		e.loudEnd = at + int64(len(pcm))
	}
}

// voiceEnd is where the voice ended that the detector believes to have ended at
// end. Its loudness ends earlier than the detector's belief in it, and every
// turn would be as much later. In noise as loud as the voice they are the same.
func (e *ear) voiceEnd(end int64) int64 {
	return min(end, max(e.loudEnd, end-lagging))
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
	if !u.Speaking && probability >= e.holds() && e.alert.Load() {
		e.post(voiced{peeked: true, start: e.at, end: e.at + vad.Window})
	}
	if !u.Speaking && !u.Stopped && (u.VoiceEnd == 0 || u.Silence > heedFor) {
		return
	}
	v := voiced{speaking: u.Speaking, voice: u.Voiced, start: u.VoiceStart, end: u.VoiceEnd, endWall: e.now()}
	if u.Silence > 0 {
		voiceEnd := e.voiceEnd(u.VoiceEnd)
		v.silence = samples(end - voiceEnd)
		// What has come beyond this window is newer than its end.
		v.endWall = v.endWall.Add(-samples(e.at + int64(len(e.pending)) - voiceEnd))
	}
	e.post(v)
}

// peek judges the newest samples out of turn. It says only that a voice may
// have begun; the whole windows say what became of it.
func (e *ear) peek(end int64) {
	newest := e.latest[len(e.latest)-vad.Window:]
	if vad.Energy(newest) < deaf {
		return
	}
	if e.detector.Peek(e.floats(newest)) >= e.holds() {
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
