package agent

import (
	"strings"
	"time"
)

// hold is the time in which the agent has fallen silent because someone seems
// to speak, and it is not yet known whether they mean to interrupt.
type hold struct {
	since  time.Time
	voice  time.Time // when the caller's first voiced sound came in, once known
	silent time.Time // when the agent's last audible sample went out, once known
	told   bool
}

// duckFor is how long a jump in energy lowers the voice when no speech follows.
const duckFor = 160 * time.Millisecond

// duck lowers the voice at a sound that may be the beginning of speech. Only
// the detector silences it.
func (c *Conversation) duck() {
	if c.turn == nil || c.hold != nil || !c.turn.sounding || c.mustWait() {
		return
	}
	c.duckUntil = time.Now().Add(duckFor)
	c.playout.Duck(true)
}

func (c *Conversation) unduck() {
	if !c.duckUntil.IsZero() {
		c.duckUntil = time.Time{}
		c.playout.Duck(false)
	}
}

// beAlert tells the ear whether there is something to interrupt.
func (c *Conversation) beAlert(on bool) {
	if c.ear != nil {
		c.ear.alert.Store(on)
	}
}

// beginHold makes the agent fall silent at once, whatever comes of it. Nothing
// is thrown away: an answer that has not begun to sound waits as well.
func (c *Conversation) beginHold() {
	if c.turn == nil || c.hold != nil || c.mustWait() {
		return
	}
	c.hold = &hold{since: time.Now()}
	c.playout.Hold()
	c.unduck()
	c.emit(c.turn.id, Held{})
}

// mustWait says that the answer under way is said to its end, whatever the caller says
// meanwhile.
func (c *Conversation) mustWait() bool { return c.turn != nil && c.opts.Tuning.Turns.Uninterrupted }

// tellSilence says how long it took to fall silent, once both ends are known.
func (c *Conversation) tellSilence() {
	h := c.hold
	if h == nil || h.told || h.voice.IsZero() || h.silent.IsZero() {
		return
	}
	h.told = true
	if c.turn != nil {
		c.emit(c.turn.id, Silenced{After: max(h.silent.Sub(h.voice).Milliseconds(), 0)})
	}
}

// endHold goes on speaking from the start of the word that was cut.
func (c *Conversation) endHold() {
	if c.hold == nil {
		return
	}
	c.hold = nil
	c.playout.Resume()
	if c.turn != nil {
		c.turn.lastHeard = time.Now()
		c.emit(c.turn.id, Resumed{})
	}
}

// bargeIn is the decision that the caller means to interrupt: the answer ends
// where it was held.
func (c *Conversation) bargeIn() {
	if c.hold == nil {
		return
	}
	c.endTurn(errBargeIn)
	if c.utterance != nil {
		c.setState(Hearing)
	}
}

// resumeAt is when a hold that no speech followed ends; the zero time if it has
// to wait for what the caller is saying.
func (c *Conversation) resumeAt() time.Time {
	if c.hold == nil || c.utterance != nil {
		return time.Time{}
	}
	return c.hold.since.Add(c.opts.Tuning.Interrupt.ResumeAfter)
}

// enoughVoice is how much voice words must rest on to end an answer if they are
// none that people interrupt with. What is shorter is mostly a sign of listening,
// and recognisers make words of it: "Them." of a hum.
const enoughVoice = 450 * time.Millisecond

// interrupts says whether words, heard while the agent holds, end the answer.
func (c *Conversation) interrupts(text string, voice time.Duration) bool {
	switch {
	case c.isBackchannel(text):
		return false
	case voice >= enoughVoice || c.turn == nil || !c.turn.sounding:
		return true // before the answer sounds, a short word is the rest of the question
	default:
		return c.asksNow() || c.opts.Phrases.Interruption(c.language, text)
	}
}

// asksNow says whether the agent is at the end of a question: what is said now
// answers it.
func (c *Conversation) asksNow() bool {
	t := c.turn
	return t != nil && t.thought && t.playing == len(t.clauses)-1 && strings.HasSuffix(strings.TrimSpace(t.text.String()), "?")
}

// isBackchannel says whether the caller's words only show that they listen.
// After a question that is all but said, "ok" is an answer.
func (c *Conversation) isBackchannel(text string) bool {
	if !c.opts.Phrases.Backchannel(c.language, text) {
		return false
	}
	if c.turn == nil {
		return false
	}
	answers := c.opts.Phrases.Affirmation(c.language, text) || c.opts.Phrases.Negation(c.language, text)
	return !(answers && c.asksNow())
}

// idleAt is when a conversation ends that nobody uses; the zero time during a
// call or a turn.
func (c *Conversation) idleAt() time.Time {
	if c.hears || c.turn != nil {
		return time.Time{}
	}
	return c.used.Add(c.opts.Tuning.Limits.Idle)
}

// setAlarm sets the clock to the next moment at which something is due.
func (c *Conversation) setAlarm() {
	next := time.Time{}
	for _, at := range [...]time.Time{c.duckUntil, c.resumeAt(), c.decideAt(), c.turnDeadline(), c.idleAt(), c.nudgeAt()} {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if next.IsZero() {
		c.alarm.Stop()
		return
	}
	c.alarm.Reset(max(time.Until(next), 0))
}

// ring does what is due now.
func (c *Conversation) ring(now time.Time) {
	if !c.duckUntil.IsZero() && !now.Before(c.duckUntil) {
		c.unduck()
	}
	if at := c.resumeAt(); !at.IsZero() && !now.Before(at) {
		c.endHold()
		c.restState()
	}
	c.decide(now)
	if at := c.turnDeadline(); !at.IsZero() && !now.Before(at) {
		c.giveUp()
	}
	if at := c.nudgeAt(); !at.IsZero() && !now.Before(at) {
		c.nudge()
	}
	if at := c.idleAt(); !at.IsZero() && !now.Before(at) {
		c.stop(ErrIdle)
	}
}
