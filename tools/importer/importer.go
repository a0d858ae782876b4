// Package importer reads the tool JSON of other voice platforms and makes tool files
// of it: Vapi's, Retell's and ElevenLabs'.
package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// MaxBytes bounds a file.
const MaxBytes = 4 << 20

// The platforms.
const (
	Vapi       = "vapi"
	Retell     = "retell"
	ElevenLabs = "elevenlabs"
)

// Tool is a tool that was read.
type Tool struct {
	// Name is the tool's, as a tool file may have it.
	Name string
	// YAML is the tool file.
	YAML []byte
	// Notes say what was changed or could not be carried over.
	Notes []string
}

// Skipped is a tool that could not be carried over at all.
type Skipped struct{ Name, Why string }

// Read reads the tools in a file: one object, a list of them, or an object that has
// them under "tools". from is a platform, or "" to tell by the shape.
func Read(data []byte, from string) (found []Tool, skipped []Skipped, err error) {
	if len(data) > MaxBytes {
		return nil, nil, fmt.Errorf("the file has %d bytes; at most %d are read", len(data), MaxBytes)
	}
	objects, err := list(data)
	if err != nil {
		return nil, nil, err
	}
	for i, raw := range objects {
		platform := from
		if platform == "" {
			platform = shape(raw)
		}
		var t *draft
		var err error
		switch platform {
		case Vapi:
			t, err = vapi(raw)
		case Retell:
			t, err = retell(raw)
		case ElevenLabs:
			t, err = elevenlabs(raw)
		default:
			err = errors.New("this is the tool JSON of neither Vapi, Retell nor ElevenLabs; say which with --from")
		}
		name := nameOf(raw, i)
		if err != nil {
			skipped = append(skipped, Skipped{name, err.Error()})
			continue
		}
		tool, err := t.tool()
		if err != nil {
			skipped = append(skipped, Skipped{name, err.Error()})
			continue
		}
		found = append(found, tool)
	}
	if len(objects) == 0 {
		return nil, nil, errors.New("there is no tool in this file")
	}
	return found, skipped, nil
}

// list finds the objects that are tools.
func list(data []byte) ([]json.RawMessage, error) {
	data = bytes.TrimSpace(data)
	if !json.Valid(data) {
		return nil, errors.New("this is no JSON")
	}
	var all []json.RawMessage
	if json.Unmarshal(data, &all) == nil {
		return all, nil
	}
	var holder struct {
		Tools   []json.RawMessage `json:"tools"`
		General []json.RawMessage `json:"general_tools"`
		Results []json.RawMessage `json:"results"`
		Model   struct {
			Tools []json.RawMessage `json:"tools"`
		} `json:"model"`
	}
	if err := json.Unmarshal(data, &holder); err != nil {
		return nil, errors.New("the file is neither an object nor a list of objects")
	}
	for _, some := range [][]json.RawMessage{holder.Tools, holder.General, holder.Results, holder.Model.Tools} {
		if len(some) > 0 {
			return some, nil
		}
	}
	return []json.RawMessage{data}, nil
}

// shape tells the platform by what only its tools have.
func shape(raw json.RawMessage) string {
	var keys map[string]json.RawMessage
	if json.Unmarshal(raw, &keys) != nil {
		return ""
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { _, ok := keys[n]; return ok })
	}
	var kind string
	_ = json.Unmarshal(keys["type"], &kind) // a type that is no text is none of these
	switch {
	case has("tool_config", "api_schema", "response_timeout_secs"), kind == "webhook", kind == "client", kind == "system":
		return ElevenLabs
	case has("function", "server"), kind == "function", kind == "apiRequest", kind == "transferCall", kind == "endCall", kind == "dtmf":
		return Vapi
	case kind == "custom", has("speak_during_execution", "speak_after_execution"), kind == "end_call", kind == "transfer_call":
		return Retell
	}
	return ""
}

func nameOf(raw json.RawMessage, i int) string {
	var n struct {
		Name     string `json:"name"`
		Type     string `json:"type"`
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
		Config struct {
			Name string `json:"name"`
		} `json:"tool_config"`
	}
	_ = json.Unmarshal(raw, &n) // the name is for the message alone
	for _, name := range []string{n.Function.Name, n.Config.Name, n.Name, n.Type} {
		if name != "" {
			return name
		}
	}
	return fmt.Sprintf("tool %d", i+1)
}

// draft is a tool between the platforms and the file.
type draft struct {
	name, description   string
	parameters          map[string]any
	method, url         string
	headers, query      map[string]string
	body                any
	start, slow, failed string
	slowAfter, timeout  time.Duration
	notes               []string
}

func (d *draft) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// notName is what may not stand in a tool's name.
var notName = regexp.MustCompile(`[^a-z0-9_]+`)

// camel is where a word begins within another.
var camel = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// snake makes a name that a tool file may have.
func snake(name string) string {
	name = strings.ToLower(camel.ReplaceAllString(strings.TrimSpace(name), "${1}_${2}"))
	name = strings.Trim(notName.ReplaceAllString(name, "_"), "_")
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		name = "tool_" + name
	}
	return strings.Trim(name[:min(len(name), 64)], "_")
}

// tool writes the file.
func (d *draft) tool() (Tool, error) {
	switch {
	case d.url == "":
		return Tool{}, errors.New("it names no address that could be called")
	case !strings.HasPrefix(d.url, "http://") && !strings.HasPrefix(d.url, "https://"):
		return Tool{}, errors.New("its address is neither http nor https")
	}
	name := snake(d.name)
	if name != d.name {
		d.note("the name %q is %q here", d.name, name)
	}
	if strings.TrimSpace(d.description) == "" {
		d.description = "Calls " + name + "."
		d.note("there was no description; write one, so that a model knows when to use the tool")
	}
	if d.parameters == nil {
		d.parameters = map[string]any{"type": "object", "properties": map[string]any{}}
	}
	if d.parameters["type"] == nil {
		d.parameters["type"] = "object"
	}
	d.placeholders()
	d.secrets()
	raw, err := yaml.MarshalWithOptions(d.document(name), yaml.Indent(2), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return Tool{}, fmt.Errorf("writing it as YAML: %w", err)
	}
	return Tool{Name: name, YAML: raw, Notes: d.notes}, nil
}

// document is the tool file in the order in which people read it.
func (d *draft) document(name string) yaml.MapSlice {
	read := d.method == "GET"
	effect, confirm := "write", "heard"
	if read {
		effect, confirm = "read", "none"
	} else {
		d.note("a %s counts as a write that asks first; if it only looks something up, say effect: read and confirm: none", d.method)
	}
	doc := yaml.MapSlice{
		{Key: "name", Value: name}, {Key: "description", Value: d.description}, {Key: "parameters", Value: d.parameters},
		{Key: "effect", Value: effect}, {Key: "confirm", Value: confirm},
	}
	if d.timeout > 0 {
		doc = append(doc, yaml.MapItem{Key: "timeout", Value: d.timeout.String()})
	}
	var say yaml.MapSlice
	if d.start != "" {
		say = append(say, yaml.MapItem{Key: "start", Value: map[string]string{"en": d.start}})
	}
	if d.slow != "" {
		after := d.slowAfter
		if after <= 0 {
			after = 2 * time.Second
		}
		say = append(say, yaml.MapItem{Key: "slow", Value: yaml.MapSlice{{Key: "after", Value: after.String()}, {Key: "en", Value: d.slow}}})
	}
	if d.failed != "" {
		say = append(say, yaml.MapItem{Key: "failed", Value: map[string]string{"en": d.failed}})
	}
	if len(say) > 0 {
		doc = append(doc, yaml.MapItem{Key: "say", Value: say})
	}
	run := yaml.MapSlice{{Key: "method", Value: d.method}, {Key: "url", Value: d.url}}
	if len(d.headers) > 0 {
		run = append(run, yaml.MapItem{Key: "headers", Value: d.headers})
	}
	if len(d.query) > 0 {
		run = append(run, yaml.MapItem{Key: "query", Value: d.query})
	}
	if d.body != nil && !read {
		run = append(run, yaml.MapItem{Key: "body", Value: d.body})
	}
	return append(doc, yaml.MapItem{Key: "run", Value: yaml.MapSlice{{Key: "http", Value: run}}})
}
