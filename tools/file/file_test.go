package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/tools"
	"parley/tools/httptool"
	"parley/tools/mcptool"
)

type parcelArgs struct {
	OrderID    string `json:"order_id"`
	CustomerID string `json:"customer_id"`
}

// echo answers with the arguments that it was run with.
func echo(_ context.Context, call tools.Call) (any, error) { return call.Arguments, nil }

// runners are ways of running for tests. An HTTP tool answers with its arguments.
func runners() Runners {
	return Runners{
		Builtins: []tools.Function{
			tools.Func("shop.track_parcel", tools.Read, func(_ context.Context, a parcelArgs, _ tools.Call) (any, error) { return a, nil }),
			tools.Func("shop.cancel_order", tools.Write, func(_ context.Context, a parcelArgs, _ tools.Call) (any, error) { return a, nil }),
			tools.Func("shop.list_orders", tools.Read, func(context.Context, struct{}, tools.Call) (any, error) { return nil, nil }),
		},
		HTTP: func(spec httptool.Spec, _ tools.Effect, _ time.Duration) (tools.Run, error) {
			if spec.Result == "$[" {
				return nil, errors.New("result: $[ is no JSONPath")
			}
			return echo, nil
		},
		MCP: func(spec mcptool.Spec) (tools.Run, error) {
			if spec.Server != "carrier" {
				return nil, fmt.Errorf("the config has no MCP server %q; it has carrier", spec.Server)
			}
			return echo, nil
		},
		Env: func(name string) (string, bool) { return "x", name == "SHOP_TOKEN" },
	}
}

// whole is the example of the documentation.
const whole = `name: track_parcel
description: Where a parcel is now and when it will arrive.
parameters:                      # JSON Schema
  type: object
  properties: {order_id: {type: string, pattern: '^#?W\d{5,7}$'}}
  required: [order_id]
effect: read                     # read | write
confirm: none
on_interrupt: finish
on_duplicate: reject
timeout: 6s
requires: "caller.verified"
with: {customer_id: "{{ caller.customer_id }}"}
say:
  start:  {en: Let me look that up., zh: 我帮您查一下。}
  slow:   {after: 2s, en: Still looking.}
  failed: {en: I cannot reach the carrier right now.}
run:
  http: {method: GET, url: "https://shop.example/orders/{{ order_id }}/tracking", headers: {Authorization: "Bearer ${SHOP_TOKEN}"}, result: "$.tracking"}
`

func TestTheWholeFormat(t *testing.T) {
	p, err := Parse("track_parcel.yaml", []byte(whole), runners())
	if err != nil {
		t.Fatal(err)
	}
	d := p.Tool.Definition
	if p.Name != "track_parcel" || p.At.Line != 1 || p.At.Column != 7 || p.Runs != "http GET" || len(p.Unset) > 0 || p.Disabled {
		t.Errorf("got %+v", p)
	}
	if d.Effect != tools.Read || d.Confirm != tools.ConfirmNone || d.OnInterrupt != tools.Finish || d.OnDuplicate != tools.Reject || d.Timeout != 6*time.Second || d.Requires != "caller.verified" {
		t.Errorf("got %+v", d)
	}
	if d.Say.Start["zh"] != "我帮您查一下。" || d.Say.SlowAfter != 2*time.Second || d.Say.Slow["en"] != "Still looking." || len(d.Say.Slow) != 1 || d.Say.Failed["en"] == "" {
		t.Errorf("say %+v", d.Say)
	}
	if len(d.Version) != 12 || strings.Contains(string(d.Parameters), "customer_id") {
		t.Errorf("version %q, parameters %s", d.Version, d.Parameters)
	}
	changed, err := Parse("x", []byte(whole+"# more\n"), runners())
	if err != nil || changed.Tool.Version == d.Version {
		t.Errorf("the version stays %q, %v", d.Version, err)
	}
}

func TestWithJoinsTheArgumentsAfterTheirCheck(t *testing.T) {
	in := "name: a\ndescription: d\neffect: read\nrequires: caller.verified\nwith: {customer_id: '{{ caller.customer_id }}', again: '{{ order_id }}!', limit: 3, all: true}\n" +
		"parameters: {type: object, properties: {order_id: {type: string}}}\nrun: {mcp: {server: carrier, tool: t}}"
	p, err := Parse("a.yaml", []byte(in), runners())
	if err != nil {
		t.Fatal(err)
	}
	set, err := tools.NewRegistry(nil, p.Tool)
	if err != nil {
		t.Fatal(err)
	}
	// The schema is open: a model may invent customer_id, and is overruled.
	call := tools.Call{Name: "a", Arguments: json.RawMessage(`{"order_id":"W1","customer_id":"someone_else"}`), Caller: tools.Caller{CustomerID: "me", Verified: true}}
	got, err := set.Run(t.Context(), call)
	if err != nil || string(got.JSON) != `{"again":"W1!","all":true,"customer_id":"me","limit":3,"order_id":"W1"}` {
		t.Errorf("%s, %v", got.JSON, err)
	}
	call.Caller.Verified = false
	if said := new(tools.Error); !errors.As(set.Check(call), &said) || said.Code != tools.Unverified {
		t.Errorf("an unverified caller: %v", said)
	}
}

func TestBuiltin(t *testing.T) {
	p, err := Parse("a.yaml", []byte("name: a\ndescription: d\neffect: read\nwith: {customer_id: '{{ caller.customer_id }}'}\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {builtin: shop.track_parcel}"), runners())
	if err != nil {
		t.Fatal(err)
	}
	set, err := tools.NewRegistry(nil, p.Tool)
	if err != nil {
		t.Fatal(err)
	}
	got, err := set.Run(t.Context(), tools.Call{Name: "a", Arguments: json.RawMessage(`{"order_id":"W1"}`), Caller: tools.Caller{CustomerID: "me"}})
	if err != nil || string(got.JSON) != `{"order_id":"W1","customer_id":"me"}` {
		t.Errorf("%s, %v", got.JSON, err)
	}
}

func TestDisabledNeedsOnlyAName(t *testing.T) {
	p, err := Parse("a.yaml", []byte("name: track_parcel\ndisabled: true\n"), runners())
	if err != nil || !p.Disabled || p.Name != "track_parcel" {
		t.Fatalf("%+v, %v", p, err)
	}
	for in, want := range map[string]string{
		"disabled: true":                        `x:1:1: the key "name" is missing; What models call the tool: a letter, then letters, digits and _, all small.`,
		"name: a\ndisabled: true\neffect: blue": `x:3:9: effect: "blue" is not possible; possible: read, write`,
	} {
		if _, err := Parse("x", []byte(in), runners()); err == nil || err.Error() != want {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestUnsetReferences(t *testing.T) {
	in := strings.ReplaceAll(whole, "SHOP_TOKEN", "NO_SUCH")
	p, err := Parse("x", []byte(in), runners())
	if err != nil || len(p.Unset) != 1 || p.Unset[0].Error() != "x:19:108: run.http.headers.Authorization: the environment variable NO_SUCH is not set" {
		t.Fatalf("%v, %v", p.Unset, err)
	}
	set, err := tools.NewRegistry(nil, p.Tool)
	if err != nil {
		t.Fatal(err)
	}
	_, err = set.Run(t.Context(), tools.Call{Name: "track_parcel", Arguments: json.RawMessage(`{"order_id":"W10001"}`), Caller: tools.Caller{Verified: true}})
	if said := new(tools.Error); !errors.As(err, &said) || said.Code != tools.Unavailable || !strings.Contains(said.Message, "NO_SUCH") {
		t.Errorf("got %v", err)
	}
}

// ok is a file that is right; what cases add to it begins on line five.
const ok = "name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\n"

func wrongFiles() map[string]struct{ in, want string } {
	bomb := "name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters:\n  type: object\n  a: &a [x,x,x,x,x,x,x,x,x]\n"
	const noAlias = "anchors, aliases and tags are not understood here; write the value out"
	bombWant := "x:7:6: parameters.a: " + noAlias
	for i := 'b'; i < 'k'; i++ {
		bomb += fmt.Sprintf("  %c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
		bombWant += fmt.Sprintf("\nx:%d:6: parameters.%c: %s", 7+i-'a', i, noAlias)
	}
	return map[string]struct{ in, want string }{
		"bomb": {bomb, bombWant},
		"empty": {"",
			"x:1:1: the file is empty; is it still being saved? A tool file has at least the keys name, description, effect and run"},
		"only comments": {"# being written\n",
			"x:1:1: the file is empty; is it still being saved? A tool file has at least the keys name, description, effect and run"},
		"only a marker": {"---\n",
			"x:1:1: the file is empty; is it still being saved? A tool file has at least the keys name, description, effect and run"},
		"not UTF-8": {"name: a\ndescription: \xff\n",
			"x:2:14: not UTF-8; save the file in the encoding UTF-8"},
		"no YAML": {"name: a\ndescription: [",
			"x:2:14: not valid YAML: sequence end token ']' not found"},
		"tab": {"name: a\nrun:\n\tbuiltin: x",
			"x:3:1: not valid YAML: found character '\t' that cannot start any token"},
		"a list": {"- name: a",
			"x:1:1: a list where a mapping is needed, with the keys name, description, parameters, effect, confirm, on_interrupt, on_duplicate, timeout, requires, with, say, run, disabled"},
		"a word": {"hello",
			"x:1:1: \"hello\" where a mapping is needed, with the keys name, description, parameters, effect, confirm, on_interrupt, on_duplicate, timeout, requires, with, say, run, disabled"},
		"two documents": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\n---\nname: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\n",
			"x:6:1: a second document; a tool file is one"},
		"odd key": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\n1: 2\n",
			"x:5:1: a key must be a plain word"},
		"unknown key": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\ndescriptoin: x\n",
			"x:5:1: unknown key \"descriptoin\"; did you mean \"description\"?"},
		"unknown key, far": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\ncolour: x\n",
			"x:5:1: unknown key \"colour\"; possible: name, description, parameters, effect, confirm, on_interrupt, on_duplicate, timeout, requires, with, say, run, disabled"},
		"key twice": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\neffect: read\n",
			"x:5:1: effect: the key is given twice"},
		"nothing but a name": {"name: a\n",
			"x:1:1: the key \"description\" is missing; What the tool does and when to use it, for the model.\nx:1:1: the key \"effect\" is missing; read: it changes nothing. write: it does; it is never cancelled and never run twice.\nx:1:1: the key \"run\" is missing; How the tool runs: one of builtin, http and mcp."},
		"name, capital": {"name: TrackParcel\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\n",
			"x:1:7: name: \"TrackParcel\" is no name; write a small letter and then at most 63 small letters, digits and _, such as track_parcel"},
		"name, digit": {"name: 1a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\n",
			"x:1:7: name: \"1a\" is no name; write a small letter and then at most 63 small letters, digits and _, such as track_parcel"},
		"name, dash": {"name: track-parcel\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\n",
			"x:1:7: name: \"track-parcel\" is no name; write a small letter and then at most 63 small letters, digits and _, such as track_parcel"},
		"name, long": {"name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\n",
			"x:1:7: name: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" is no name; write a small letter and then at most 63 small letters, digits and _, such as track_parcel"},
		"name, number": {"name: 12\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\n",
			"x:1:7: name: the number 12 where a text is needed; put it in quotes: \"12\""},
		"name, empty": {"name: ''\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\n",
			"x:1:7: name: the value is empty; What models call the tool: a letter, then letters, digits and _, all small."},
		"description, empty": {"name: a\ndescription: ''\neffect: read\nrun: {builtin: shop.track_parcel}\n",
			"x:2:14: description: the value is empty; What the tool does and when to use it, for the model."},
		"description, list": {"name: a\ndescription: [d]\neffect: read\nrun: {builtin: shop.track_parcel}\n",
			"x:2:14: description: a list where a text is needed"},
		"effect, typo": {"name: a\ndescription: d\neffect: raed\nrun: {builtin: shop.track_parcel}\n",
			"x:3:9: effect: \"raed\" is not possible; did you mean \"read\"?"},
		"effect, bool": {"name: a\ndescription: d\neffect: true\nrun: {builtin: shop.track_parcel}\n",
			"x:3:9: effect: true where a text is needed; put it in quotes: \"true\""},
		"confirm": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nconfirm: herd\n",
			"x:5:10: confirm: \"herd\" is not possible; did you mean \"heard\"?"},
		"on_interrupt": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\non_interrupt: stop\n",
			"x:5:15: on_interrupt: \"stop\" is not possible; possible: finish, cancel"},
		"on_duplicate": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\non_duplicate: denied\n",
			"x:5:15: on_duplicate: \"denied\" is not possible; possible: reject, allow"},
		"cancelled write": {"name: a\ndescription: d\neffect: write\nrun: {builtin: shop.cancel_order}\non_interrupt: cancel\n",
			"x:5:15: on_interrupt: a write is never cancelled; write finish, or leave the key out"},
		"timeout, no unit": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\ntimeout: 5\n",
			"x:5:10: timeout: the number 5 has no unit; write 5ms or 5s"},
		"timeout, word": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\ntimeout: soon\n",
			"x:5:10: timeout: \"soon\" is no duration; write it as 240ms, 1.2s or 5m"},
		"timeout, long": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\ntimeout: 1h\n",
			"x:5:10: timeout: 1h0m0s is not between 50ms and 2m0s"},
		"timeout, none": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\ntimeout: 0s\n",
			"x:5:10: timeout: 0s is not between 50ms and 2m0s"},
		"parameters, list": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: [order_id]\n",
			"x:5:13: parameters: a list where a JSON Schema is needed: {type: object, properties: {…}}"},
		"parameters, no type": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {properties: {}}\n",
			"x:5:13: parameters: the key \"type\" is missing; arguments are an object: \"type: object\""},
		"parameters, other type": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {type: string}\n",
			"x:5:20: parameters.type: the type is string; arguments are an object: \"type: object\""},
		"parameters, bad type": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {type: object, properties: {order_id: {type: sting}}}\n",
			"x:5:58: parameters.properties.order_id.type: no JSON Schema: value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'"},
		"parameters, bad keyword": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {type: object, properties: {order_id: {type: string, minLength: -1}}}\n",
			"x:5:77: parameters.properties.order_id.minLength: no JSON Schema: minimum: got -1, want 0"},
		"parameters, pattern": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {type: object, properties: {order_id: {type: string, pattern: '['}}}\n",
			"x:5:75: parameters.properties.order_id.pattern: no JSON Schema: '[' is not valid regex: error parsing regexp: missing closing ]: `[`"},
		"parameters, two faults": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: \n  type: object\n  properties:\n    order_id: {type: sting}\n    customer_id: {enum: x}\n",
			"x:8:22: parameters.properties.order_id.type: no JSON Schema: value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'\nx:9:25: parameters.properties.customer_id.enum: no JSON Schema: got string, want array"},
		"parameters, file ref": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {type: object, properties: {order_id: {$ref: 'file:///etc/passwd'}}}\n",
			"x:5:13: parameters: no JSON Schema: failing loading \"file:///etc/passwd\": a schema refers to nothing outside itself, and file:///etc/passwd is outside"},
		"parameters, lost ref": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {type: object, properties: {order_id: {$ref: '#/$defs/no'}}}\n",
			"x:5:13: parameters: no JSON Schema: json-pointer in \"#/$defs/no\" not found"},
		"parameters, required typo": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {type: object, properties: {order_id: {type: string}}, required: [oder_id]}\n",
			"x:5:78: parameters.required: \"oder_id\" is required and is no property; did you mean \"order_id\"?"},
		"parameters, infinity": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {type: object, maxProperties: .inf}\n",
			"x:5:43: parameters.maxProperties: the number .inf is nothing that JSON can hold"},
		"parameters, property twice": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {type: object, properties: {order_id: {type: string}, order_id: {type: string}}}\n",
			"x:5:67: parameters.properties.order_id: the key is given twice"},
		"parameters, alias": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: \n  type: object\n  properties: {order_id: &a {type: string}, customer_id: *a}\n",
			"x:7:26: parameters.properties.order_id: anchors, aliases and tags are not understood here; write the value out\nx:7:58: parameters.properties.customer_id: anchors, aliases and tags are not understood here; write the value out"},
		"requires, syntax": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nrequires: \"caller.verified &&\"\n",
			"x:5:30: requires: no condition: Syntax error: mismatched input '<EOF>'; write CEL such as caller.verified && args.amount <= 100"},
		"requires, unknown": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nrequires: customer.verified\n",
			"x:5:11: requires: no condition: undeclared reference to 'customer'; write CEL such as caller.verified && args.amount <= 100"},
		"requires, not bool": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nrequires: \"'yes'\"\n",
			"x:5:11: requires: no condition: \"'yes'\" gives string; a condition gives true or false; write CEL such as caller.verified && args.amount <= 100"},
		"requires, unknown field": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nrequires: caller.verifed\n",
			"x:5:17: requires: no condition: caller has no verifed; it has customer_id, name, verified, language; write CEL such as caller.verified && args.amount <= 100"},
		"requires, unknown function": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nrequires: \"caller.verified && trusted(caller)\"\n",
			"x:5:38: requires: no condition: undeclared reference to 'trusted'; write CEL such as caller.verified && args.amount <= 100"},
		"requires, number": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nrequires: 1\n",
			"x:5:11: requires: the number 1 where a text is needed; put it in quotes: \"1\""},
		"requires, block": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nrequires: |\n  caller.verified &&\n  foo\n",
			"x:7:1: requires: no condition: undeclared reference to 'foo'; write CEL such as caller.verified && args.amount <= 100"},
		"with, parameter": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {type: object, properties: {order_id: {type: string}}}\nwith: {order_id: W1}\n",
			"x:6:18: with.order_id: \"order_id\" is also a parameter, which the model supplies; take it out of one of the two"},
		"with, unknown argument": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nwith: {customer_id: '{{ order_id }}'}\n",
			"x:5:21: with.customer_id: {{ order_id }} names no argument of the tool"},
		"with, template": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nwith: {customer_id: '{{ caller.password }}'}\n",
			"x:5:21: with.customer_id: {{ caller.password }}: caller has customer_id, name, language"},
		"with, open": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nwith: {customer_id: '{{ caller'}\n",
			"x:5:21: with.customer_id: \"{{ caller\" has {{ without }}"},
		"with, list": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nwith: {customer_id: [a]}\n",
			"x:5:21: with.customer_id: a list where a text, a number, true or false is needed"},
		"with, text": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nwith: x\n",
			"x:5:7: with: \"x\" where a mapping is needed, with names and values, such as customer_id: \"{{ caller.customer_id }}\""},
		"with, not understood": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nwith: {custmer_id: a}\n",
			"x:5:20: with.custmer_id: shop.track_parcel does not understand the argument \"custmer_id\"; did you mean \"customer_id\"?"},
		"say, text": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: Hello\n",
			"x:5:6: say: \"Hello\" where a mapping is needed, with the keys start, slow, failed"},
		"say, no language": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: {start: Hello}\n",
			"x:5:14: say.start: \"Hello\" where a mapping is needed, with a text for each language, such as en: One moment."},
		"say, bad language": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: {start: {english: Hello}}\n",
			"x:5:15: say.start.english: \"english\" is no language; write a BCP 47 tag such as en, id or zh-Hans"},
		"say, underscore": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: {start: {e: Hello}}\n",
			"x:5:15: say.start.e: \"e\" is no language; write a BCP 47 tag such as en, id or zh-Hans"},
		"say, empty": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: {start: {en: ''}}\n",
			"x:5:19: say.start.en: the phrase is empty; leave the language out"},
		"say, template": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: {start: {en: 'Looking up {{ order_id }}'}}\n",
			"x:5:19: say.start.en: a phrase is said as it stands; {{ }} is not filled in here"},
		"say, twice": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: {start: {en: a, en: b}}\n",
			"x:5:22: say.start.en: the key is given twice"},
		"say, unknown": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: {begin: {en: a}}\n",
			"x:5:7: say: unknown key \"begin\"; possible: start, slow, failed"},
		"slow without after": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: {slow: {en: Wait.}}\n",
			"x:5:13: say.slow: the key \"after\" is missing; write how long the tool may take before this is said, such as after: 2s"},
		"slow, no unit": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: {slow: {after: 2, en: Wait.}}\n",
			"x:5:21: say.slow.after: the number 2 has no unit; write 2ms or 2s"},
		"slow, too late": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: {slow: {after: 5s, en: Wait.}}\n",
			"x:5:21: say.slow.after: 5s is not shorter than the tool's time-out (5s), so this would never be said"},
		"slow, odd": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nsay: {slow: {after: 1ms, en: Wait.}}\n",
			"x:5:21: say.slow.after: 1ms is not between 100ms and 1m0s"},
		"run, none": {"name: a\ndescription: d\neffect: read\nrun: {}\n",
			"x:4:6: run: the value is empty; How the tool runs: one of builtin, http and mcp."},
		"run, missing": {"name: a\ndescription: d\neffect: read\n",
			"x:1:1: the key \"run\" is missing; How the tool runs: one of builtin, http and mcp."},
		"run, nothing": {"name: a\ndescription: d\neffect: read\nrun:\n",
			"x:4:6: run: the value is empty; How the tool runs: one of builtin, http and mcp."},
		"run, empty builtin": {"name: a\ndescription: d\neffect: read\nrun: {builtin: ''}\n",
			"x:4:6: run: the value is empty; How the tool runs: one of builtin, http and mcp."},
		"run, empty http": {"name: a\ndescription: d\neffect: read\nrun: {http: }\n",
			"x:4:6: run: the value is empty; How the tool runs: one of builtin, http and mcp."},
		"run, two": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel, mcp: {server: carrier, tool: t}}\n",
			"x:4:40: run.mcp: builtin and mcp are given; a tool runs in one way"},
		"run, unknown": {"name: a\ndescription: d\neffect: read\nrun: {shell: rm}\n",
			"x:4:7: run: unknown key \"shell\"; possible: builtin, http, mcp"},
		"builtin, unknown": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parsel}\n",
			"x:4:16: run.builtin: there is no builtin \"shop.track_parsel\"; did you mean \"shop.track_parcel\"?"},
		"builtin, effect": {"name: a\ndescription: d\neffect: write\nrun: {builtin: shop.track_parcel}\n",
			"x:3:9: effect: shop.track_parcel is a read; write effect: read"},
		"builtin, property": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\nparameters: {type: object, properties: {oder_id: {type: string}}}\n",
			"x:5:50: parameters.properties.oder_id: shop.track_parcel does not understand the argument \"oder_id\"; did you mean \"order_id\"?"},
		"builtin without arguments": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.list_orders}\nparameters: {type: object, properties: {oder_id: {type: string}}}\n",
			"x:5:50: parameters.properties.oder_id: shop.list_orders does not understand the argument \"oder_id\"; it takes none"},
		"http, no method": {"name: a\ndescription: d\neffect: read\nrun: {http: {url: 'https://h'}}\n",
			"x:4:13: run.http: the key \"method\" is missing; The method of the request."},
		"http, method": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: FETCH, url: \"https://h/x\"}}",
			"x:5:22: run.http.method: \"FETCH\" is not possible; possible: GET, POST, PUT, PATCH, DELETE"},
		"http, no url": {"name: a\ndescription: d\neffect: read\nrun: {http: {method: GET}}\n",
			"x:4:13: run.http: the key \"url\" is missing; The address. Only its host, and those under hosts, can be called."},
		"url, ftp": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: 'ftp://h/x'}}",
			"x:5:32: run.http.url: the address begins neither with http:// nor with https://; write https://HOST/PATH"},
		"url, no scheme": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: shop.example/x}}",
			"x:5:32: run.http.url: the address begins neither with http:// nor with https://; write https://HOST/PATH"},
		"url, no host": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: 'https:///x'}}",
			"x:5:32: run.http.url: the address has no host; write https://HOST/PATH"},
		"url, password": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: 'https://u:p@h/x'}}",
			"x:5:32: run.http.url: an address here has no user and password; put them in headers, as ${NAME}"},
		"url, host from the model": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: 'https://{{ order_id }}/x'}}",
			"x:5:32: run.http.url: the host is filled in from an argument, so the model could send the request anywhere; write the host out"},
		"url, unknown argument": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: 'https://h/{{ oder_id }}'}}",
			"x:5:32: run.http.url: {{ oder_id }} names no argument of the tool; did you mean \"order_id\"?"},
		"url, open": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: 'https://h/{{ order_id'}}",
			"x:5:32: run.http.url: \"https://h/{{ order_id\" has {{ without }}"},
		"header, template": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", headers: {X-A: '{{ nobody }}'}}}",
			"x:5:62: run.http.headers.X-A: {{ nobody }} names no argument of the tool; possible: order_id"},
		"header, name": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", headers: {'X A': b}}}",
			"x:5:64: run.http.headers.X A: \"X A\" is no name of a header"},
		"header, reference": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", headers: {X-A: '${A B}'}}}",
			"x:5:62: run.http.headers.X-A: ${A B}: the name of an environment variable is letters, digits and _"},
		"header, open reference": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", headers: {X-A: 'Bearer ${A'}}}",
			"x:5:62: run.http.headers.X-A: ${ without a closing }"},
		"header, list": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", headers: {X-A: [b]}}}",
			"x:5:62: run.http.headers.X-A: a list where a text is needed"},
		"query, number": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", query: {limit: 5}}}",
			"x:5:62: run.http.query.limit: the number 5 where a text is needed; put it in quotes: \"5\""},
		"body, template": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: POST, url: \"https://h/x\", body: {a: [{b: '{{ nobody }}'}]}}}",
			"x:5:63: run.http.body.a[0].b: {{ nobody }} names no argument of the tool; possible: order_id"},
		"body of a get": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", body: {a: 1}}}",
			"x:5:53: run.http.body: a GET has no body; use query, or another method"},
		"result": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", result: tracking}}",
			"x:5:55: run.http.result: \"tracking\" is no JSONPath; it begins with $, such as $.tracking"},
		"result, runner": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", result: '$['}}",
			"x:5:13: run.http: result: $[ is no JSONPath"},
		"hosts": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", hosts: ['https://h/']}}",
			"x:5:55: run.http.hosts[0]: \"https://h/\" is no host; write a name such as api.shop.example, without https:// and path"},
		"private": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", private: sure}}",
			"x:5:56: run.http.private: \"sure\" where true or false is needed"},
		"idempotency": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", idempotency: 'a b'}}",
			"x:5:60: run.http.idempotency: \"a b\" is no name of a header; write one such as Idempotency-Key"},
		"http, unknown key": {"name: a\ndescription: d\neffect: read\nparameters: {type: object, properties: {order_id: {type: string}}}\nrun: {http: {method: GET, url: \"https://h/x\", header: {a: b}}}",
			"x:5:47: run.http: unknown key \"header\"; did you mean \"headers\"?"},
		"mcp, no tool": {"name: a\ndescription: d\neffect: read\nrun: {mcp: {server: carrier}}\n",
			"x:4:12: run.mcp: the key \"tool\" is missing; The tool's name at the server."},
		"mcp, server": {"name: a\ndescription: d\neffect: read\nrun: {mcp: {server: post, tool: t}}\n",
			"x:4:12: run.mcp: the config has no MCP server \"post\"; it has carrier"},
		"disabled": {"name: a\ndescription: d\neffect: read\nrun: {builtin: shop.track_parcel}\ndisabled: yes please\n",
			"x:5:11: disabled: \"yes please\" where true or false is needed"},
		"many": {"nam: a\neffect: raed\ntimeout: 5\nsay: {slow: {en: x}}\nrun: {bultin: x}\n",
			"x:1:1: unknown key \"nam\"; did you mean \"name\"?\nx:1:1: the key \"name\" is missing; What models call the tool: a letter, then letters, digits and _, all small.\nx:1:1: the key \"description\" is missing; What the tool does and when to use it, for the model.\nx:2:9: effect: \"raed\" is not possible; did you mean \"read\"?\nx:3:10: timeout: the number 5 has no unit; write 5ms or 5s\nx:4:13: say.slow: the key \"after\" is missing; write how long the tool may take before this is said, such as after: 2s\nx:5:7: run: unknown key \"bultin\"; did you mean \"builtin\"?"},
	}
}

func TestWrongFiles(t *testing.T) {
	cases := wrongFiles()
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		tc := cases[name]
		t.Run(name, func(t *testing.T) {
			p, err := Parse("x", []byte(tc.in), runners())
			if errs, ok := errors.AsType[Errors](err); !ok || len(errs) == 0 {
				t.Fatalf("got %+v, %v", p, err)
			}
			if err.Error() != tc.want {
				t.Errorf("got\n%s\nwant\n%s", err, tc.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(ok))
	for _, tc := range wrongFiles() {
		f.Add([]byte(tc.in))
	}
	r := runners()
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := Parse("x", in, r)
		if err != nil {
			errs, ok := errors.AsType[Errors](err)
			if !ok || len(errs) == 0 {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		if p.Disabled {
			return
		}
		if !namePattern.MatchString(p.Name) || p.Tool.Name != p.Name {
			t.Fatalf("the name %q", p.Name)
		}
		if _, err := tools.NewRegistry(nil, p.Tool); err != nil {
			t.Fatalf("no registry takes it: %v", err)
		}
	})
}

// BenchmarkParse reads one file of the usual size.
func BenchmarkParse(b *testing.B) {
	r := runners()
	for b.Loop() {
		if _, err := Parse("x", []byte(whole), r); err != nil {
			b.Fatal(err)
		}
	}
}

// TestWhatEditorsWrite reads what a person's editor may make of a file.
func TestWhatEditorsWrite(t *testing.T) {
	for name, in := range map[string]string{
		"byte order mark": "\ufeff" + whole,
		"CRLF":            strings.ReplaceAll(whole, "\n", "\r\n"),
		"no last newline": strings.TrimSuffix(whole, "\n"),
		"a marker":        "---\n" + whole,
		"an end":          whole + "...\n",
		"folded":          strings.Replace(whole, "description: Where a parcel is now and when it will arrive.", "description: >-\n  Where a parcel is now\n  and when it will arrive.", 1),
		"Norwegian":       strings.Replace(whole, "zh: 我帮您查一下。", "no: Et øyeblikk.", 1),
		"another order":   strings.Replace(whole, "name: track_parcel\n", "", 1) + "name: track_parcel\n",
	} {
		p, err := Parse("x", []byte(in), runners())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Name != "track_parcel" || p.Tool.Description != "Where a parcel is now and when it will arrive." || len(p.Tool.Say.Start) != 2 {
			t.Errorf("%s: %+v", name, p.Tool.Definition)
		}
	}
}

// TestAddressFromTheEnvironment checks an address that begins with a reference by
// what that stands for, if it is set.
func TestAddressFromTheEnvironment(t *testing.T) {
	in := "name: a\ndescription: d\neffect: read\nrun: {http: {method: GET, url: '${SHOP}/orders'}}\n"
	for value, want := range map[string]string{
		"https://shop.example": "",
		"shop.example":         "x:4:32: run.http.url: the address begins neither with http:// nor with https://; write https://HOST/PATH",
		"https://u:p@h":        "x:4:32: run.http.url: an address here has no user and password; put them in headers, as ${NAME}",
	} {
		r := runners()
		r.Env = func(name string) (string, bool) { return value, name == "SHOP" }
		p, err := Parse("x", []byte(in), r)
		if want == "" && (err != nil || len(p.Unset) > 0) || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestNumbersStayWhatTheyAre(t *testing.T) {
	p, err := Parse("x", []byte(ok+"parameters: {type: object, minProperties: 0, properties: {order_id: {type: number, multipleOf: 0.01, maximum: 18446744073709551615, minimum: -12.50}}}\n"), runners())
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"minProperties":0,"properties":{"order_id":{"maximum":18446744073709551615,"minimum":-12.5,"multipleOf":0.01,"type":"number"}},"type":"object"}`; string(p.Tool.Parameters) != want {
		t.Errorf("got %s", p.Tool.Parameters)
	}
	_, err = Parse("x", []byte(ok+"parameters: {type: object, maxProperties: 99999999999999999999999999}\n"), runners())
	if err == nil || err.Error() != "x:5:43: parameters.maxProperties: no JSON Schema: got string, want integer" { // the library takes it for a text
		t.Errorf("a number beyond all bounds: %v", err)
	}
}
