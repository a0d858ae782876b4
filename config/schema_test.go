package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"parley/internal/yamltree"
)

// compiled is our schema, checked against the meta-schema of 2020-12 as well.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("parley.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("parley.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate checks a file against the schema.
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

// TestSchemaAgrees holds the schema and the reader to one opinion.
func TestSchemaAgrees(t *testing.T) {
	s := compiled(t)
	right := []string{
		full, "{}", "llm: [{engine: rules}]", "tts: {speed: 1.5}", "asr: {engine: local, threads: 2}", "interrupt: {after: 0}", "turn:\n", "asr: {threads: 0}",
		"llm: [{engine: openai, base_url: 'http://h/v1', model: m}]", "limits: {conversation: 1h30m}", `asr: {engine: openai, model: m, base_url: "http://h", api_key: ""}`,
	}
	for _, in := range right {
		if _, err := Parse("x", []byte(in), env); err != nil {
			t.Errorf("the reader refuses %s: %v", in, err)
		}
		if err := validate(t, s, in); err != nil {
			t.Errorf("the schema refuses %s: %v", in, err)
		}
	}
	wrong := []string{
		"asr: {engin: local}", "asr: {engine: opnai}", "asr: {model: m}", "asr: {engine: openai}", "asr: {engine: openai, base_url: 'http://h', model: ''}",
		"llm: []", "llm: {engine: rules}", "llm: [{model: m}]", "llm: [{engine: rules, model: m}]", "interrupt: {after: 240}", "interrupt: {after: soon}",
		"limits: {calls: 1.5}", "limits: {calls: 0}", "limits: {calls: many}", "shop: {name: 4711}", "tts: {engine: openai, base_url: 'http://h', model: m}",
		"tts: {speed: 9}", "tts: {voice: alloy}", "webrtc: {turn: [{urls: ['turn:h'], username: u}]}", "webrtc: {turn: [{urls: [], username: u, credential: '${KEY}'}]}",
		"asr: {engine: openai, model: m, base_url: 'http://h', api_key: sk-plain}", "hello: 1", "log: {level: loud}", "- 1",
	}
	for _, in := range wrong {
		if _, err := Parse("x", []byte(in), env); err == nil {
			t.Errorf("the reader takes %s", in)
		}
		if err := validate(t, s, in); err == nil {
			t.Errorf("the schema takes %s", in)
		}
	}
}

// TestSchemaHasEveryKey finds every key in the schema, with a description.
func TestSchemaHasEveryKey(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	for _, key := range Keys() {
		at := root
		for part := range strings.SplitSeq(key, ".") {
			if part == "*" {
				at = at["additionalProperties"].(map[string]any)
				continue
			}
			name, list := strings.CutSuffix(part, "[]")
			props, _ := at["properties"].(map[string]any)
			next, ok := props[name].(map[string]any)
			if !ok {
				t.Fatalf("the schema lacks %s", key)
			}
			if d, _ := next["description"].(string); len(d) < 8 {
				t.Errorf("%s has no description", key)
			}
			if at = next; list {
				at = next["items"].(map[string]any)
			}
		}
	}
	if !bytes.Equal(Schema(), Schema()) {
		t.Error("the schema changes from call to call")
	}
}

// TestTagsAreRight checks what the compiler cannot: the tags.
func TestTagsAreRight(t *testing.T) {
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		if typ == reflect.TypeFor[Hidden]() {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			if f.Tag.Get("yaml") == "" {
				t.Errorf("%s.%s is no key", typ, f.Name)
			}
			for _, tag := range []string{"need", "engine"} {
				for n := range strings.SplitSeq(f.Tag.Get(tag), ",") {
					engine, _ := yamltree.FieldOf(typ, "engine")
					if n != "" && n != "*" && !yamltree.IsFor(engine.Tag.Get("enum"), n) {
						t.Errorf("%s.%s: %s %q is no engine", typ, f.Name, tag, n)
					}
				}
			}
			if c := f.Tag.Get("check"); c != "" && complain(c, " ", "") == "" {
				t.Errorf("%s.%s: the check %q does not exist", typ, f.Name, c)
			}
			duration := f.Type == reflect.TypeFor[time.Duration]()
			bounded := duration || f.Type.Kind() == reflect.Int || f.Type.Kind() == reflect.Float64
			if bounded != (f.Tag.Get("min") != "" && f.Tag.Get("max") != "") && f.Type.Kind() != reflect.Pointer {
				t.Errorf("%s.%s: a number needs both bounds, anything else none", typ, f.Name)
			}
			if duration {
				low, errLow := time.ParseDuration(f.Tag.Get("min"))
				high, errHigh := time.ParseDuration(f.Tag.Get("max"))
				if errLow != nil || errHigh != nil || low >= high {
					t.Errorf("%s.%s: bounds %s and %s", typ, f.Name, low, high)
				}
			}
			switch {
			case f.Type.Kind() == reflect.Struct:
				walk(f.Type)
			case (f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Map) && f.Type.Elem().Kind() == reflect.Struct:
				walk(f.Type.Elem())
			}
		}
	}
	walk(reflect.TypeFor[Config]())
}
