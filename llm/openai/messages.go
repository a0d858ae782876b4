package openai

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	sdk "github.com/sashabaranov/go-openai"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"parley/llm"
)

const (
	// cutOff marks what the caller did not let the agent finish.
	cutOff = " —"
	// unknownResult answers a call whose result is not in the history, because a
	// server refuses a history in which a call has no answer.
	unknownResult = "The result of this call is not known yet."
	// unseen stands for pictures in front of a model that cannot see.
	unseen = "(The customer sent a photo along. You cannot see it.)"
)

// messages maps a history to what servers accept. They are stricter than our
// history is: each tool call must be answered, directly after the message that
// made it and before anything else is said, and a message must not be empty. A
// conversation by voice breaks all three, since a caller who barges in while a
// tool runs says something between the call and its result. sees says that the
// model takes images.
func messages(r llm.Request, sees bool) []sdk.ChatCompletionMessage {
	results, used := llm.Pair(r.Messages)
	out := make([]sdk.ChatCompletionMessage, 0, len(r.Messages)+1)
	for i, m := range r.Messages {
		switch m.Role {
		case llm.System:
			if m.Text != "" {
				out = append(out, sdk.ChatCompletionMessage{Role: sdk.ChatMessageRoleSystem, Content: m.Text})
			}
		case llm.User:
			if m.Text != "" || len(m.Images) > 0 {
				out = append(out, userMessage(m, sees))
			}
		case llm.Assistant:
			out = appendAssistant(out, m, results[i])
		case llm.ToolRole:
			if !used[i] && m.Text != "" {
				// Its call is no longer in the history (or was answered before). What
				// it says is still true.
				out = append(out, sdk.ChatCompletionMessage{
					Role: sdk.ChatMessageRoleSystem, Content: "Result of the tool " + m.ToolName + ": " + m.Text,
				})
			}
		}
	}
	return withLanguage(out, r.Language)
}

// userMessage is what a user said, with the pictures that they sent.
func userMessage(m llm.Message, sees bool) sdk.ChatCompletionMessage {
	out := sdk.ChatCompletionMessage{Role: sdk.ChatMessageRoleUser, Content: m.Content()}
	switch {
	case len(m.Images) == 0:
		return out
	case !sees:
		out.Content = strings.TrimSpace(out.Content + "\n" + unseen)
		return out
	}
	words := out.Content
	out.Content = ""
	for _, image := range m.Images {
		if len(image.Data) == 0 {
			continue
		}
		out.MultiContent = append(out.MultiContent, sdk.ChatMessagePart{
			Type: sdk.ChatMessagePartTypeImageURL, ImageURL: &sdk.ChatMessageImageURL{URL: dataURL(image)},
		})
	}
	if words == "" && len(out.MultiContent) == 0 {
		words = unseen
	}
	if words != "" {
		out.MultiContent = append(out.MultiContent, sdk.ChatMessagePart{Type: sdk.ChatMessagePartTypeText, Text: words})
	}
	return out
}

// dataURL writes a picture into an address, RFC 2397.
func dataURL(i llm.Image) string {
	return "data:" + i.MediaType + ";base64," + base64.StdEncoding.EncodeToString(i.Data)
}

// appendAssistant appends an assistant's message with the results of its calls.
func appendAssistant(out []sdk.ChatCompletionMessage, m llm.Message, results []*llm.Message) []sdk.ChatCompletionMessage {
	text := m.Text
	if m.Interrupted && text != "" {
		text = strings.TrimRight(text, " ") + cutOff
	}
	if text == "" && len(m.ToolCalls) == 0 {
		return out // it was cut off before a word was heard: it was never said
	}
	msg := sdk.ChatCompletionMessage{Role: sdk.ChatMessageRoleAssistant, Content: text}
	for _, c := range m.ToolCalls {
		msg.ToolCalls = append(msg.ToolCalls, sdk.ToolCall{
			ID: c.ID, Type: sdk.ToolTypeFunction,
			Function: sdk.FunctionCall{Name: c.Name, Arguments: arguments(c.Arguments)},
		})
	}
	out = append(out, msg)
	for i, c := range m.ToolCalls {
		answer := unknownResult
		if results[i] != nil && results[i].Text != "" {
			answer = results[i].Text
		} else if results[i] != nil {
			answer = "null"
		}
		out = append(out, sdk.ChatCompletionMessage{
			Role: sdk.ChatMessageRoleTool, ToolCallID: c.ID, Name: c.Name, Content: answer,
		})
	}
	return out
}

// arguments makes a call of the history fit to be sent back. Some servers parse
// the arguments of old calls and refuse the whole conversation, for good, when a
// model once wrote them badly.
func arguments(raw json.RawMessage) string {
	var object map[string]json.RawMessage
	switch {
	case len(raw) == 0:
		return "{}"
	case json.Unmarshal(raw, &object) == nil && object != nil:
		return string(raw)
	}
	wrapped, err := json.Marshal(map[string]string{"malformed": string(raw)})
	if err != nil {
		return "{}"
	}
	return string(wrapped)
}

// withLanguage adds the wish for a language to the system message.
func withLanguage(out []sdk.ChatCompletionMessage, lang string) []sdk.ChatCompletionMessage {
	tag, err := language.Parse(lang)
	if lang == "" || err != nil || tag == language.Und || len(out) == 0 {
		return out
	}
	wish := fmt.Sprintf("Answer in %s (%s).", display.English.Tags().Name(tag), tag)
	if out[0].Role == sdk.ChatMessageRoleSystem {
		out[0].Content += "\n\n" + wish
		return out
	}
	return append([]sdk.ChatCompletionMessage{{Role: sdk.ChatMessageRoleSystem, Content: wish}}, out...)
}

// function describes a tool.
func function(t llm.Tool) (*sdk.FunctionDefinition, error) {
	params := t.Parameters
	if len(params) == 0 {
		params = json.RawMessage(`{"type":"object","properties":{}}`)
	}
	if !json.Valid(params) {
		return nil, fmt.Errorf("%s: the parameters of the tool %q are not JSON", op, t.Name)
	}
	return &sdk.FunctionDefinition{Name: t.Name, Description: t.Description, Parameters: params}, nil
}
