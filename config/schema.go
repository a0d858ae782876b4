package config

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// durationPattern is a duration as time.ParseDuration takes it, without a sign.
	durationPattern = `^(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`
	// referencePattern is a reference to an environment variable.
	referencePattern = `^(\$\{[A-Za-z_][A-Za-z0-9_]*\})?$`
)

// Schema is the JSON Schema (2020-12) of the file, for editors. It says less than
// [Load] checks: not how long a duration is, nor whether a variable is set.
func Schema() []byte {
	root := structSchema(reflect.TypeFor[Config](), reflect.ValueOf(*Default()))
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "parley.yaml"
	root["description"] = "The config of Parley. A text may hold ${NAME} for an environment variable."
	root["type"] = []string{"object", "null"}
	// Marshal sorts the keys, so the schema is the same each time. It cannot fail:
	// the tree holds maps, lists, strings, numbers and booleans.
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil
	}
	return append(out, '\n')
}

type schema = map[string]any

// structSchema describes a mapping. def holds the defaults; it may be invalid.
func structSchema(t reflect.Type, def reflect.Value) schema {
	props, required := schema{}, []string{}
	conditions := map[string]schema{} // by engine
	for f := range fields(t) {
		name := f.Tag.Get("yaml")
		var value reflect.Value
		if def.IsValid() {
			value = def.FieldByIndex(f.Index)
		}
		props[name] = fieldSchema(f, value)
		switch need := f.Tag.Get("need"); need {
		case "":
		case "*":
			required = append(required, name)
		default:
			for engine := range strings.SplitSeq(need, ",") {
				rule := condition(conditions, engine)
				rule["required"] = append(rule["required"].([]string), name)
			}
		}
	}
	s := schema{"type": "object", "additionalProperties": false, "properties": props}
	if len(required) > 0 {
		s["required"] = required
	}
	var all []schema
	if engine, ok := fieldOf(t, "engine"); ok {
		for e := range strings.SplitSeq(engine.Tag.Get("enum"), ",") {
			rule := condition(conditions, e)
			for f := range fields(t) {
				if !isFor(f.Tag.Get("engine"), e) {
					rule["properties"].(schema)[f.Tag.Get("yaml")] = false
				}
			}
			all = append(all, schema{"if": engineIs(e, engine, def), "then": rule})
		}
	}
	if len(all) > 0 {
		s["allOf"] = all
	}
	return s
}

// condition finds or makes the rule for an engine.
func condition(conditions map[string]schema, engine string) schema {
	if conditions[engine] == nil {
		conditions[engine] = schema{"required": []string{}, "properties": schema{}}
	}
	return conditions[engine]
}

// engineIs is true for a mapping of one engine; without a key it is the default's.
func engineIs(engine string, f reflect.StructField, def reflect.Value) schema {
	s := schema{"properties": schema{"engine": schema{"const": engine}}}
	if !def.IsValid() || def.FieldByIndex(f.Index).String() != engine {
		s["required"] = []string{"engine"}
	}
	return s
}

// fieldSchema describes one key.
func fieldSchema(f reflect.StructField, def reflect.Value) schema {
	s := typeSchema(f.Type, f.Tag, def)
	s["description"] = f.Tag.Get("doc")
	if def.IsValid() && !def.IsZero() {
		switch v := def.Interface().(type) {
		case time.Duration:
			s["default"] = v.String()
		case string, int, float64, bool:
			s["default"] = v
		case []LLM:
			s["default"] = []schema{{"engine": v[0].Engine}}
		}
	}
	return s
}

// typeSchema describes a type under the tag of its field.
func typeSchema(t reflect.Type, tag reflect.StructTag, def reflect.Value) schema {
	switch {
	case t.Kind() == reflect.Pointer:
		return typeSchema(t.Elem(), tag, reflect.Value{})
	case t.Kind() == reflect.Struct:
		s := structSchema(t, def)
		s["type"] = []string{"object", "null"} // a key with nothing behind it
		return s
	case t.Kind() == reflect.Slice:
		items := typeSchema(t.Elem(), tag, reflect.Value{})
		if t.Elem().Kind() == reflect.Struct {
			items["type"] = "object"
		}
		s := schema{"type": "array", "items": items}
		if tag.Get("yaml") == "llm" || tag.Get("need") == "*" {
			s["minItems"] = 1
		}
		return s
	case t == durationType:
		return schema{"anyOf": []schema{{"type": "string", "pattern": durationPattern}, {"const": 0}}}
	case t == secretType:
		return schema{"type": "string", "pattern": referencePattern}
	case t.Kind() == reflect.Bool:
		return schema{"type": "boolean"}
	case t.Kind() == reflect.Int, t.Kind() == reflect.Float64:
		return numberSchema(t, tag)
	}
	s := schema{"type": "string"}
	if enum := tag.Get("enum"); enum != "" {
		s["enum"] = strings.Split(enum, ",")
	} else if tag.Get("need") != "" {
		s["minLength"] = 1
	}
	return s
}

func numberSchema(t reflect.Type, tag reflect.StructTag) schema {
	s := schema{"type": "number"}
	if t.Kind() == reflect.Int {
		s["type"] = "integer"
	}
	for key, name := range map[string]string{"min": "minimum", "max": "maximum"} {
		if f, err := strconv.ParseFloat(tag.Get(key), 64); err == nil {
			s[name] = f
		}
	}
	if optional(tag) && s["minimum"] != 0.0 {
		return schema{"anyOf": []schema{s, {"const": 0}}}
	}
	return s
}

// Keys lists every key of the file as a path, sorted: "asr.engine", "llm[].model".
// Tests use it to hold the documentation to the truth.
func Keys() []string {
	var out []string
	var walk func(t reflect.Type, path string)
	walk = func(t reflect.Type, path string) {
		for f := range fields(t) {
			p := join(path, f.Tag.Get("yaml"))
			switch {
			case f.Type.Kind() == reflect.Struct:
				walk(f.Type, p)
			case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
				walk(f.Type.Elem(), p+"[]")
			default:
				out = append(out, p)
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
	slices.Sort(out)
	return out
}
