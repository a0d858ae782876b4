package agent

import (
	"errors"
	"strings"
	"time"

	"parley/llm"
)

// endTurn ends the agent's answer: what was heard goes into the history.
func (c *Conversation) endTurn(cause error) {
	t := c.turn
	if t == nil {
		return
	}
	c.turn, t.over = nil, true
	c.beAlert(false)
	t.cancel(cause)
	if t.cancelApology != nil {
		t.cancelApology(cause)
	}
	heard, whole := t.text.String(), errors.Is(cause, errDone)
	if t.spoken {
		account := c.playout.Flush(t.serial)
		c.record(t, account)
		if whole = whole && account.Complete; !whole {
			heard = account.Heard()
			if t.within != nil {
				heard = c.playout.Within(t.serial, *t.within)
			}
		}
	}
	if c.hold != nil {
		c.hold = nil
		c.playout.Resume() // for what comes next
	}
	c.unduck()
	interrupted := !errors.Is(cause, errDone) && !errors.Is(cause, errFailed)
	c.remember(t, heard, whole, interrupted)
	c.newest = answer{turn: t.id, serial: t.serial}
	if len(t.steps) == 1 && t.spoken {
		if c.newest.text = strings.TrimSpace(t.steps[0].text.String()); !whole {
			c.newest.text, _ = cutText(c.newest.text, heard)
		}
	}
	if c.pending != nil && c.pending.turn == t {
		c.pending.heard = whole
		if c.pending.question == "" {
			c.pending.question = strings.TrimSpace(t.text.String())
		}
	}
	c.keep()
	c.emit(t.id, ReplyDone{Text: strings.TrimSpace(t.text.String()), Heard: strings.TrimSpace(heard), Interrupted: interrupted})
	c.tellUsage(t)
	c.emit(t.id, TurnEnded{Cause: causeName(cause), Timings: t.timings, Pending: c.waiting()})
	c.rested = time.Now()
	c.restState()
}

// remember writes a turn into the history, cut to what was heard if that is not
// the whole.
func (c *Conversation) remember(t *turn, heard string, whole, interrupted bool) {
	left := heard
	for i, s := range t.steps {
		m := llm.Message{Text: strings.TrimSpace(s.text.String()), ToolCalls: s.calls, State: s.state}
		if !whole {
			m.Text, left = cutText(m.Text, left)
			m.Interrupted = interrupted && (i == len(t.steps)-1 || left == "")
		}
		c.history.assistant(m)
		for _, call := range s.calls {
			result, ok := s.results[call.ID]
			switch {
			case ok:
			case c.isWriting(call) || c.outliving[runOf(t, call)]:
				result = stillRunning
			default:
				result = "The call was stopped because the caller spoke."
			}
			c.history.tool(call, result)
		}
	}
}

// cutText takes from a step's text the words that were heard, and returns what
// of heard is left for later steps. Both are compared by words, because a voice
// is given text without its layout.
func cutText(text, heard string) (cut, left string) {
	words, played := strings.Fields(text), strings.Fields(heard)
	if len(played) >= len(words) {
		return text, strings.Join(played[len(words):], " ")
	}
	return strings.Join(words[:len(played)], " "), ""
}

// restState is what the agent is doing when nothing has just happened.
func (c *Conversation) restState() {
	switch {
	case c.turn != nil && c.turn.sounding:
		c.setState(Speaking)
	case c.turn != nil:
		c.setState(Thinking)
	case c.utterance != nil:
		c.setState(Hearing)
	default:
		c.setState(Listening)
	}
}
