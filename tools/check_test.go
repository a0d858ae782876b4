package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestCheckConditionSaysWhere(t *testing.T) {
	for source, want := range map[string]string{
		"": "", "caller.verified && args.amount <= 100": "", "conversation.turn > 3 || 'x' in args": "",
		"caller.verifed":                        "1:6 caller has no verifed; it has customer_id, name, verified, language",
		"caller.verified &&\n conversation.day": "2:13 conversation has no day; it has id, language, turn",
		"customer.verified":                     "1:0 undeclared reference to 'customer'",
		"a && b":                                "1:0 undeclared reference to 'a', 1:5 undeclared reference to 'b'",
		"caller.verified &&":                    "1:18 Syntax error: mismatched input '<EOF>'",
		"1 + 1":                                 `1:0 "1 + 1" gives int; a condition gives true or false`,
	} {
		compiled, faults := CheckCondition(source)
		var got []string
		for _, f := range faults {
			got = append(got, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Message))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: %s", source, strings.Join(got, ", "))
		}
		if (compiled.compiled != nil) != (want == "" && source != "") {
			t.Errorf("%q: compiled %v", source, compiled)
		}
	}
}

func TestCheckSchemaSaysWhere(t *testing.T) {
	for schema, want := range map[string]string{
		`{"type":"object"}`: "",
		`{"type":"object","properties":{"a":{"type":"sting"}}}`:              "[properties a type] value must be one of",
		`{"type":"object","properties":{"a/b":{"minimum":"x"}}}`:             "[properties a/b minimum] got string, want number",
		`{"type":"object","properties":{"a":{"pattern":"["}}}`:               "[properties a pattern] '[' is not valid regex",
		`{"type":"object","properties":{"a":{"$ref":"file:///etc/passwd"}}}`: "a schema refers to nothing outside itself",
		`{"type":"object","properties":{"a":{"$ref":"http://h/x.json"}}}`:    "a schema refers to nothing outside itself",
		`{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}}}`:          "not found",
		`{"type":"array"}`: "arguments are an object",
		`[`:                "reading the schema",
	} {
		_, faults := CheckSchema(json.RawMessage(schema))
		var got string
		for _, f := range faults {
			got += fmt.Sprint(f.Path, " ", f.Message)
		}
		if (got == "") != (want == "") || !strings.Contains(got, want) || len(faults) > 1 {
			t.Errorf("%s: %s", schema, got)
		}
	}
}

func TestACompiledToolIsTakenAsItIs(t *testing.T) {
	def := Definition{Name: "a", Description: "d", Effect: Read, Parameters: json.RawMessage(`{"type":"object"}`), Requires: "caller.verified"}
	tool, err := New(def, func(_ context.Context, _ Call) (any, error) { return 1, nil }).Compile()
	if err != nil {
		t.Fatal(err)
	}
	again, err := tool.Compile()
	if err != nil || again.schema != tool.schema || again.requires != tool.requires || again.Timeout != DefaultTimeout {
		t.Errorf("%+v, %v", again, err)
	}
	for _, wrong := range []Definition{{Name: "a"}, {Name: "a", Description: "d", Effect: "blue"}, {Name: "a", Description: "d", Effect: Read, Parameters: json.RawMessage(`{}`)}} {
		if _, err := New(wrong, nil).Compile(); err == nil {
			t.Errorf("%+v compiles", wrong)
		}
	}
}
