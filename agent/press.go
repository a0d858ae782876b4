package agent

import (
	"context"
	"math"
	"time"
)

// Retune says anew when a caller has finished, and whether the agent answers by itself.
func (c *Conversation) Retune(ctx context.Context, t Turns) error { return c.post(ctx, retuned{t}) }

// retune takes what was said anew.
func (c *Conversation) retune(t Turns) {
	c.opts.Tuning.Turns = t
	if c.ear != nil {
		c.ear.sensitivity.Store(math.Float32bits(t.Threshold))
	}
	c.decide(time.Now())
}

// Commit says that what the caller is saying is all: the turn is over as soon as its
// words are known. It reports whether the caller has said anything.
func (c *Conversation) Commit(ctx context.Context) (spoke bool, err error) {
	reply := make(chan bool, 1)
	if err := c.post(ctx, committed{reply}); err != nil {
		return false, err
	}
	select {
	case spoke = <-reply:
		return spoke, nil
	case <-c.done:
		return false, ErrOver
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// press ends the caller's utterance.
func (c *Conversation) press() (spoke bool) {
	u := c.utterance
	if u == nil {
		return false
	}
	u.pressed = true
	if u.draft == nil && u.voice >= c.opts.Tuning.MinVoice {
		u.quiet = true // else the end of a voice that a button cuts off would be waited for
		c.startDraft(u)
	}
	c.decide(time.Now())
	return true
}
