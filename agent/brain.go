package agent

import (
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
