package standin

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxChat bounds a request for a reply.
const maxChat = 4 << 20

// chatRequest is the part of a request that the stand-in looks at.
type chatRequest struct {
	Model         string        `json:"model"`
	Stream        bool          `json:"stream"`
	StreamOptions streamOptions `json:"stream_options"`
	Messages      []chatMessage `json:"messages"`
	Tools         []struct {
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	} `json:"tools"`
	ResponseFormat struct {
		Type       string `json:"type"`
		JSONSchema struct {
			Schema json.RawMessage `json:"schema"`
		} `json:"json_schema"`
	} `json:"response_format"`
}

// bound says whether the answer is bound to a JSON schema.
func (req chatRequest) bound() bool { return req.ResponseFormat.Type == "json_schema" }

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type chatMessage struct {
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	ToolCalls []struct {
		ID string `json:"id"`
	} `json:"tool_calls"`
	ToolCallID string `json:"tool_call_id"`
}

// text is a message's content, which is a string or a list of parts.
func (m chatMessage) text() string {
	var s string
	if json.Unmarshal(m.Content, &s) == nil {
		return s
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(m.Content, &parts) == nil {
		for _, p := range parts {
			s += p.Text
		}
	}
	return s
}

// chat streams a reply or a tool call.
func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	n := s.chats.Add(1)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxChat))
	if err != nil {
		refuse(w, http.StatusBadRequest, "The body cannot be read.")
		return
	}
	var req chatRequest
	if err := json.Unmarshal(body, &req); err != nil {
		refuse(w, http.StatusBadRequest, "The body is not JSON of the right shape.")
		return
	}
	if complaint := req.check(); complaint != "" {
		refuse(w, http.StatusBadRequest, complaint)
		return
	}
	out := &chunks{w: w, rc: http.NewResponseController(w), id: "chatcmpl-" + strconv.FormatInt(n, 10), model: req.Model}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	if rule, args, ok := s.wish(req); ok {
		if !s.until(r.Context(), start.Add(s.o.FirstToken)) {
			return
		}
		if req.bound() {
			out.say(`{"call":[{"tool":"` + rule.Tool + `","arguments":` + args + `}]}`)
			out.finish("stop", req.StreamOptions.IncludeUsage)
			return
		}
		id := fmt.Sprintf("call_%d", n)
		out.send(delta{Role: "assistant", ToolCalls: []toolPart{{ID: id, Type: "function", Function: functionPart{Name: rule.Tool}}}}, "")
		// In two fragments, as a model writes it.
		half := len(args) / 2
		out.send(delta{ToolCalls: []toolPart{{Function: functionPart{Arguments: args[:half]}}}}, "")
		out.send(delta{ToolCalls: []toolPart{{Function: functionPart{Arguments: args[half:]}}}}, "")
		out.finish("tool_calls", req.StreamOptions.IncludeUsage)
		return
	}
	sc := s.scenes[(n-1)%int64(len(s.scenes))]
	if result, ok := req.result(); ok {
		sc = prepare("Here is what I found: " + spoken(result))
	}
	if req.bound() {
		sc = sc.bound()
	}
	for i, token := range sc.tokens {
		if !s.until(r.Context(), start.Add(s.at(sc, i))) {
			return
		}
		out.send(delta{Content: token}, "")
	}
	out.finish("stop", req.StreamOptions.IncludeUsage)
}

// check finds what OpenAI would refuse, so that a mistake shows in a test.
func (req chatRequest) check() string {
	switch {
	case req.Model == "":
		return "you must provide a model parameter"
	case !req.Stream:
		return "the stand-in only streams"
	case len(req.Messages) == 0:
		return "[] is too short - 'messages'"
	}
	open := map[string]bool{}
	for i, m := range req.Messages {
		if m.Role == "tool" {
			if !open[m.ToolCallID] {
				return fmt.Sprintf("messages.[%d]: messages with role 'tool' must be a response to a preceding message with 'tool_calls'", i)
			}
			delete(open, m.ToolCallID)
			continue
		}
		if len(open) > 0 {
			return fmt.Sprintf("messages.[%d]: an assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'", i)
		}
		for _, c := range m.ToolCalls {
			open[c.ID] = true
		}
		if len(m.ToolCalls) == 0 && m.text() == "" {
			return fmt.Sprintf("messages.[%d]: content must not be empty", i)
		}
	}
	if len(open) > 0 {
		return "the last message leaves tool calls without an answer"
	}
	return ""
}

// chunks writes a stream of chat completion chunks.
type chunks struct {
	w         io.Writer
	rc        *http.ResponseController
	id, model string
	sent      int
}

type (
	chunk struct {
		ID      string   `json:"id"`
		Object  string   `json:"object"`
		Created int64    `json:"created"`
		Model   string   `json:"model"`
		Choices []choice `json:"choices"`
		Usage   *usage   `json:"usage,omitempty"`
	}
	choice struct {
		Index        int     `json:"index"`
		Delta        delta   `json:"delta"`
		FinishReason *string `json:"finish_reason"`
	}
	delta struct {
		Role      string     `json:"role,omitempty"`
		Content   string     `json:"content,omitempty"`
		ToolCalls []toolPart `json:"tool_calls,omitempty"`
	}
	toolPart struct {
		Index    int          `json:"index"`
		ID       string       `json:"id,omitempty"`
		Type     string       `json:"type,omitempty"`
		Function functionPart `json:"function"`
	}
	functionPart struct {
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments"`
	}
	usage struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
		TotalTokens      int `json:"total_tokens"`
	}
)

// send writes one chunk. A client that left shows in the request's context.
func (c *chunks) send(d delta, finish string) {
	ch := choice{Delta: d}
	if finish != "" {
		ch.FinishReason = &finish
	}
	c.sent++
	c.write(chunk{ID: c.id, Object: "chat.completion.chunk", Created: 1700000000, Model: c.model, Choices: []choice{ch}})
	_ = c.rc.Flush()
}

// say writes a text in two pieces.
func (c *chunks) say(text string) {
	half := len(text) / 2
	c.send(delta{Role: "assistant", Content: text[:half]}, "")
	c.send(delta{Content: text[half:]}, "")
}

func (c *chunks) write(v chunk) {
	b, err := json.Marshal(v)
	if err != nil {
		return
	}
	_, _ = fmt.Fprintf(c.w, "data: %s\n\n", b)
}

// finish ends the stream.
func (c *chunks) finish(reason string, withUsage bool) {
	c.send(delta{}, reason)
	if withUsage {
		c.write(chunk{ID: c.id, Object: "chat.completion.chunk", Created: 1700000000, Model: c.model, Choices: []choice{},
			Usage: &usage{PromptTokens: 100, CompletionTokens: c.sent, TotalTokens: 100 + c.sent}})
	}
	_, _ = io.WriteString(c.w, "data: [DONE]\n\n")
	_ = c.rc.Flush()
}
