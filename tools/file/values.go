package file

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/text/language"

	"parley/internal/yamltree"
	"parley/tools"
	"parley/tools/template"
)

// anything is a JSON value, with where its parts stand.
type anything struct {
	value any
	// texts are the texts in it, for templates and references.
	texts []text
}

// text is a text of the file.
type text struct {
	value, path string
}

// ReadYAML takes any value that JSON can hold.
func (a *anything) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	a.value = a.read(r, n, path)
}

// YAMLSchema takes anything.
func (a *anything) YAMLSchema() map[string]any { return map[string]any{} }

func (a *anything) read(r *yamltree.Reader, n ast.Node, path string) any {
	r.Note(path, n)
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode:
		return n.Value
	case *ast.FloatNode:
		return n.Value
	case *ast.StringNode, *ast.LiteralNode:
		s, _ := r.Text(n, path)
		a.texts = append(a.texts, text{s, path})
		return s
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, v := range n.Values {
			list[i] = a.read(r, v, fmt.Sprintf("%s[%d]", path, i))
		}
		return list
	case *ast.MappingNode, *ast.MappingValueNode:
		object := map[string]any{}
		r.EachPair(n, path, "keys and values", func(name string, _, value ast.Node, below string) {
			object[name] = a.read(r, value, below)
		})
		return object
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		r.FailAlias(n, path)
	default:
		r.Fail(n, path, "%s is nothing that JSON can hold", yamltree.Kind(n))
	}
	return nil
}

// parameters is the JSON Schema of the arguments.
type parameters struct {
	given    bool
	json     json.RawMessage
	compiled tools.Schema
	// properties are the names of the arguments.
	properties []string
}

// ReadYAML takes a schema and finds what is wrong with it.
func (p *parameters) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	p.given = true
	before := len(r.Errors())
	var a anything
	a.ReadYAML(r, n, path)
	if len(r.Errors()) > before {
		return
	}
	object, ok := a.value.(map[string]any)
	if !ok {
		r.Fail(n, path, "%s where a JSON Schema is needed: {type: object, properties: {…}}", yamltree.Kind(n))
		return
	}
	if object["type"] == nil {
		r.Fail(n, path, "the key \"type\" is missing; arguments are an object: \"type: object\"")
		return
	}
	raw, err := json.Marshal(object)
	if err != nil {
		r.Fail(n, path, "the schema cannot be written as JSON: %v", err)
		return
	}
	if object["type"] != "object" {
		r.FailAt(r.Place(path+".type"), path+".type", fmt.Sprintf("the type is %v; arguments are an object: \"type: object\"", object["type"]))
		return
	}
	compiled, faults := tools.CheckSchema(raw)
	p.compiled = compiled
	for _, fault := range faults {
		below := path
		for _, part := range fault.Path {
			if r.Given(below + "[" + part + "]") {
				below += "[" + part + "]"
				continue
			}
			below = yamltree.Join(below, part)
		}
		r.FailAt(r.Place(below), below, "no JSON Schema: "+fault.Message)
	}
	properties, _ := object["properties"].(map[string]any)
	p.properties, p.json = slices.Sorted(maps.Keys(properties)), raw
	for _, name := range stringsOf(object["required"]) {
		if _, ok := properties[name]; !ok {
			below := path + ".required"
			r.FailAt(r.Place(below), below, fmt.Sprintf("%q is required and is no property%s", name, yamltree.Suggestion(name, p.properties)))
		}
	}
}

// YAMLSchema refers to the meta-schema.
func (p *parameters) YAMLSchema() map[string]any {
	return map[string]any{
		"type": "object", "required": []string{"type"}, "properties": map[string]any{"type": map[string]any{"const": "object"}},
		"allOf": []map[string]any{{"$ref": "https://json-schema.org/draft/2020-12/schema"}},
	}
}

// schema is what the model is told.
func (p *parameters) schema() json.RawMessage {
	if !p.given {
		return json.RawMessage(`{"type":"object","properties":{},"additionalProperties":false}`)
	}
	return p.json
}

func stringsOf(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// condition is a CEL expression.
type condition struct {
	source   string
	compiled tools.Condition
}

// ReadYAML takes an expression and finds what is wrong with it.
func (c *condition) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	source, ok := r.Text(n, path)
	if !ok {
		return
	}
	c.source = source
	compiled, faults := tools.CheckCondition(source)
	c.compiled = compiled
	for _, fault := range faults {
		at := yamltree.At(n)
		if s, ok := n.(*ast.StringNode); ok && fault.Line == 1 {
			at.Column += fault.Column
			if at != yamltree.At(n) && quoted(s) {
				at.Column++
			}
		} else if !ok {
			at.Line += fault.Line // the text of a block begins on the line below
			at.Column = 1
		}
		r.FailAt(at, path, "no condition: "+fault.Message+"; write CEL such as caller.verified && args.amount <= 100")
	}
}

// quoted says whether a text stands in quotes.
func quoted(n *ast.StringNode) bool {
	return strings.HasPrefix(strings.TrimSpace(n.Token.Origin), `"`) || strings.HasPrefix(strings.TrimSpace(n.Token.Origin), "'")
}

// YAMLSchema is that of a text.
func (c *condition) YAMLSchema() map[string]any { return map[string]any{"type": "string"} }

// phrases are texts by language.
type phrases struct{ texts map[string]string }

// ReadYAML takes texts by language.
func (p *phrases) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	r.EachPair(n, path, "a text for each language, such as en: One moment.", func(name string, key, value ast.Node, below string) {
		p.add(r, name, key, value, below)
	})
}

func (p *phrases) add(r *yamltree.Reader, name string, key, value ast.Node, path string) {
	if tag, err := language.Parse(name); err != nil || tag == language.Und {
		r.Fail(key, path, "%q is no language; write a BCP 47 tag such as en, id or zh-Hans", name)
		return
	}
	said, ok := r.Text(value, path)
	switch {
	case !ok:
		return
	case strings.TrimSpace(said) == "":
		r.Fail(value, path, "the phrase is empty; leave the language out")
		return
	case strings.Contains(said, "{{"):
		r.Fail(value, path, "a phrase is said as it stands; {{ }} is not filled in here")
		return
	}
	if p.texts == nil {
		p.texts = map[string]string{}
	}
	p.texts[name] = said
}

// languageKeys is the schema of phrases; what a language's tag looks like is told
// loosely.
func languageKeys() map[string]any {
	return map[string]any{
		"type": "object", "additionalProperties": false,
		"patternProperties": map[string]any{"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$": map[string]any{"type": "string", "minLength": 1}},
		"properties":        map[string]any{"en": map[string]any{"type": "string", "description": "In English, which is also said when the caller's language is not here."}},
	}
}

// YAMLSchema is that of texts by language.
func (p *phrases) YAMLSchema() map[string]any { return languageKeys() }

// slow are texts by language beside the time after which they are said.
type slow struct {
	phrases
	after time.Duration
}

// ReadYAML takes texts by language, and after.
func (s *slow) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	given := false
	r.EachPair(n, path, "after: 2s and a text for each language", func(name string, key, value ast.Node, below string) {
		if name != "after" {
			s.add(r, name, key, value, below)
			return
		}
		given = true
		s.after = r.Duration(value, below, 100*time.Millisecond, time.Minute)
	})
	if _, mapping := yamltree.Pairs(n); mapping && !given {
		r.Fail(n, path, "the key \"after\" is missing; write how long the tool may take before this is said, such as after: 2s")
	}
}

// YAMLSchema is that of texts by language, and after.
func (s *slow) YAMLSchema() map[string]any {
	schema := languageKeys()
	schema["required"] = []string{"after"}
	if properties, ok := schema["properties"].(map[string]any); ok {
		properties["after"] = map[string]any{"type": "string", "pattern": yamltree.DurationPattern, "description": "How long the tool has taken when this is said, such as 2s."}
	}
	return schema
}

// with are the arguments that the file supplies.
type with struct {
	values map[string]any // a text is a template.Template
	texts  []text
}

// ReadYAML takes names and plain values.
func (w *with) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	w.values = map[string]any{}
	r.EachPair(n, path, "names and values, such as customer_id: \"{{ caller.customer_id }}\"", func(name string, _, value ast.Node, below string) {
		switch v := value.(type) {
		case *ast.BoolNode:
			w.values[name] = v.Value
		case *ast.IntegerNode:
			w.values[name] = v.Value
		case *ast.FloatNode:
			w.values[name] = v.Value
		case *ast.StringNode, *ast.LiteralNode:
			s, _ := r.Text(value, below)
			t, err := template.Parse(s)
			if err != nil {
				r.Fail(value, below, "%v", err)
				return
			}
			w.values[name] = t
			w.texts = append(w.texts, text{s, below})
		default:
			r.Fail(value, below, "%s where a text, a number, true or false is needed", yamltree.Kind(value))
		}
	})
}

// YAMLSchema is that of names and plain values.
func (w *with) YAMLSchema() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": map[string]any{"type": []string{"string", "number", "boolean"}}}
}

// wrap has the values join the arguments, and win over them, when the arguments have
// passed their check.
func (w *with) wrap(run tools.Run) tools.Run {
	if len(w.values) == 0 {
		return run
	}
	return func(ctx context.Context, call tools.Call) (any, error) {
		var args map[string]json.RawMessage
		if err := json.Unmarshal(call.Arguments, &args); err != nil {
			return nil, fmt.Errorf("reading the arguments of %s: %w", call.Name, err)
		}
		if args == nil {
			args = map[string]json.RawMessage{}
		}
		added := make(map[string]json.RawMessage, len(w.values))
		for name, value := range w.values {
			if t, ok := value.(template.Template); ok {
				said, err := t.Expand(call, nil)
				if err != nil {
					return nil, err
				}
				value = said
			}
			raw, err := json.Marshal(value)
			if err != nil {
				return nil, fmt.Errorf("writing the argument %s of %s: %w", name, call.Name, err)
			}
			added[name] = raw
		}
		maps.Copy(args, added)
		merged, err := json.Marshal(args)
		if err != nil {
			return nil, fmt.Errorf("writing the arguments of %s: %w", call.Name, err)
		}
		call.Arguments = merged
		return run(ctx, call)
	}
}
