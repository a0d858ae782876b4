package file

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"parley/internal/yamltree"
	"parley/tools"
)

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
