package file

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("tool.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("tool.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, in string) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(in))
	if err != nil {
		t.Fatalf("%s: %v", in, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// TestSchemaAgrees holds the schema to what the parser thinks of the same files.
func TestSchemaAgrees(t *testing.T) {
	s := compiled(t)
	for _, in := range []string{
		whole, ok, "name: a\ndisabled: true", ok + "timeout: 1.5s", ok + "say: {start: {zh-Hant-TW: x}, slow: {after: 1s, en: x}}",
		"name: a\ndescription: d\neffect: read\nrun: {mcp: {server: carrier, tool: t}}",
		"name: a\ndescription: d\neffect: write\nrun: {http: {method: POST, url: 'http://h', body: [1, {a: b}]}}",
	} {
		if _, err := Parse("x", []byte(in), runners()); err != nil {
			t.Errorf("the parser refuses %s: %v", in, err)
		}
		if err := validate(t, s, in); err != nil {
			t.Errorf("the schema refuses %s: %v", in, err)
		}
	}
	// What the schema need not know, it may let pass; what is of the shape, it must not.
	cases := wrongFiles()
	for _, name := range []string{
		"a list", "a word", "unknown key", "nothing but a name", "name, capital", "name, digit", "name, dash", "name, long", "name, number", "name, empty",
		"description, empty", "description, list", "effect, typo", "effect, bool", "confirm", "on_interrupt", "on_duplicate", "cancelled write",
		"timeout, no unit", "timeout, word", "parameters, list", "parameters, no type", "parameters, other type", "parameters, bad type", "parameters, bad keyword",
		"requires, number", "with, list", "with, text", "say, text", "say, no language", "say, unknown", "say, empty", "slow without after", "slow, no unit",
		"run, none", "run, missing", "run, nothing", "run, two", "run, unknown", "http, no method", "http, method", "http, no url", "header, list", "query, number",
		"private", "http, unknown key", "mcp, no tool", "disabled", "many",
	} {
		if err := validate(t, s, cases[name].in); err == nil {
			t.Errorf("the schema takes %q: %s", name, cases[name].in)
		}
	}
}

// TestSchemaHasEveryKey walks the parser's keys: each is in the schema and described.
func TestSchemaHasEveryKey(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	keys := Keys()
	if len(keys) < 25 {
		t.Fatalf("only %d keys: %v", len(keys), keys)
	}
	for _, key := range keys {
		at := root
		for part := range strings.SplitSeq(key, ".") {
			props, _ := at["properties"].(map[string]any)
			next, ok := props[part].(map[string]any)
			if !ok {
				t.Fatalf("the schema lacks %s", key)
			}
			if d, _ := next["description"].(string); len(d) < 8 {
				t.Errorf("%s has no description", key)
			}
			at = next
		}
	}
	if !bytes.Equal(Schema(), Schema()) {
		t.Error("the schema changes from call to call")
	}
}
