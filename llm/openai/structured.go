package openai

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	sdk "github.com/sashabaranov/go-openai"

	"parley/llm"
)

// Structured calling is for models that were never trained to call tools: the
// tools stand in the system message, and a JSON schema binds the answer to one of
// two objects, of which the server lets the model write nothing else:
//
//	{"say": "Where to?"}
//	{"call": [{"tool": "get_order", "arguments": {"order_id": "W10002"}}]}
//
// The first key decides, so a small model has one choice to make and the text of
// "say" can be spoken while it is written.
const (
	sayKey  = "say"
	callKey = "call"
	// maxStructuredCalls bounds the calls of one answer: a model that is bound to a
	// list may not find its end.
	maxStructuredCalls = 4
)

// bind turns a request with native tools into a structured one.
func bind(req *sdk.ChatCompletionRequest, r llm.Request) error {
	req.Tools, req.ToolChoice, req.ParallelToolCalls = nil, nil, nil
	req.Messages = structuredMessages(req.Messages, guide(r.Tools))
	schema, err := answerSchema(r.Tools, r.MustAnswer)
	if err != nil {
		return err
	}
	req.ResponseFormat = &sdk.ChatCompletionResponseFormat{
		Type:       sdk.ChatCompletionResponseFormatTypeJSONSchema,
		JSONSchema: &sdk.ChatCompletionResponseFormatJSONSchema{Name: "answer", Schema: schema},
	}
	return nil
}

// structuredMessages writes a history in the words of structured calling, and the
// guide behind the system message. No message stands beside one of the same role:
// the templates of some models refuse that.
func structuredMessages(in []sdk.ChatCompletionMessage, guide string) []sdk.ChatCompletionMessage {
	out := []sdk.ChatCompletionMessage{{Role: sdk.ChatMessageRoleSystem, Content: guide}}
	for i, m := range in {
		switch {
		case m.Role == sdk.ChatMessageRoleSystem && i == 0:
			out[0].Content = m.Content + "\n\n" + guide
			continue
		case m.Role == sdk.ChatMessageRoleSystem:
			m.Role = sdk.ChatMessageRoleUser // it tells a result
		case m.Role == sdk.ChatMessageRoleTool:
			m = sdk.ChatCompletionMessage{Role: sdk.ChatMessageRoleUser, Content: "Result of " + m.Name + ": " + m.Content}
		case m.Role == sdk.ChatMessageRoleAssistant:
			m = sdk.ChatCompletionMessage{Role: m.Role, Content: written(m)}
		}
		last := &out[len(out)-1]
		if m.Role == last.Role && last.MultiContent == nil && m.MultiContent == nil {
			last.Content += "\n" + m.Content
			continue
		}
		out = append(out, m)
	}
	return out
}

// written is an assistant's message as structured calling would have it.
func written(m sdk.ChatCompletionMessage) string {
	if len(m.ToolCalls) == 0 {
		return marshal(map[string]string{sayKey: m.Content})
	}
	calls := make([]structuredCall, len(m.ToolCalls))
	for i, c := range m.ToolCalls {
		calls[i] = structuredCall{c.Function.Name, json.RawMessage(c.Function.Arguments)}
	}
	return marshal(map[string][]structuredCall{callKey: calls})
}

// structuredCall is one call as a model writes it.
type structuredCall struct {
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
}

// marshal writes what always can be written; arguments of the history were made
// JSON before.
func marshal(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "{}"
	}
	return strings.TrimSpace(b.String())
}

// guide explains the tools and how to use them. It depends on the tools alone, so
// that the beginning of a conversation's requests stays the same.
func guide(tools []llm.Tool) string {
	var b strings.Builder
	b.WriteString(`# How you answer
You write one JSON object and nothing else. Either you speak to the customer:
{"say": "One or two sentences."}
or you use tools, whose results you are then told:
{"call": [{"tool": "NAME", "arguments": {}}]}
Use a tool whenever one can find out or do what the customer wants; only tools know anything about orders and products. If you lack something that it needs, such as an order's number, ask for it. Never say that you will look: call the tool. When you have been told a result, speak. Take numbers and names from the customer or from results, never from the examples.

# Tools
`)
	for _, t := range tools {
		fmt.Fprintf(&b, "%s: %s\n  arguments: %s\n", t.Name, t.Description, signature(t.Parameters))
	}
	b.WriteString("\n# Examples\nCustomer: Hello!\n" + marshal(map[string]string{sayKey: "Hello! How can I help you?"}) + "\n")
	for _, t := range examples(tools) {
		call := structuredCall{t.Name, sample(parse(t.Parameters))}
		fmt.Fprintf(&b, "What you need: %s\n%s\n", firstClause(t.Description), marshal(map[string][]structuredCall{callKey: {call}}))
	}
	if name := lacking(tools); name != "" {
		fmt.Fprintf(&b, "What you need, but the customer has not told you the %s\n%s\n", name, marshal(map[string]string{sayKey: "Could you tell me the " + name + ", please?"}))
	}
	if len(tools) > 0 {
		fmt.Fprintf(&b, "Result of %s: {\"error\":{\"message\":\"Not found.\"}}\n%s\n", tools[0].Name,
			marshal(map[string]string{sayKey: "I'm sorry, I can't find that. Could you check it?"}))
	}
	b.WriteString("Customer: Thanks, bye.\n" + marshal(map[string]string{sayKey: "You're welcome. Goodbye!"}))
	return b.String()
}

// lacking is the first thing that some tool needs to be told, in words.
func lacking(tools []llm.Tool) string {
	for _, t := range tools {
		for _, p := range parse(t.Parameters).properties() {
			if p.required {
				return strings.ReplaceAll(p.name, "_", " ")
			}
		}
	}
	return ""
}

// maxExamples is how many tools are shown in use. A small model reads few.
const maxExamples = 8

// examples are the tools that are shown in use: those first that need one thing of
// which the description gives an example, which are the plain look-ups. A small model
// uses what it has seen used.
func examples(tools []llm.Tool) []llm.Tool {
	plain := func(t llm.Tool) bool {
		n := parse(t.Parameters)
		return len(n.Required) == 1 && !strings.Contains(string(sample(n)), unknown)
	}
	var out []llm.Tool
	for _, wanted := range []bool{true, false} {
		for _, t := range tools {
			if plain(t) == wanted && len(out) < maxExamples {
				out = append(out, t)
			}
		}
	}
	return out
}

// unknown stands in an example where nothing is known to stand there.
const unknown = "…"

// firstClause is the beginning of a description that says what a tool is for.
func firstClause(s string) string {
	if i := strings.IndexAny(s, ".:;"); i > 0 {
		s = s[:i]
	}
	return s
}

// node is the part of a JSON schema that is understood here.
type node struct {
	Type        any             `json:"type,omitempty"`
	Description string          `json:"description,omitempty"`
	Properties  json.RawMessage `json:"properties,omitempty"`
	Required    []string        `json:"required,omitempty"`
	Items       json.RawMessage `json:"items,omitempty"`
	Enum        []any           `json:"enum,omitempty"`
	Const       any             `json:"const,omitempty"`
	Minimum     *float64        `json:"minimum,omitempty"`
}

// parse reads a schema as far as it is understood.
func parse(schema json.RawMessage) node {
	var n node
	_ = json.Unmarshal(schema, &n) // what cannot be read is described as nothing
	return n
}

// property is one property of an object, in the order of the schema.
type property struct {
	name     string
	raw      json.RawMessage
	required bool
}

// properties lists an object's properties in the order in which they are written.
func (n node) properties() []property {
	var out []property
	dec := json.NewDecoder(strings.NewReader(string(n.Properties)))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return out
		}
		p := property{}
		p.name, _ = key.(string)
		if dec.Decode(&p.raw) != nil {
			return out
		}
		p.required = slices.Contains(n.Required, p.name)
		out = append(out, p)
	}
	return out
}

// kind is the type of a schema; the first that is not null when there are several.
func (n node) kind() string {
	switch t := n.Type.(type) {
	case string:
		return t
	case []any:
		for _, e := range t {
			if s, ok := e.(string); ok && s != "null" {
				return s
			}
		}
	}
	if len(n.Properties) > 0 {
		return "object"
	}
	return ""
}

// signature describes arguments in a line a small model can follow.
func signature(schema json.RawMessage) string {
	var parts []string
	for _, p := range parse(schema).properties() {
		n := parse(p.raw)
		s := fmt.Sprintf("%q: %s", p.name, n.words())
		if !p.required {
			s += ", may be left out"
		}
		if n.Description != "" {
			s += " (" + strings.TrimSuffix(n.Description, ".") + ")"
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, "; ")
}

// words names the type of a value.
func (n node) words() string {
	switch {
	case n.Const != nil:
		return marshal(n.Const)
	case len(n.Enum) > 0:
		all := make([]string, len(n.Enum))
		for i, e := range n.Enum {
			all[i] = marshal(e)
		}
		return strings.Join(all, " or ")
	case n.kind() == "array":
		return "list of " + parse(n.Items).words()
	case n.kind() == "":
		return "value"
	}
	return n.kind()
}

// such finds an example in a description: "…, such as W10002."
var such = regexp.MustCompile(`(?i)\bsuch as:? ["“]?([^".,;”]+)`)

// sample makes up arguments that a schema allows, with what its descriptions give
// as examples.
func sample(n node) json.RawMessage {
	switch {
	case n.Const != nil:
		return json.RawMessage(marshal(n.Const))
	case len(n.Enum) > 0:
		return json.RawMessage(marshal(n.Enum[0]))
	}
	switch n.kind() {
	case "object", "":
		var fields []string
		for _, p := range n.properties() {
			if p.required {
				fields = append(fields, marshal(p.name)+":"+string(sample(parse(p.raw))))
			}
		}
		return json.RawMessage("{" + strings.Join(fields, ",") + "}")
	case "array":
		return json.RawMessage("[" + string(sample(parse(n.Items))) + "]")
	case "integer", "number":
		if n.Minimum != nil {
			return json.RawMessage(marshal(*n.Minimum))
		}
		return json.RawMessage("1")
	case "boolean":
		return json.RawMessage("true")
	case "null":
		return json.RawMessage("null")
	}
	if m := such.FindStringSubmatch(n.Description); m != nil && utf8.ValidString(m[1]) {
		return json.RawMessage(marshal(strings.TrimSpace(m[1])))
	}
	return json.RawMessage(`"` + unknown + `"`)
}

// answerSchema is what an answer must look like.
func answerSchema(tools []llm.Tool, mustAnswer bool) (json.RawMessage, error) {
	say := object(`"`+sayKey+`":{"type":"string"}`, sayKey)
	if mustAnswer || len(tools) == 0 {
		return json.RawMessage(say), nil
	}
	var calls []string
	for _, t := range tools {
		if len(t.Parameters) > 0 && !json.Valid(t.Parameters) {
			return nil, fmt.Errorf("%s: the parameters of the tool %q are not JSON", op, t.Name)
		}
		name := marshal(t.Name)
		calls = append(calls, object(`"tool":{"type":"string","enum":[`+name+`]},"arguments":`+loosen(t.Parameters, 0), "tool", "arguments"))
	}
	list := fmt.Sprintf(`"%s":{"type":"array","minItems":1,"maxItems":%d,"items":{"anyOf":[%s]}}`, callKey, maxStructuredCalls, strings.Join(calls, ","))
	return json.RawMessage(`{"anyOf":[` + say + `,` + object(list, callKey) + `]}`), nil
}

func object(properties string, required ...string) string {
	if required == nil {
		required = []string{}
	}
	return `{"type":"object","properties":{` + properties + `},"required":` + marshal(required) + `,"additionalProperties":false}`
}

// maxDepth bounds how deep a tool's schema is followed.
const maxDepth = 8

// loosen keeps of a tool's schema what servers turn into a grammar without
// complaint: types, properties, enums. What they leave unchecked (patterns, bounds)
// the tools check themselves, and tell the model.
func loosen(schema json.RawMessage, depth int) string {
	n := parse(schema)
	switch {
	case n.Const != nil:
		return `{"enum":[` + marshal(n.Const) + `]}`
	case len(n.Enum) > 0:
		return `{"enum":` + marshal(n.Enum) + `}`
	case depth > maxDepth:
		return `{}`
	}
	switch kind := n.kind(); kind {
	case "object", "":
		if depth > 0 && kind == "" {
			return `{}`
		}
		var fields []string
		for _, p := range n.properties() {
			fields = append(fields, marshal(p.name)+":"+loosen(p.raw, depth+1))
		}
		return object(strings.Join(fields, ","), n.Required...)
	case "array":
		if len(n.Items) == 0 {
			return `{"type":"array"}`
		}
		return `{"type":"array","items":` + loosen(n.Items, depth+1) + `}`
	default:
		return `{"type":` + marshal(kind) + `}`
	}
}
