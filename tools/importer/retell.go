package importer

import (
	"encoding/json"
	"fmt"
	"time"
)

// retellTool is a custom function as Retell's API has it.
type retellTool struct {
	Type        string            `json:"type"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	URL         string            `json:"url"`
	Method      string            `json:"method"`
	Parameters  map[string]any    `json:"parameters"`
	Headers     map[string]string `json:"headers"`
	Query       map[string]string `json:"query_params"`
	Timeout     int64             `json:"timeout_ms"`
	Speaks      bool              `json:"speak_during_execution"`
	Start       string            `json:"execution_message_description"`
	StartType   string            `json:"execution_message_type"`
	ArgsAtRoot  bool              `json:"args_at_root"`
	Variables   map[string]string `json:"response_variables"`
}

func retell(raw json.RawMessage) (*draft, error) {
	var r retellTool
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("reading it as a tool of Retell: %w", err)
	}
	if r.Type != "custom" && r.Type != "" {
		return nil, fmt.Errorf("a tool of type %q is Retell's own and has no counterpart in a file", r.Type)
	}
	d := &draft{
		name: r.Name, description: r.Description, parameters: r.Parameters, method: r.Method, url: r.URL,
		headers: r.Headers, query: r.Query,
	}
	if d.method == "" {
		d.method = "POST"
	}
	if d.parameters == nil {
		d.parameters = map[string]any{"type": "object"}
	}
	if r.Timeout > 0 && r.Timeout <= 120_000 {
		d.timeout = time.Duration(r.Timeout) * time.Millisecond
	}
	if d.method != "GET" {
		d.body = each(d.properties())
		if !r.ArgsAtRoot {
			d.body = map[string]any{"name": r.Name, "args": each(d.properties())}
			d.note("Retell also sends the call itself; here the body has name and args alone")
		}
	}
	switch {
	case r.Speaks && r.Start != "" && r.StartType == "static_text":
		d.start = r.Start
	case r.Speaks:
		d.note("what is said meanwhile was made by a model from %q; write it under say: start", r.Start)
	}
	if len(r.Variables) > 0 {
		d.note("response_variables are not carried over: the model sees the whole answer; choose a part with result")
	}
	return d, nil
}
