package yamltree

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// DurationPattern is a duration as time.ParseDuration takes it, without a sign.
	DurationPattern = `^(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`
)

type schema = map[string]any

// Schema is the JSON Schema (2020-12) of a file that is read into a struct like
// def, which holds the defaults. It says less than a reader checks: not how long a
// duration is, nor whether a variable is set.
func Schema(def any) map[string]any {
	v := reflect.ValueOf(def)
	root := structSchema(v.Type(), v)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return root
}

// structSchema describes a mapping. def holds the defaults; it may be invalid.
func structSchema(t reflect.Type, def reflect.Value) schema {
	props, required := schema{}, []string{}
	conditions := map[string]schema{} // by engine
	for f := range Fields(t) {
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
	if engine, ok := FieldOf(t, "engine"); ok {
		for e := range strings.SplitSeq(engine.Tag.Get("enum"), ",") {
			rule := condition(conditions, e)
			for f := range Fields(t) {
				if !IsFor(f.Tag.Get("engine"), e) {
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
		}
	}
	return s
}

// typeSchema describes a type under the tag of its field.
func typeSchema(t reflect.Type, tag reflect.StructTag, def reflect.Value) schema {
	if c, ok := reflect.TypeAssert[Custom](reflect.New(t)); ok {
		return c.YAMLSchema()
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return typeSchema(t.Elem(), tag, reflect.Value{})
	case t.Kind() == reflect.Struct:
		s := structSchema(t, def)
		s["type"] = []string{"object", "null"} // a key with nothing behind it
		return s
	case t.Kind() == reflect.Slice:
		items := typeSchema(t.Elem(), tag, reflect.Value{})
		if plainStruct(t.Elem()) {
			items["type"] = "object"
		}
		s := schema{"type": "array", "items": items}
		if tag.Get("need") == "*" {
			s["minItems"] = 1
		}
		return s
	case t.Kind() == reflect.Map:
		values := typeSchema(t.Elem(), tag, reflect.Value{})
		if plainStruct(t.Elem()) {
			values["type"] = "object"
		}
		return schema{"type": "object", "additionalProperties": values}
	case t == durationType:
		return schema{"anyOf": []schema{{"type": "string", "pattern": DurationPattern}, {"const": 0}}}
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

// plainStruct says whether a type is a mapping with keys of its own.
func plainStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(customType)
}

// Keys lists every key of a struct as a path, sorted: "asr.engine", "llm[].model",
// "mcp.*.url".
func Keys(t reflect.Type) []string {
	var out []string
	var walk func(t reflect.Type, path string)
	walk = func(t reflect.Type, path string) {
		for f := range Fields(t) {
			p, of := Join(path, f.Tag.Get("yaml")), f.Type
			if of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			switch {
			case plainStruct(of):
				walk(of, p)
			case of.Kind() == reflect.Slice && plainStruct(of.Elem()):
				walk(of.Elem(), p+"[]")
			case of.Kind() == reflect.Map && plainStruct(of.Elem()):
				walk(of.Elem(), p+".*")
			default:
				out = append(out, p)
			}
		}
	}
	walk(t, "")
	slices.Sort(out)
	return out
}
