package agent

import "time"

// maxNudges is how often in a row the agent asks a silent caller whether they are still
// there. Whoever has not answered by then has put the phone down.
const maxNudges = 2

// nudgeAt is when the agent asks whether a silent caller is still there; the zero time
// while somebody speaks, or nothing has been said, or it has asked often enough.
func (c *Conversation) nudgeAt() time.Time {
	idle := c.opts.Tuning.Turns.Idle
	if idle <= 0 || !c.hears || c.turn != nil || c.utterance != nil || c.turns == 0 || c.opts.Tuning.Turns.Asked || c.nudges >= maxNudges || c.aside {
		return time.Time{}
	}
	return c.rested.Add(idle)
}

// nudge asks whether the caller is still there.
func (c *Conversation) nudge() {
	c.nudges++
	text, err := c.opts.Phrases.Phrase(c.language, PhraseIdle, c.caller)
	if err != nil {
		c.log.Error("no words to ask a silent caller with", "err", err)
		c.nudges = maxNudges
		return
	}
	c.emit(0, CallerSilent{After: time.Since(c.rested).Milliseconds()})
	c.recite(text)
}
