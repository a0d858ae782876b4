package langchain

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tmc/langchaingo/llms"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"parley/llm"
)

// What stands in a history that Anthropic reads for what it has no words for.
const (
	// cutOff marks what the caller did not let the agent finish.
	cutOff = " —"
	// unknownResult answers a call whose result is not in the history.
	unknownResult = "The result of this call is not known yet."
	// unseen stands for pictures in front of a model that is given none.
	unseen = "(The customer sent a photo along. You cannot see it.)"
	// opening is said by nobody: a history must begin with the user.
	opening = "(The conversation begins.)"
	// answerNow takes the tools away; the library knows no way of doing so.
	answerNow = "(No tool can be called any more. Answer with what you know.)"
)

// messages maps a history to what Anthropic accepts: it begins with the user, no
// text is empty, and each call is answered directly after the message that made it.
// The library reads one part of an assistant's message, so each call has a message
// of its own; the provider puts neighbours of one role together.
func messages(r llm.Request, sees bool) []llms.MessageContent {
	results, used := llm.Pair(r.Messages)
	var system []string
	var out []llms.MessageContent
	add := func(role llms.ChatMessageType, parts ...llms.ContentPart) {
		if len(out) == 0 && role != llms.ChatMessageTypeHuman {
			out = append(out, text(llms.ChatMessageTypeHuman, opening))
		}
		out = append(out, llms.MessageContent{Role: role, Parts: parts})
	}
	last := -1 // the newest message of the user that is text alone
	for i, m := range r.Messages {
		switch m.Role {
		case llm.System:
			if m.Text != "" {
				system = append(system, m.Text)
			}
		case llm.User:
			if parts := userParts(m, sees); len(parts) > 0 {
				add(llms.ChatMessageTypeHuman, parts...)
				last = len(out) - 1
			}
		case llm.Assistant:
			assistant(m, results[i], add)
		case llm.ToolRole:
			if !used[i] && m.Text != "" {
				add(llms.ChatMessageTypeHuman, llms.TextContent{Text: "(Result of the tool " + m.ToolName + ": " + m.Text + ")"})
			}
		}
	}
	if last >= 0 {
		// Up to here the provider may keep what it has read for the next step.
		parts := out[last].Parts
		parts[len(parts)-1] = llms.WithCacheControl(parts[len(parts)-1], &llms.CacheControl{Type: "ephemeral"})
	}
	if r.MustAnswer && len(r.Tools) > 0 {
		add(llms.ChatMessageTypeHuman, llms.TextContent{Text: answerNow})
	}
	if wish := languageWish(r.Language); wish != "" {
		system = append(system, wish)
	}
	if len(system) > 0 {
		out = append([]llms.MessageContent{text(llms.ChatMessageTypeSystem, strings.Join(system, "\n\n"))}, out...)
	}
	return out
}

func text(role llms.ChatMessageType, s string) llms.MessageContent {
	return llms.MessageContent{Role: role, Parts: []llms.ContentPart{llms.TextContent{Text: s}}}
}

// userParts is what a user said, with the pictures that they sent before it.
func userParts(m llm.Message, sees bool) []llms.ContentPart {
	var parts []llms.ContentPart
	if sees {
		for _, i := range m.Images {
			if len(i.Data) == 0 {
				continue
			}
			parts = append(parts, llms.BinaryContent{MIMEType: i.MediaType, Data: i.Data})
		}
	}
	if words := m.Content(); strings.TrimSpace(words) != "" {
		parts = append(parts, llms.TextContent{Text: words})
	}
	if len(m.Images) > 0 && (!sees || len(parts) == 0) {
		parts = append(parts, llms.TextContent{Text: unseen})
	}
	return parts
}

// assistant adds an assistant's message with its calls and their results.
func assistant(m llm.Message, results []*llm.Message, add func(llms.ChatMessageType, ...llms.ContentPart)) {
	said := strings.TrimSpace(m.Text)
	if m.Interrupted && said != "" {
		said += cutOff
	}
	if said != "" {
		add(llms.ChatMessageTypeAI, llms.TextContent{Text: said})
	}
	for _, c := range m.ToolCalls {
		add(llms.ChatMessageTypeAI, llms.ToolCall{ID: c.ID, Type: "function", FunctionCall: &llms.FunctionCall{Name: c.Name, Arguments: object(c.Arguments)}})
	}
	for i, c := range m.ToolCalls {
		answer := unknownResult
		if results[i] != nil && results[i].Text != "" {
			answer = results[i].Text
		}
		add(llms.ChatMessageTypeTool, llms.ToolCallResponse{ToolCallID: c.ID, Name: c.Name, Content: answer})
	}
}

// object makes the arguments of a call of the history fit to be sent back.
func object(raw json.RawMessage) string {
	var v map[string]json.RawMessage
	switch {
	case len(raw) == 0:
		return "{}"
	case json.Unmarshal(raw, &v) == nil && v != nil:
		return string(raw)
	}
	return `{"malformed":` + quote(string(raw)) + `}`
}

// languageWish is the sentence that asks for a language; "" for none.
func languageWish(lang string) string {
	tag, err := language.Parse(lang)
	if lang == "" || err != nil || tag == language.Und {
		return ""
	}
	return fmt.Sprintf("Answer in %s (%s).", display.English.Tags().Name(tag), tag)
}
