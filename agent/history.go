package agent

import (
	"encoding/json"
	"slices"

	"parley/llm"
)

// maxHistory bounds the messages that a brain is given; the oldest go first.
const maxHistory = 80

// maxSeen bounds the images that a brain is given to see: each costs as much as a
// page of text, in every step.
const maxSeen = MaxImages

// stillRunning stands in the history for the result of a write that outlives
// its turn, until the result is there.
const stillRunning = `{"status":"still_running","note":"The result will follow. Do not call this tool again for the same thing."}`

// history is what was said and done, as the caller knows it: an answer stands in
// it up to the last word that was heard. It belongs to the conversation's
// goroutine.
type history struct {
	messages []llm.Message
	// summary stands for what was let go, in cuts so far.
	summary string
	cuts    int
}

// user adds what the caller said or typed, and what they showed.
func (h *history) user(text string, images []llm.Image) {
	h.messages = append(h.messages, llm.Message{Role: llm.User, Text: text, Images: images})
	letImagesGo(h.messages)
}

// letImagesGo keeps the data of the newest images alone, and of the others what was
// found in them.
func letImagesGo(messages []llm.Message) {
	left := maxSeen
	for i := len(messages) - 1; i >= 0; i-- {
		m := &messages[i]
		if len(m.Images) <= left {
			left -= len(m.Images)
			continue
		}
		m.Images = slices.Clone(m.Images) // a brain may still read the others
		for k := range m.Images[:len(m.Images)-left] {
			m.Images[k].Data = nil
		}
		left = 0
	}
}

// assistant adds one step of an answer. A step that says nothing and calls
// nothing leaves no trace.
func (h *history) assistant(m llm.Message) {
	if m.Text == "" && len(m.ToolCalls) == 0 {
		return
	}
	m.Role = llm.Assistant
	h.messages = append(h.messages, m)
}

// tool adds the result of a call.
func (h *history) tool(call llm.ToolCall, result string) {
	h.messages = append(h.messages, llm.Message{
		Role: llm.ToolRole, ToolCallID: call.ID, ToolName: call.Name, Text: result,
	})
}

// settle replaces the stand-in of a write with its result. It reports false
// when the call is not, or no longer, in the history.
func (h *history) settle(callID, result string) bool {
	for i := len(h.messages) - 1; i >= 0; i-- {
		if m := &h.messages[i]; m.Role == llm.ToolRole && m.ToolCallID == callID {
			m.Text = result
			return true
		}
	}
	return false
}

// lastAssistant is the newest text of the agent, "" if there is none.
func (h *history) lastAssistant() string {
	for i := len(h.messages) - 1; i >= 0; i-- {
		if m := h.messages[i]; m.Role == llm.Assistant && m.Text != "" {
			return m.Text
		}
	}
	return ""
}

// recent is the part that brains are given: the newest messages, from something
// that the user said on.
func (h *history) recent() []llm.Message {
	recent := h.messages
	if len(recent) > maxHistory {
		recent = recent[len(recent)-maxHistory:]
		// A tool's result without its call would be refused by a provider.
		for len(recent) > 0 && recent[0].Role != llm.User {
			recent = recent[1:]
		}
	}
	return recent
}

// request copies the history for a brain, the system message first, the user's
// newest words last when they are not yet part of it.
func (h *history) request(system, user string, images []llm.Image) []llm.Message {
	recent := h.recent()
	out := make([]llm.Message, 0, len(recent)+8)
	if system != "" {
		out = append(out, llm.Message{Role: llm.System, Text: system})
	}
	if h.summary != "" {
		out = append(out, llm.Message{Role: llm.System, Text: summaryHead + h.summary})
	}
	out = append(out, recent...)
	if user != "" || len(images) > 0 {
		out = append(out, llm.Message{Role: llm.User, Text: user, Images: images})
		letImagesGo(out)
	}
	return out
}

// canonical writes a JSON object with its keys in order, so that two ways of
// writing the same arguments compare equal. What is no JSON is returned as it is.
func canonical(arguments json.RawMessage) string {
	var v any
	if json.Unmarshal(arguments, &v) != nil {
		return string(arguments)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return string(arguments)
	}
	return string(out)
}
