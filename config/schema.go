package config

import (
	"encoding/json"
	"reflect"

	"parley/internal/yamltree"
)

// Schema is the JSON Schema (2020-12) of the file, for editors. It says less than
// [Load] checks: not how long a duration is, nor whether a variable is set.
func Schema() []byte {
	root := yamltree.Schema(*Default())
	root["title"] = "parley.yaml"
	root["description"] = "The config of Parley. A text may hold ${NAME} for an environment variable."
	root["type"] = []string{"object", "null"}
	if llm, ok := root["properties"].(map[string]any)["llm"].(map[string]any); ok {
		llm["minItems"], llm["default"] = 1, []map[string]any{{"engine": Default().LLM[0].Engine}}
	}
	// Marshal sorts the keys, so the schema is the same each time. It cannot fail:
	// the tree holds maps, lists, strings, numbers and booleans.
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil
	}
	return append(out, '\n')
}

// Keys lists every key of the file as a path, sorted: "asr.engine", "llm[].model".
// Tests use it to hold the documentation to the truth.
func Keys() []string { return yamltree.Keys(reflect.TypeFor[Config]()) }
