package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// argumentSchema is what is asked of a schema to read a value by.
type argumentSchema struct {
	Type       any                       `json:"type"`
	Items      *argumentSchema           `json:"items"`
	Properties map[string]argumentSchema `json:"properties"`
}

// types are the types that a value may have.
func (s *argumentSchema) types() []string {
	switch t := s.Type.(type) {
	case string:
		return []string{t}
	case []any:
		var all []string
		for _, v := range t {
			if name, ok := v.(string); ok {
				all = append(all, name)
			}
		}
		return all
	}
	return nil
}

// readArguments makes a tool's arguments from KEY=VALUE, each read as the schema
// says. Whether they fit the schema, the tool checks.
func readArguments(pairs []string, parameters json.RawMessage) (json.RawMessage, error) {
	var schema argumentSchema
	if err := json.Unmarshal(parameters, &schema); err != nil {
		return nil, fmt.Errorf("reading the tool's schema: %w", err)
	}
	args := map[string]json.RawMessage{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%q is no argument; write key=value", pair)
		}
		if _, twice := args[key]; twice {
			return nil, fmt.Errorf("the argument %s is given twice; write a list as %s=a,b", key, key)
		}
		property := schema.Properties[key]
		raw, err := property.read(value)
		if err != nil {
			return nil, fmt.Errorf("the argument %s: %w", key, err)
		}
		args[key] = raw
	}
	return json.Marshal(args)
}

// read reads a value: as the first of the schema's types that it can be.
func (s *argumentSchema) read(value string) (json.RawMessage, error) {
	types := s.types()
	var failed error
	for _, t := range types {
		raw, err := s.readAs(t, value)
		if err == nil {
			return raw, nil
		}
		failed = err
	}
	if failed != nil {
		return nil, failed
	}
	return json.Marshal(value) // nothing is said of it
}

func (s *argumentSchema) readAs(kind, value string) (json.RawMessage, error) {
	asJSON := func(opening, what string) (json.RawMessage, error) {
		raw := bytes.TrimSpace([]byte(value))
		if !json.Valid(raw) || !strings.ContainsAny(opening, string(raw[:1])) {
			return nil, fmt.Errorf("%q is no %s", value, what)
		}
		return raw, nil
	}
	switch kind {
	case "integer", "number":
		return asJSON("-0123456789", "number")
	case "boolean":
		b, err := strconv.ParseBool(value)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", value)
		}
		return json.Marshal(b)
	case "null":
		return asJSON("n", "null")
	case "object":
		return asJSON("{", "JSON object, such as {\"size\": \"M\"}")
	case "array":
		if strings.HasPrefix(strings.TrimSpace(value), "[") {
			return asJSON("[", "JSON list")
		}
		list := []json.RawMessage{}
		for item := range strings.SplitSeq(value, ",") {
			item = strings.TrimSpace(item)
			if item == "" {
				continue
			}
			items := s.Items
			if items == nil {
				items = &argumentSchema{}
			}
			raw, err := items.read(item)
			if err != nil {
				return nil, err
			}
			list = append(list, raw)
		}
		return json.Marshal(list)
	}
	return json.Marshal(value)
}
