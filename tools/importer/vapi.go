package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

// vapiTool is a tool as Vapi's API has it: a function that its server runs, or a
// request to an API.
type vapiTool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string         `json:"name"`
		Description string         `json:"description"`
		Parameters  map[string]any `json:"parameters"`
	} `json:"function"`
	Server struct {
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
		Secret  string            `json:"secret"`
		Timeout float64           `json:"timeoutSeconds"`
	} `json:"server"`
	Messages []struct {
		Type    string  `json:"type"`
		Content string  `json:"content"`
		Delay   float64 `json:"timingMilliseconds"`
	} `json:"messages"`

	// All below is an apiRequest's.
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Method      string         `json:"method"`
	URL         string         `json:"url"`
	Body        map[string]any `json:"body"`
	Headers     struct {
		Properties map[string]struct {
			Value string `json:"value"`
		} `json:"properties"`
	} `json:"headers"`
	Timeout float64 `json:"timeoutSeconds"`
}

func vapi(raw json.RawMessage) (*draft, error) {
	var v vapiTool
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("reading it as a tool of Vapi: %w", err)
	}
	d := &draft{headers: make(map[string]string)}
	switch v.Type {
	case "function", "":
		d.name, d.description, d.parameters = v.Function.Name, v.Function.Description, v.Function.Parameters
		d.method, d.url, d.timeout = "POST", v.Server.URL, seconds(v.Server.Timeout)
		maps.Copy(d.headers, v.Server.Headers)
		if v.Server.Secret != "" {
			d.headers["X-Vapi-Secret"] = v.Server.Secret
		}
		if d.url == "" {
			return nil, fmt.Errorf("its function runs on the assistant's own server; give it a server.url")
		}
		if d.parameters == nil {
			d.parameters = map[string]any{"type": "object"}
		}
		d.body = each(d.properties())
		d.note("Vapi wraps a call in its own message; here the arguments are sent as they are, so the server must take them so")
	case "apiRequest":
		d.name, d.description, d.parameters = v.Name, v.Description, v.Body
		d.method, d.url, d.timeout = v.Method, v.URL, seconds(v.Timeout)
		for name, h := range v.Headers.Properties {
			d.headers[name] = h.Value
		}
		if d.method == "" {
			d.method = "GET"
		}
		if d.parameters == nil {
			d.parameters = map[string]any{"type": "object"}
		}
		if d.method != "GET" {
			d.body = each(d.properties())
		}
	default:
		return nil, fmt.Errorf("a tool of type %q is Vapi's own and has no counterpart in a file", v.Type)
	}
	for _, m := range v.Messages {
		switch m.Type {
		case "request-start":
			d.start = m.Content
		case "request-response-delayed":
			d.slow, d.slowAfter = m.Content, time.Duration(m.Delay)*time.Millisecond
		case "request-failed":
			d.failed = m.Content
		case "request-complete":
			d.note("what is said when it is done (%q) is left to the model", m.Content)
		}
	}
	return d, nil
}

// seconds is a time-out, within what a tool may have.
func seconds(n float64) time.Duration {
	if n <= 0 || n > 120 {
		return 0
	}
	return time.Duration(n * float64(time.Second)).Round(time.Millisecond)
}
