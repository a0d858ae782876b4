package agent

import (
	"encoding/json"

	"parley/llm"
)

// unknownOutcome stands in the history for the result of a write of which nothing is
// known, because the server that ran it is gone.
const unknownOutcome = `{"status":"unknown","note":"The connection was lost before the result was known. To find out, call the tool again with the same arguments: it is not done twice."}`

// restore puts a story in the place of a new conversation's emptiness.
func (c *Conversation) restore(s *Story) {
	c.caller, c.opts.Caller = s.Caller, s.Caller
	if s.Language != "" {
		c.language = s.Language
	}
	c.history = history{messages: make([]llm.Message, len(s.Messages)), summary: s.Summary, cuts: s.Cuts}
	for i, m := range s.Messages {
		c.history.messages[i] = denulled(m)
	}
	c.photos, c.turns, c.serials = s.Photos, s.Turns, s.Serials
	for _, kept := range s.Writes {
		c.serials = max(c.serials, kept.Serial)
		done := make(chan struct{})
		close(done)
		// One whose outcome is unknown is as one that failed: asked for again it runs
		// again, under the key of the first try.
		c.writes.all[kept.Name+"\x00"+kept.Arguments] = &write{
			key: kept.Key, turn: kept.Serial, done: done, result: kept.Result, ok: kept.Done && kept.OK, caller: kept.Caller, unknown: !kept.Done,
		}
	}
	c.settleKept()
	c.takenUp = true
}

// settleKept gives the calls that stood open in the history what is known of them.
func (c *Conversation) settleKept() {
	made := make(map[string]llm.ToolCall)
	for i := range c.history.messages {
		m := &c.history.messages[i]
		for _, call := range m.ToolCalls {
			made[call.ID] = call
		}
		if m.Role != llm.ToolRole || m.Text != stillRunning {
			continue
		}
		m.Text = unknownOutcome
		call := made[m.ToolCallID]
		if w := c.writes.all[call.Name+"\x00"+canonical(call.Arguments)]; w != nil && !w.unknown {
			m.Text = w.result
		}
	}
}

// denulled undoes what JSON makes of raw messages that are not there.
func denulled(m llm.Message) llm.Message {
	null := func(r json.RawMessage) bool { return string(r) == "null" }
	if null(m.State) {
		m.State = nil
	}
	for i := range m.ToolCalls {
		if null(m.ToolCalls[i].Arguments) {
			m.ToolCalls[i].Arguments = nil
		}
	}
	return m
}

// takeUp speaks first in a conversation that was cut off. A question that a write
// waits for is asked again: nobody knows whether it was heard. What the caller said
// last is answered if it was not.
func (c *Conversation) takeUp(s *Story) {
	c.takenUp = false
	if c.turn != nil || c.utterance != nil {
		return
	}
	sorry, err := c.opts.Phrases.Phrase(c.language, PhraseResumed, c.caller)
	if err != nil {
		c.log.Error("no word about having been cut off", "err", err)
	}
	open := len(c.history.messages) > 0 && c.history.messages[len(c.history.messages)-1].Role == llm.User
	p := s.Pending
	if p != nil && (p.Text == "" || c.writes.under(p.Name, p.Arguments)) {
		p = nil // it was never asked, or has the caller's yes
	}
	switch {
	case p != nil:
		t := c.reciteInStory(sorry + " " + p.Text)
		c.pending = &pendingWrite{name: p.Name, arguments: p.Arguments, question: p.Text, turn: t, asked: c.turns}
	case open:
		t := c.newTurn()
		if s.Open != 0 {
			t.serial = s.Open // it is that turn still: a write that it has made is not made again
		}
		t.opening = sorry
		c.think(t)
		c.commit(t)
	case sorry != "":
		c.reciteInStory(sorry)
	}
}

// reciteInStory says a text that no brain made, without the brain's forgetting what it
// knew.
func (c *Conversation) reciteInStory(text string) *turn {
	state := c.history.lastState()
	t := c.recite(text)
	t.step(0).state = state
	return t
}

// lastState is what the brain gave to be remembered by last; nil if it never did.
func (h *history) lastState() json.RawMessage {
	for i := len(h.messages) - 1; i >= 0; i-- {
		if m := h.messages[i]; m.Role == llm.Assistant {
			return m.State
		}
	}
	return nil
}
