package file

import (
	"encoding/json"

	"parley/internal/yamltree"
)

// Schema is the JSON Schema (2020-12) of a tool file, for editors. It says less than
// [Parse] checks: not whether a builtin exists, nor whether a template's argument
// does.
func Schema() []byte {
	root := yamltree.Schema(document{})
	root["title"] = "A tool file of Parley"
	root["description"] = "One tool of the agent: what the model is told, what must hold before it runs, what callers hear, and how it runs."
	properties, _ := root["properties"].(map[string]any)
	if name, ok := properties["name"].(map[string]any); ok {
		name["pattern"] = namePattern.String()
	}
	if run, ok := properties["run"].(map[string]any); ok {
		run["type"], run["minProperties"], run["maxProperties"] = "object", 1, 1
	}
	for key, value := range map[string]any{"confirm": "none", "on_duplicate": "reject", "timeout": "5s", "disabled": false} {
		if property, ok := properties[key].(map[string]any); ok {
			property["default"] = value
		}
	}
	// A file that takes a tool away needs only its name.
	root["required"] = []string{"name"}
	root["if"] = map[string]any{"properties": map[string]any{"disabled": map[string]any{"const": true}}, "required": []string{"disabled"}}
	root["then"] = true
	root["else"] = map[string]any{"required": []string{"description", "effect", "run"}}
	root["allOf"] = []any{map[string]any{
		"if":   map[string]any{"properties": map[string]any{"effect": map[string]any{"const": "write"}}, "required": []string{"effect"}},
		"then": map[string]any{"properties": map[string]any{"on_interrupt": map[string]any{"enum": []string{"finish"}}}},
	}}
	// Marshal sorts the keys, so the schema is the same each time. It cannot fail:
	// the tree holds maps, lists, strings, numbers and booleans.
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil
	}
	return append(out, '\n')
}
