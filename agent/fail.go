package agent

import (
	"context"
	"errors"
	"time"
)

// apologise answers when there is nothing to answer with.
func (c *Conversation) apologise(stage string, cause error) {
	c.emit(0, Failed{Stage: stage, Message: publicReason(cause)})
	c.recite(c.apology()).apology = true
}

func (c *Conversation) apology() string {
	text, err := c.opts.Phrases.Phrase(c.language, PhraseApology, c.caller)
	if err != nil {
		c.log.Error("no apology", "err", err)
		return "Sorry, something went wrong. Could you say that again?"
	}
	return text
}

// publicReason is what a client is told of a fault: what kind, not which server
// said what.
func publicReason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errEngineLate) || errors.Is(err, errRecognitionLate) {
		return "no answer in time"
	}
	return "failed"
}

// fail stops what a turn was doing and has the agent apologise, once. What is
// already queued is still heard.
func (c *Conversation) fail(t *turn, stage string, cause error) {
	c.log.Warn("a turn failed", "turn", t.id, "stage", stage, "err", cause)
	c.emit(t.id, Failed{Stage: stage, Message: publicReason(cause)})
	if t.failed || t.apology { // the apology failed as well
		t.failed = true
		t.thought, t.closed = true, true
		c.endTurn(errFailed)
		return
	}
	t.failed, t.thought, t.err = true, true, nil
	t.cancel(errFailed)
	t.lastHeard = time.Now()
	text := c.apology()
	if t.text.Len() > 0 {
		text = " " + text
	}
	t.step(len(t.steps)).text.WriteString(text)
	t.text.WriteString(text)
	c.emit(t.id, ReplyText{text})
	if !t.spoken {
		c.endTurn(errFailed)
		return
	}
	for _, k := range t.clauses {
		c.playout.Finish(k.id) // whatever was under way ends here
	}
	t.closed = false
	voice := c.opts.Engines.Voice
	if stage == "synthesis" && c.opts.Engines.Spare != nil {
		voice = c.opts.Engines.Spare
	}
	// The turn's own context is over; the apology has one of its own.
	ctx, cancel := context.WithCancelCause(c.ctx)
	t.cancelApology = cancel
	c.speakText(ctx, t, voice, text)
}

// turnDeadline is when the turn under way has waited too long for an engine.
func (c *Conversation) turnDeadline() time.Time {
	t := c.turn
	switch {
	case t == nil || c.hold != nil:
		return time.Time{}
	case !t.thought:
		return t.lastHeard.Add(c.opts.Tuning.Limits.FirstToken + t.toolWait)
	case t.spoken && !t.closed:
		return t.lastHeard.Add(c.opts.Tuning.Limits.Synthesis)
	case t.spoken:
		return t.lastHeard.Add(playGrace)
	default:
		return time.Time{}
	}
}

// giveUp ends the wait for an engine that is too late.
func (c *Conversation) giveUp() {
	t := c.turn
	switch {
	case !t.thought:
		c.fail(t, "generation", errEngineLate)
	case !t.closed:
		c.fail(t, "synthesis", errEngineLate)
	default:
		c.log.Warn("the room does not play what was said", "turn", t.id)
		c.endTurn(c.endCause(t))
	}
}

var errSaidNothing = errors.New("the brain said nothing")

var errEngineLate = errors.New("an engine did not answer in time")

// playGrace is how long a turn whose sound is all there waits for the room to
// play the next word of it.
const playGrace = 5 * time.Second
