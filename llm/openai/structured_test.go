package openai

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"parley/llm"
)

func shopTools() []llm.Tool {
	return []llm.Tool{
		{Name: "get_order", Description: "Everything about an order: status, items.", Parameters: json.RawMessage(`{"type":"object","properties":{
			"order_id":{"type":"string","pattern":"^W[0-9]+$","description":"The order's number, such as W10002."},
			"detail":{"enum":["short","long"]}},"required":["order_id"],"additionalProperties":false}`)},
		{Name: "list_orders", Description: "The caller's orders.", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)},
		{Name: "return_items", Description: "Returns items.", Parameters: json.RawMessage(`{"type":"object","properties":{
			"items":{"type":"array","items":{"type":"string"},"minItems":1},"count":{"type":"integer","minimum":2},"sure":{"type":["boolean","null"]}},"required":["items","count"]}`)},
	}
}

// read pushes an answer in pieces and returns all that came of it.
func read(pieces ...string) (text string, calls []llm.ToolCall) {
	var s sayer
	for _, p := range pieces {
		t, err := s.push(p)
		if err != nil {
			return "", nil
		}
		text += t
	}
	rest, calls := s.finish(text != "")
	return text + rest, calls
}

func TestSayer(t *testing.T) {
	one := []llm.ToolCall{{Name: "x", Arguments: json.RawMessage(`{"a":1}`)}}
	for name, c := range map[string]struct {
		in    string
		text  string
		calls []llm.ToolCall
	}{
		"speech":                     {`{"say":"Hello there."}`, "Hello there.", nil},
		"speech with space":          {" \n{ \"say\" : \"Hello\"\n}\n", "Hello", nil},
		"escapes":                    {`{"say":"a\n\"b\"\\ é \u00e9 \ud83d\ude00 \/"}`, "a\n\"b\"\\ é é 😀 /", nil},
		"half a pair":                {`{"say":"\ud83d!"}`, "\uFFFD!", nil},
		"half a pair and an escape":  {`{"say":"\ud83d\n"}`, "\uFFFD\n", nil},
		"a call":                     {`{"call":[{"tool":"x","arguments":{"a":1}}]}`, "", one},
		"two calls":                  {`{"call":[{"tool":"x","arguments":{"a":1}},{"tool":"y"}]}`, "", append(one, llm.ToolCall{Name: "y", Arguments: json.RawMessage("{}")})},
		"a call that is no list":     {`{"call":{"tool":"x","arguments":{"a":1}}}`, "", one},
		"a call in another shape":    {`{"name":"x","arguments":{"a":1}}`, "", one},
		"a bare call":                {`{"tool":"x","arguments":{"a":1}}`, "", one},
		"both":                       {`{"say":"Let me see.","call":[{"tool":"x","arguments":{"a":1}}]}`, "Let me see.", one},
		"both, the other way round":  {`{"call":[{"tool":"x","arguments":{"a":1}}],"say":"Let me see."}`, "Let me see.", one},
		"a code block":               {"```json\n{\"say\":\"Hi\"}\n```", "Hi", nil},
		"a code block with a call":   {"```\n{\"call\":[{\"tool\":\"x\",\"arguments\":{\"a\":1}}]}\n```", "", one},
		"plain speech":               {"Hello there.", "Hello there.", nil},
		"nothing":                    {"", "", nil},
		"speech that is cut":         {`{"say":"Your order is`, "Your order is", nil},
		"a call that is cut":         {`{"call":[{"tool":"x"`, "", []llm.ToolCall{{Arguments: json.RawMessage(`{"call":[{"tool":"x"`)}}},
		"another object":             {`{"mood":"good"}`, "", []llm.ToolCall{{Arguments: json.RawMessage(`{"mood":"good"}`)}}},
		"a key that begins as \"say": {`{"saying":"x"}`, "", []llm.ToolCall{{Arguments: json.RawMessage(`{"saying":"x"}`)}}},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range len(c.in) + 1 {
				for j := i; j <= len(c.in); j++ {
					if text, calls := read(c.in[:i], c.in[i:j], c.in[j:]); text != c.text || fmt.Sprintf("%q", calls) != fmt.Sprintf("%q", c.calls) {
						t.Fatalf("in pieces at %d and %d: %q and %q, want %q and %q", i, j, text, calls, c.text, c.calls)
					}
				}
			}
		})
	}
}

// TestSayerIsEarly: the words come out as they are written, not at the end.
func TestSayerIsEarly(t *testing.T) {
	var s sayer
	for _, c := range []struct{ in, out string }{{`{"sa`, ""}, {`y": "Your order`, "Your order"}, {` is on its way.`, " is on its way."}, {` It \u00`, " It "}, {`e9`, "é"}} {
		if got, err := s.push(c.in); got != c.out || err != nil {
			t.Errorf("after %q: %q, %v, want %q", c.in, got, err, c.out)
		}
	}
}

func FuzzSayer(f *testing.F) {
	f.Add(`{"say":"a\n\ud83d\ude00b"}`, uint8(4), uint8(9))
	f.Add("```json\n{\"call\":[{\"tool\":\"x\"}]}```", uint8(1), uint8(2))
	f.Fuzz(func(t *testing.T, in string, i, j uint8) {
		a := min(int(i), len(in))
		b := min(a+int(j), len(in))
		whole, calls := read(in)
		split, more := read(in[:a], in[a:b], in[b:])
		if whole != split || fmt.Sprintf("%q", calls) != fmt.Sprintf("%q", more) {
			t.Fatalf("whole %q %q, in pieces %q %q", whole, calls, split, more)
		}
		var v struct {
			Say *string `json:"say"`
		}
		if json.Unmarshal([]byte(in), &v) == nil && strings.HasPrefix(in, `{"say":"`) && strings.Count(in, `"say"`) == 1 && utf8.ValidString(in) && v.Say != nil {
			// What the standard library reads is what was said, but for control
			// characters that nobody can say.
			plain := strings.NewReplacer("\r", " ", "\b", " ", "\f", " ").Replace(*v.Say)
			if whole != plain {
				t.Fatalf("said %q, want %q", whole, plain)
			}
		}
	})
}

// TestAnswerSchema holds answers against the schema that is sent.
func TestAnswerSchema(t *testing.T) {
	compile := func(raw json.RawMessage) *jsonschema.Schema {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource("answer", doc); err != nil {
			t.Fatal(err)
		}
		s, err := c.Compile("answer")
		if err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		return s
	}
	raw, err := answerSchema(shopTools(), false)
	if err != nil {
		t.Fatal(err)
	}
	open := compile(raw)
	if raw, err = answerSchema(shopTools(), true); err != nil {
		t.Fatal(err)
	}
	must := compile(raw)
	for in, want := range map[string][2]bool{
		`{"say":"Hi"}`: {true, true},
		`{"call":[{"tool":"get_order","arguments":{"order_id":"W1"}}]}`:                                       {true, false},
		`{"call":[{"tool":"get_order","arguments":{"order_id":"W1","detail":"long"}}]}`:                       {true, false},
		`{"call":[{"tool":"get_order","arguments":{"order_id":"W1","detail":"odd"}}]}`:                        {false, false},
		`{"call":[{"tool":"get_order","arguments":{}}]}`:                                                      {false, false},
		`{"call":[{"tool":"list_orders","arguments":{}},{"tool":"get_order","arguments":{"order_id":"W1"}}]}`: {true, false},
		`{"call":[{"tool":"return_items","arguments":{"items":["a"],"count":2,"sure":true}}]}`:                {true, false},
		`{"call":[{"tool":"return_items","arguments":{"items":[1],"count":2}}]}`:                              {false, false},
		`{"call":[{"tool":"fly","arguments":{}}]}`:                                                            {false, false},
		`{"call":[]}`: {false, false},
		`{}`:          {false, false},
		`{"say":"Hi","call":[{"tool":"list_orders","arguments":{}}]}`: {false, false},
	} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{open.Validate(doc) == nil, must.Validate(doc) == nil}; got != want {
			t.Errorf("%s: %v, want %v", in, got, want)
		}
	}
	if _, err := answerSchema([]llm.Tool{{Name: "x", Parameters: json.RawMessage("{")}}, false); err == nil {
		t.Error("a tool whose schema is no JSON should be refused")
	}
}

func TestGuide(t *testing.T) {
	g := guide(shopTools())
	for _, want := range []string{
		"get_order: Everything about an order: status, items.\n  arguments: \"order_id\": string (The order's number, such as W10002); \"detail\": \"short\" or \"long\", may be left out\n",
		"list_orders: The caller's orders.\n  arguments: none\n",
		`"items": list of string; "count": integer; "sure": boolean, may be left out`,
		"What you need: Everything about an order\n" + `{"call":[{"tool":"get_order","arguments":{"order_id":"W10002"}}]}`,
		`{"call":[{"tool":"return_items","arguments":{"items":["…"],"count":2}}]}`,
		"has not told you the order id\n" + `{"say":"Could you tell me the order id, please?"}`,
	} {
		if !strings.Contains(g, want) {
			t.Errorf("it lacks %q:\n%s", want, g)
		}
	}
	if g != guide(shopTools()) {
		t.Error("it changes from call to call")
	}
}

func TestStructuredMessages(t *testing.T) {
	in := messages(llm.Request{Messages: []llm.Message{
		{Role: llm.System, Text: "Be kind."},
		{Role: llm.User, Text: "Where is it?"},
		{Role: llm.Assistant, ToolCalls: []llm.ToolCall{{ID: "a", Name: "x", Arguments: json.RawMessage(`{"n":1}`)}, {ID: "b", Name: "y"}}},
		{Role: llm.ToolRole, ToolCallID: "a", ToolName: "x", Text: "one"},
		{Role: llm.ToolRole, ToolCallID: "b", ToolName: "y", Text: "two"},
		{Role: llm.Assistant, Text: "It's <here>", Interrupted: true},
		{Role: llm.User, Text: "Stop"},
		{Role: llm.ToolRole, ToolCallID: "z", ToolName: "z", Text: "late"},
	}}, false)
	want := []string{
		"system: Be kind.\n\nGUIDE", "user: Where is it?",
		`assistant: {"call":[{"tool":"x","arguments":{"n":1}},{"tool":"y","arguments":{}}]}`,
		"user: Result of x: one\nResult of y: two", `assistant: {"say":"It's <here> —"}`, "user: Stop\nResult of the tool z: late",
	}
	if got := brief(structuredMessages(in, "GUIDE")); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestStructuredRequest looks at what goes over the wire, and takes the answer back.
func TestStructuredRequest(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		text   string
		calls  string
		finish llm.Finish
	}{
		"speech":            {say(`{"say": "On it`) + say(`s way."}`) + end("stop"), "On its way.", "", llm.FinishStop},
		"a call":            {say(`{"call":[{"tool":"get_order",`) + say(`"arguments":{"order_id":"W1"}}]}`) + end("stop"), "", `get_order{"order_id":"W1"}`, llm.FinishTools},
		"a call, no reason": {say(`{"call":[{"tool":"list_orders","arguments":{}}]}`), "", "list_orders{}", llm.FinishTools},
		"plain":             {say("Hello ") + say("there.") + end("stop"), "Hello there.", "", llm.FinishStop},
		"over length":       {say(`{"call":[{"tool":"get_order",`) + end("length"), "", "", llm.FinishLength},
		"nonsense":          {say(`{"mood": 1}`) + end("stop"), "", `{"mood": 1}`, llm.FinishTools},
	} {
		t.Run(name, func(t *testing.T) {
			var sent map[string]any
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				_ = json.Unmarshal(body, &sent)
				sse(w, c.body+done)
			})
			b := brain(t, s.URL, func(o *Options) { o.Tools = Structured })
			r := hello()
			r.Tools = shopTools()
			got := generate(t.Context(), b, r)
			calls := ""
			for _, call := range got.calls {
				if call.ID == "" {
					t.Error("a call without an id")
				}
				calls += call.Name + string(call.Arguments)
			}
			if got.err != nil || got.text != c.text || calls != c.calls || got.finish != c.finish {
				t.Errorf("got %+v", got)
			}
			if _, native := sent["tools"]; native || sent["response_format"] == nil {
				t.Errorf("sent %v", sent)
			}
		})
	}
}

func TestImages(t *testing.T) {
	r := llm.Request{Messages: []llm.Message{
		{Role: llm.User, Text: "What is this?", Images: []llm.Image{{MediaType: "image/png", Data: []byte("hi")}, {MediaType: "image/jpeg", Data: []byte{0xff}}}},
		{Role: llm.User, Images: []llm.Image{{MediaType: "image/png", Data: []byte("hi")}}},
	}}
	out, err := json.Marshal(messages(r, true))
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/w=="}},{"type":"text","text":"What is this?"}]},` +
		`{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]}]`
	if string(out) != want {
		t.Errorf("got %s", out)
	}
	if got := brief(messages(r, false)); !reflect.DeepEqual(got, []string{"user: What is this?\n" + unseen, "user: " + unseen}) {
		t.Errorf("got %q", got)
	}
	// With structured calling a picture stays in a message of its own.
	if got := structuredMessages(messages(r, true), "GUIDE"); len(got) != 3 || got[1].MultiContent == nil || got[2].MultiContent == nil {
		t.Errorf("got %+v", got)
	}
}

func TestMustAnswer(t *testing.T) {
	r := hello()
	r.Tools, r.MustAnswer = shopTools(), true
	req, err := brain(t, "http://provider.test", nil).request(r, false)
	if err != nil || req.ToolChoice != "none" || len(req.Tools) != 3 {
		t.Errorf("got %+v, %v", req, err)
	}
}
