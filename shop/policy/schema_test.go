package policy

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestSchema holds the embedded policy, and some that are wrong, to the schema.
func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("policy.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("policy.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct {
		from, to string
		wrong    bool
	}{
		{"", "", false}, {"id: hygiene", "ids: hygiene", true}, {"offer: wait", "offer: cake", true},
		{"window_days: 30", "window_days: -1", true}, {"who_pays: shop", "who_pays: nobody", true}, {"problems:", "problem:", true},
	} {
		raw, err := yaml.YAMLToJSON(bytes.Replace(embedded, []byte(change.from), []byte(change.to), 1))
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); (err != nil) != change.wrong {
			t.Errorf("%q for %q: %v", change.to, change.from, err)
		}
	}
}
