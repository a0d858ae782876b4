// Package template fills the values of tool files: {{ order_id }} is an argument,
// {{ caller.customer_id }} who is calling, {{ conversation.id }} where. There is
// nothing else in it, no condition and no function, so a file cannot reach what
// it is not given.
package template

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"parley/tools"
)

// Template is a text with values to be filled in. Its zero value is "". It does not
// change and is safe for use by many goroutines.
type Template struct {
	source string
	parts  []part
}

// part is a piece of text, or the path of a value.
type part struct{ text, path string }

// path of a value: the name of an argument, or one of the groups and a name in it.
var path = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`)

// The groups and what is in them; any other path is an argument's.
var groups = map[string][]string{
	"caller":       {"customer_id", "name", "language"},
	"conversation": {"id", "language", "turn"},
}

// Parse reads a template. The error says what is wrong with which placeholder.
func Parse(source string) (Template, error) {
	t := Template{source: source}
	rest := source
	for {
		before, after, found := strings.Cut(rest, "{{")
		if before != "" {
			t.parts = append(t.parts, part{text: before})
		}
		if !found {
			return t, nil
		}
		inner, left, closed := strings.Cut(after, "}}")
		if !closed {
			return Template{}, fmt.Errorf("%q has {{ without }}", source)
		}
		name := strings.TrimSpace(inner)
		if !path.MatchString(name) {
			return Template{}, fmt.Errorf("{{%s}} names no value; write an argument's name, or caller.customer_id, caller.name, caller.language, conversation.id, conversation.language or conversation.turn", inner)
		}
		if group, field, grouped := strings.Cut(name, "."); grouped {
			if known, ok := groups[group]; ok && !slices.Contains(known, field) {
				return Template{}, fmt.Errorf("{{ %s }}: %s has %s", name, group, strings.Join(known, ", "))
			}
		}
		t.parts = append(t.parts, part{path: name})
		rest = left
	}
}

// String is the template as it was written.
func (t Template) String() string { return t.source }

// Arguments lists the arguments that the template names, each once.
func (t Template) Arguments() []string {
	var names []string
	for _, p := range t.parts {
		name, _, _ := strings.Cut(p.path, ".")
		if _, group := groups[name]; name == "" || group || slices.Contains(names, name) {
			continue
		}
		names = append(names, name)
	}
	return names
}

// Expand fills the template in for a call. escape, which may be nil, is applied to
// each value and to none of the text around them. An argument that the call does
// not have is "".
func (t Template) Expand(call tools.Call, escape func(string) string) (string, error) {
	var args map[string]any
	var b strings.Builder
	for _, p := range t.parts {
		if p.path == "" {
			b.WriteString(p.text)
			continue
		}
		value, known := identity(p.path, call)
		if !known {
			if args == nil {
				decoder := json.NewDecoder(strings.NewReader(string(call.Arguments)))
				decoder.UseNumber()
				if err := decoder.Decode(&args); err != nil {
					return "", fmt.Errorf("reading the arguments for %q: %w", t.source, err)
				}
			}
			value = text(lookup(args, p.path))
		}
		if escape != nil {
			value = escape(value)
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// identity is a value of the groups, which no model supplies.
func identity(path string, call tools.Call) (string, bool) {
	switch path {
	case "caller.customer_id":
		return call.Caller.CustomerID, true
	case "caller.name":
		return call.Caller.Name, true
	case "caller.language":
		return call.Caller.Language, true
	case "conversation.id":
		return call.Conversation.ID, true
	case "conversation.language":
		return call.Conversation.Language, true
	case "conversation.turn":
		return fmt.Sprint(call.Conversation.Turn), true
	}
	return "", false
}

func lookup(value map[string]any, path string) any {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return value[name]
	}
	inner, ok := value[name].(map[string]any)
	if !ok {
		return nil
	}
	return lookup(inner, rest)
}

// text writes a value as it stands in a URL or a header; what is no scalar is
// written as JSON.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(raw)
}
