package policy

import (
	"encoding/json"

	"parley/internal/yamltree"
)

// Schema is the JSON Schema (2020-12) of a policy file, for editors. It says less than
// [Parse] checks: not whether CEL is right, nor what the examples come to.
func Schema() []byte {
	root := yamltree.Schema(document{})
	root["title"] = "A policy of Parley"
	root["description"] = "What may be returned, and what is offered when a parcel goes wrong: rules of which the first that holds gives the answer, each with examples."
	// Marshal sorts the keys, so the schema is the same each time. It cannot fail:
	// the tree holds maps, lists, strings, numbers and booleans.
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil
	}
	return append(out, '\n')
}
