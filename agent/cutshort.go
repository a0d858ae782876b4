package agent

import (
	"context"
	"slices"
	"time"

	"parley/audio"
	"parley/llm"
)

// answer is what the newest turn has left in the history.
type answer struct {
	turn, serial int64
	text         string // "" if it was not spoken, or took several steps
}

// cut is what CutShort is told.
type cut struct {
	heard string
	ok    bool
}

// CutShort says that of a turn's sound only the first part was played to the caller,
// because their client keeps some of it ahead. A turn under way ends there; of the
// newest that is over, the history keeps what was heard, which is returned. ok is false
// for a turn that can no longer be cut.
func (c *Conversation) CutShort(ctx context.Context, turn int64, played time.Duration) (heard string, ok bool, err error) {
	reply := make(chan cut, 1)
	if err := c.post(ctx, shortened{turn, played, reply}); err != nil {
		return "", false, err
	}
	select {
	case r := <-reply:
		return r.heard, r.ok, nil
	case <-c.done:
		return "", false, ErrOver
	case <-ctx.Done():
		return "", false, context.Cause(ctx)
	}
}

// cutShort cuts a turn to what was heard of it.
func (c *Conversation) cutShort(turn int64, played time.Duration) cut {
	samples := int64(max(played, 0)) * audio.SpeakRate / int64(time.Second)
	n := &c.newest
	if t := c.turn; t != nil && t.id == turn {
		t.within = &samples
		c.endTurn(errCancelled)
		return cut{n.text, true}
	}
	if n.turn != turn || n.text == "" {
		return cut{}
	}
	words, _ := cutText(n.text, c.playout.Within(n.serial, samples))
	if words == n.text {
		return cut{words, true}
	}
	if !c.history.cutAnswer(n.text, words) {
		return cut{}
	}
	if c.pending != nil && c.pending.turn.id == turn {
		c.pending.heard = false // the question was not heard to its end
	}
	n.text = words
	return cut{words, true}
}

// cutAnswer replaces the newest answer that reads text by the words of it that were heard.
func (h *history) cutAnswer(text, words string) bool {
	for i := len(h.messages) - 1; i >= 0; i-- {
		m := &h.messages[i]
		switch {
		case m.Role != llm.Assistant || m.Text != text:
		case words == "" && len(m.ToolCalls) == 0:
			h.messages = slices.Delete(h.messages, i, i+1)
			return true
		default:
			m.Text, m.Interrupted = words, true
			return true
		}
	}
	return false
}
