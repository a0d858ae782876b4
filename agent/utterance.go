package agent

import (
	"context"
	"errors"
	"strings"
	"time"

	"parley/asr"
	"parley/audio"
)

// utterance is one stretch of the caller's speech with the pauses in it, from
// the first voice until it is answered or dismissed.
type utterance struct {
	start     int64 // first voiced sample on the caller's clock
	end       int64 // last voiced sample so far
	endWall   time.Time
	voice     time.Duration // how much of it is voice
	segment   int64         // where the ear's current stretch of voice began
	earlier   time.Duration // the voice before that stretch
	quiet     bool          // the caller has paused
	pressed   bool          // the caller's client has said that this is all
	prefix    string        // words of earlier parts of a very long utterance
	captioned time.Duration
	captions  bool // a partial recognition is under way
	draft     *draft
}

// draft is what is being prepared in a pause of the caller, in case it is the
// end of the turn. If the caller goes on, it is thrown away.
type draft struct {
	cancel   context.CancelCauseFunc
	ctx      context.Context
	end      int64 // the last voiced sample it rests on
	pcm      []int16
	deadline time.Time
	ready    bool // the recogniser has answered
	text     string
	language string
	err      error
	dismiss  bool // no words, or only a sign of listening
	verdict  verdict
	heardAt  time.Time
	turn     *turn // the answer, generated in advance
}

const (
	// lead is how much sound before the first voiced window goes to the recogniser:
	// a voice begins before the detector is sure of it.
	lead = 300 * audio.HearRate / 1000
	// tail is how much after the last voiced window.
	tail = 120 * audio.HearRate / 1000
	// settling is how long after a voice only a whole window over the threshold
	// counts as a new one.
	settling = 250 * audio.HearRate / 1000
	// longest is the speech after which words that are already recognised are kept
	// as text and not recognised again when the caller goes on.
	longest = 20 * time.Second
	// captionEvery is the new voice that is worth another partial transcript.
	captionEvery = 700 * time.Millisecond
	// dismissAfter is the silence after which a noise is forgotten while nobody
	// is speaking.
	dismissAfter = 300 * time.Millisecond
	// lingering is the voice in one stretch after which an interruption needs no
	// words to count: signs of listening are shorter.
	lingering = 700 * time.Millisecond
)

// lead is how much sound before the first voice goes to the recogniser, in samples.
func (c *Conversation) lead() int64 {
	if asked := c.opts.Tuning.Turns.Lead; asked > 0 {
		return int64(asked * audio.HearRate / time.Second)
	}
	return lead
}

// hearVoice takes the ear's judgement of one window.
func (c *Conversation) hearVoice(v voiced) {
	if v.peeked {
		// Just after a voice the detector is still half sure of it.
		if c.utterance == nil && v.start >= c.floor+settling {
			c.beginHold()
		}
		return
	}
	u := c.utterance
	if u == nil {
		if !v.speaking || v.silence > 0 || v.end <= c.floor {
			return
		}
		u = &utterance{start: max(v.start, c.floor), segment: v.start}
		c.utterance, c.nudges = u, 0
		c.ear.heed.Store(true)
		c.emit(0, SpeechStarted{})
		c.beginHold()
		if c.hold == nil {
			c.setState(Hearing)
		} else if c.hold.voice.IsZero() {
			c.hold.voice = v.endWall.Add(-samples(v.end - v.start))
			c.tellSilence()
		}
	}
	if v.start != u.segment { // a new stretch of voice after a pause
		u.segment, u.earlier = v.start, u.voice
	}
	u.end, u.endWall, u.voice = v.end, v.endWall, u.earlier+v.voice
	if v.silence == 0 {
		c.hearGoingOn(u)
		return
	}
	c.hearPause(u, v.silence)
}

// hearGoingOn is a window with voice in it.
func (c *Conversation) hearGoingOn(u *utterance) {
	if u.quiet {
		u.quiet = false
		c.emit(0, SpeechStarted{})
	}
	if d := u.draft; d != nil {
		if d.ready && d.err == nil && samples(d.end-u.start) > longest {
			u.prefix = d.text // which begins with the prefix there was
			u.start = d.end
			c.ear.rec.forget(d.end + tail/2) // within the pause, so that no end of a word is heard twice
		}
		c.dropDraft(u, errSuperseded)
	}
	if c.hold != nil && u.voice-u.earlier >= lingering {
		c.bargeIn()
	}
	if u.voice-u.captioned >= c.captionStep() && !u.captions {
		u.captioned = u.voice
		c.caption(u)
	}
}

// captionStep is how much voice is worth a look at the words: at a hold, enough
// to decide whether the caller means to interrupt.
func (c *Conversation) captionStep() time.Duration {
	if c.hold != nil {
		return c.opts.Tuning.Interrupt.After
	}
	return captionEvery
}

// hearPause is a window without voice.
func (c *Conversation) hearPause(u *utterance, silence time.Duration) {
	if !u.quiet && silence >= c.opts.Tuning.Turns.Recognise {
		u.quiet = true
		c.emit(0, SpeechStopped{})
	}
	if u.draft == nil && silence >= c.opts.Tuning.Turns.Recognise && u.voice >= c.opts.Tuning.MinVoice {
		c.startDraft(u)
	}
	c.decide(time.Now())
}

// startDraft begins to recognise what was said so far.
func (c *Conversation) startDraft(u *utterance) {
	ctx, cancel := context.WithCancelCause(c.ctx)
	d := &draft{
		ctx: ctx, cancel: cancel, end: u.end,
		pcm:      c.ear.rec.slice(u.start-c.lead(), u.end+tail),
		deadline: time.Now().Add(c.opts.Tuning.Limits.Recognition),
	}
	u.draft = d
	request := asr.Utterance{PCM: d.pcm, Language: c.language}
	c.start(func() {
		transcript, err := c.transcribe(ctx, request)
		c.postFinal(recognised{draft: d, text: transcript.Text, lang: transcript.Language, err: err})
	})
}

func (c *Conversation) transcribe(ctx context.Context, u asr.Utterance) (t asr.Transcript, err error) {
	defer c.survive("recogniser", &err)
	return c.opts.Engines.Recognizer.Transcribe(ctx, u)
}

// caption asks for the words so far, for the captions and for telling an
// interruption from a sign of listening.
func (c *Conversation) caption(u *utterance) {
	u.captions = true
	request := asr.Utterance{PCM: c.ear.rec.slice(u.start-c.lead(), u.end+tail), Language: c.language, Partial: true}
	ctx, cancel := context.WithTimeoutCause(c.ctx, c.opts.Tuning.Limits.Recognition, errRecognitionLate)
	c.start(func() {
		defer cancel()
		transcript, err := c.transcribe(ctx, request)
		c.postFinal(captioned{utterance: u, text: transcript.Text, err: err})
	})
}

// hearPartial takes the words of a caller who may still be speaking.
func (c *Conversation) hearPartial(m captioned) {
	m.utterance.captions = false
	if m.utterance != c.utterance || m.err != nil {
		return // no partial results from this engine, or none now
	}
	text := plausible(m.text)
	if text == "" {
		return
	}
	if c.hold != nil && m.utterance.voice >= c.opts.Tuning.Interrupt.After && c.interrupts(text, m.utterance.voice) {
		c.bargeIn()
	}
	if c.hold == nil {
		c.emit(0, PartialTranscript{joinText(m.utterance.prefix, text)})
	}
}

// hearWords takes what the recogniser made of the speech before a pause.
func (c *Conversation) hearWords(m recognised) {
	u, d := c.utterance, m.draft
	if u == nil || u.draft != d || d.ready {
		return // the caller went on, or it took too long
	}
	d.ready, d.heardAt, d.err = true, time.Now(), m.err
	d.text, d.language = joinText(u.prefix, plausible(m.text)), m.lang
	switch {
	case d.err != nil:
		c.log.Warn("recognition failed", "err", d.err)
		d.verdict = complete
		if c.hold != nil {
			d.dismiss = true // rather go on than apologise for a cough
		}
	case d.text == "" || ((c.hold != nil || c.mustWait()) && !c.interrupts(d.text, u.voice)):
		d.dismiss = true
	default:
		if c.hold != nil {
			c.bargeIn()
		}
		d.verdict = c.readVerdict(d.text)
		if d.verdict == unknown {
			c.askTurnModel(d)
		}
		if !c.opts.Tuning.Turns.Asked && !c.mustWait() && !c.aside {
			d.turn = c.prepare(d)
		}
	}
	c.decide(time.Now())
}

// askTurnModel has the sound judged when the words do not tell.
func (c *Conversation) askTurnModel(d *draft) {
	if c.opts.Engines.TurnModel == nil {
		return
	}
	c.start(func() {
		p, err := c.complete(d)
		c.postFinal(judged{draft: d, probability: p, err: err})
	})
}

func (c *Conversation) complete(d *draft) (probability float32, err error) {
	defer c.survive("end-of-turn model", &err)
	return c.opts.Engines.TurnModel.Complete(d.ctx, d.pcm)
}

// hearVerdict takes the end-of-turn model's word.
func (c *Conversation) hearVerdict(m judged) {
	u := c.utterance
	if u == nil || u.draft != m.draft {
		return
	}
	switch {
	case m.err != nil:
		if !errors.Is(m.err, context.Canceled) {
			c.log.Debug("the end-of-turn model gave no answer", "err", m.err)
		}
	case m.probability >= completeAt:
		m.draft.verdict = complete
	case m.probability <= incompleteAt && !readsWhole(m.draft.text):
		m.draft.verdict = incomplete
	}
	c.decide(time.Now())
}

// readVerdict judges by the words and by what they answer.
func (c *Conversation) readVerdict(text string) verdict {
	last := strings.TrimSpace(c.history.lastAssistant())
	if strings.HasSuffix(last, "?") && (c.opts.Phrases.Affirmation(c.language, text) || c.opts.Phrases.Negation(c.language, text)) {
		return complete // yes or no is all that was asked for
	}
	return readVerdict(text, c.asked())
}

// asked says whether the agent's last words asked for something that people
// give in pieces.
func (c *Conversation) asked() bool {
	return c.opts.Phrases.Dictation(c.language, c.history.lastAssistant())
}
