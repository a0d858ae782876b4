package agent

import (
	"context"
	"time"

	"parley/llm"
)

// takeMoved takes that another brain has taken the turn: the wait begins anew.
func (c *Conversation) takeMoved(m moved) {
	if m.turn.over || m.turn.failed {
		return
	}
	m.turn.lastHeard = time.Now()
	c.tell(m.turn, BrainMoved{From: m.move.From, To: m.move.To, Reason: m.move.Reason, Waited: m.move.Waited.Milliseconds()})
}

// takeSpent adds a step's tokens to its turn's.
func (c *Conversation) takeSpent(m spent) {
	u := &m.turn.usage
	u.Input += m.usage.Input
	u.CachedInput += m.usage.CachedInput
	u.Output += m.usage.Output
}

// tellUsage tells what a turn took, if anything.
func (c *Conversation) tellUsage(t *turn) {
	if u := t.usage; u != (llm.Usage{}) {
		c.emit(t.id, Usage{Input: u.Input, CachedInput: u.CachedInput, Output: u.Output})
	}
}

// warmWait bounds how long a brain may take to get ready.
const warmWait = 10 * time.Second

// warmBrain has the brain get ready while the caller is greeted, if it can.
func (c *Conversation) warmBrain() {
	brain, ok := c.opts.Engines.Brain.(llm.Warmer)
	if !ok {
		return
	}
	c.start(func() {
		ctx, cancel := context.WithTimeout(c.ctx, warmWait)
		defer cancel()
		if err := c.warm(ctx, brain); err != nil && ctx.Err() == nil {
			c.log.Info("the brain could not be warmed", "err", err)
		}
	})
}

func (c *Conversation) warm(ctx context.Context, brain llm.Warmer) (err error) {
	defer c.survive("brain", &err)
	return brain.Warm(ctx)
}

// keepToBudget has a turn say that no more is possible, in place of the brain, when
// all has been spent. A phrasebook that has no words for it lets the brain go on: a
// caller is not left without an answer for that.
func (c *Conversation) keepToBudget(t *turn) {
	if t.script != "" || c.opts.Engines.Budget == nil || !c.opts.Engines.Budget.Over(c.opts.ID) {
		return
	}
	text, err := c.opts.Phrases.Phrase(t.language, PhraseLimit, c.caller)
	if err != nil {
		c.log.Error("all tokens are spent, and no phrase says so", "err", err)
		return
	}
	c.log.Info("all tokens that may be spent are spent")
	t.script = text
}
