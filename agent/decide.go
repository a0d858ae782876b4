package agent

import (
	"errors"
	"time"
)

// decide ends the caller's turn, or forgets a noise, when the silence has
// lasted long enough for it.
func (c *Conversation) decide(now time.Time) {
	u := c.utterance
	if u == nil || !u.quiet {
		return
	}
	silence := now.Sub(u.endWall)
	d := u.draft
	if c.putsOff(d) {
		return // the end of the answer will ask again
	}
	if d == nil { // not enough voice for words
		if c.hold != nil && silence >= c.opts.Tuning.Interrupt.ResumeAfter || c.hold == nil && silence >= dismissAfter {
			c.dismiss()
		}
		return
	}
	if !d.ready {
		if !now.Before(d.deadline) {
			c.hearWords(recognised{draft: d, err: errRecognitionLate})
		}
		return
	}
	if silence < c.waitFor(d) {
		return
	}
	switch {
	case d.dismiss:
		c.dismiss()
	case c.aside:
		c.noteUtterance(u)
	case d.err != nil:
		c.finishUtterance(u)
		c.apologise("recognition", d.err)
	case d.turn == nil && c.opts.Tuning.Turns.Asked: // nobody has asked for an answer
		c.finishUtterance(u)
		c.emit(0, Understood{Text: d.text, Language: c.languageOf(d.text, d.language)})
		c.restState()
	default:
		if d.turn == nil { // the answer before it had to be said to its end
			d.turn = c.prepare(d)
		}
		c.finishUtterance(u)
		c.commit(d.turn)
	}
}

// putsOff says that what the caller has said is answered only when the answer under way
// has been said to its end.
func (c *Conversation) putsOff(d *draft) bool {
	return c.mustWait() && d != nil && d.ready && !d.dismiss
}

var errRecognitionLate = errors.New("the recogniser did not answer in time")

// waitFor is the silence that ends the utterance as things stand.
func (c *Conversation) waitFor(d *draft) time.Duration {
	switch {
	case c.utterance.pressed:
		return 0
	case d.dismiss && c.hold != nil:
		return c.opts.Tuning.Interrupt.ResumeAfter
	case d.dismiss:
		return dismissAfter
	default:
		return c.opts.Tuning.Turns.patience(d.verdict)
	}
}

// decideAt is when decide has to look again; the zero time means not at all.
func (c *Conversation) decideAt() time.Time {
	u := c.utterance
	if u == nil || !u.quiet {
		return time.Time{}
	}
	switch d := u.draft; {
	case c.putsOff(d):
		return time.Time{}
	case d == nil && c.hold != nil:
		return u.endWall.Add(c.opts.Tuning.Interrupt.ResumeAfter)
	case d == nil:
		return u.endWall.Add(dismissAfter)
	case !d.ready:
		return d.deadline
	default:
		return u.endWall.Add(c.waitFor(d))
	}
}

// dismiss forgets what turned out to be nothing, and goes on speaking if that
// was what it interrupted.
func (c *Conversation) dismiss() {
	if c.utterance.pressed && c.opts.Tuning.Turns.Asked {
		c.emit(0, Understood{}) // whoever pressed waits for it
	}
	c.dropUtterance()
	c.endHold()
	c.restState()
	c.payOwed()
}

// finishUtterance is the end of the caller's turn: the words are known.
func (c *Conversation) finishUtterance(u *utterance) {
	c.utterance, c.rested = nil, time.Now()
	if u.draft != nil {
		u.draft.cancel(errDone)
	}
	c.floor = u.end
	c.ear.heed.Store(false)
	c.ear.rec.forget(u.end + tail)
}

// dropUtterance forgets what the caller is saying.
func (c *Conversation) dropUtterance() {
	if u := c.utterance; u != nil {
		c.dropDraft(u, errSuperseded)
		c.finishUtterance(u)
	}
}

// dropDraft throws away what was prepared in a pause.
func (c *Conversation) dropDraft(u *utterance, cause error) {
	if d := u.draft; d != nil {
		u.draft = nil
		d.cancel(cause)
		c.dropAnswer(d, cause)
	}
}

// dropAnswer throws away the answer that was prepared, if there is one.
func (c *Conversation) dropAnswer(d *draft, cause error) {
	if t := d.turn; t != nil {
		d.turn, t.over = nil, true
		t.cancel(cause)
	}
}
