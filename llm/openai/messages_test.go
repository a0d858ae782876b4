package openai

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	sdk "github.com/sashabaranov/go-openai"

	"parley/llm"
)

// brief is a message as "role: content" with calls and answers.
func brief(ms []sdk.ChatCompletionMessage) []string {
	var out []string
	for _, m := range ms {
		s := m.Role + ": " + m.Content
		for _, c := range m.ToolCalls {
			s += " [" + c.ID + " " + c.Function.Name + c.Function.Arguments + "]"
		}
		if m.ToolCallID != "" {
			s += " <" + m.ToolCallID + ">"
		}
		out = append(out, s)
	}
	return out
}

func TestMessages(t *testing.T) {
	call := func(id string) llm.ToolCall {
		return llm.ToolCall{ID: id, Name: "get_order", Arguments: json.RawMessage(`{"n":1}`)}
	}
	user := func(s string) llm.Message { return llm.Message{Role: llm.User, Text: s} }
	result := func(id, s string) llm.Message {
		return llm.Message{Role: llm.ToolRole, ToolCallID: id, ToolName: "get_order", Text: s}
	}
	asks := func(s string, ids ...string) llm.Message {
		m := llm.Message{Role: llm.Assistant, Text: s}
		for _, id := range ids {
			m.ToolCalls = append(m.ToolCalls, call(id))
		}
		return m
	}
	for name, tc := range map[string]struct {
		in   []llm.Message
		lang string
		want []string
	}{
		"plain": {[]llm.Message{{Role: llm.System, Text: "Be kind."}, user("Hi"), {Role: llm.Assistant, Text: "Hello."}, user("Bye")}, "",
			[]string{"system: Be kind.", "user: Hi", "assistant: Hello.", "user: Bye"}},
		"a tool": {[]llm.Message{user("Where?"), asks("Let me see.", "a"), result("a", `{"status":"pending"}`)}, "",
			[]string{"user: Where?", `assistant: Let me see. [a get_order{"n":1}]`, `tool: {"status":"pending"} <a>`}},
		"interrupted": {[]llm.Message{user("Hi"), {Role: llm.Assistant, Text: "Your order is ", Interrupted: true}, user("Stop")}, "",
			[]string{"user: Hi", "assistant: Your order is —", "user: Stop"}},
		"interrupted before a word": {[]llm.Message{user("Hi"), {Role: llm.Assistant, Interrupted: true}, user("Stop")}, "",
			[]string{"user: Hi", "user: Stop"}},
		"a result after the barge-in": {[]llm.Message{user("Where?"), asks("", "a"), user("Wait"), asks("Yes?"), result("a", "1")}, "",
			[]string{"user: Where?", `assistant:  [a get_order{"n":1}]`, "tool: 1 <a>", "user: Wait", "assistant: Yes?"}},
		"no result": {[]llm.Message{user("Where?"), asks("", "a", "b"), result("b", "2"), user("Hm")}, "",
			[]string{"user: Where?", `assistant:  [a get_order{"n":1}] [b get_order{"n":1}]`, "tool: " + unknownResult + " <a>", "tool: 2 <b>", "user: Hm"}},
		"an empty result": {[]llm.Message{user("Where?"), asks("", "a"), result("a", "")}, "",
			[]string{"user: Where?", `assistant:  [a get_order{"n":1}]`, "tool: null <a>"}},
		"ids that come again": {[]llm.Message{asks("", "0"), result("0", "first"), asks("", "0"), result("0", "second")}, "",
			[]string{`assistant:  [0 get_order{"n":1}]`, "tool: first <0>", `assistant:  [0 get_order{"n":1}]`, "tool: second <0>"}},
		"a result without its call": {[]llm.Message{result("x", "7"), user("Hi")}, "",
			[]string{"system: Result of the tool get_order: 7", "user: Hi"}},
		"blank messages": {[]llm.Message{{Role: llm.System}, user(""), user("Hi")}, "", []string{"user: Hi"}},
		"language":       {[]llm.Message{{Role: llm.System, Text: "Be kind."}, user("Halo")}, "id-ID", []string{"system: Be kind.\n\nAnswer in Indonesian (Indonesia) (id-ID).", "user: Halo"}},
		"language alone": {[]llm.Message{user("Halo")}, "id", []string{"system: Answer in Indonesian (id).", "user: Halo"}},
		"no language":    {[]llm.Message{user("Halo")}, "!!", []string{"user: Halo"}},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := json.Marshal(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(messages(llm.Request{Messages: tc.in, Language: tc.lang}, false)); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
			if after, _ := json.Marshal(tc.in); string(after) != string(before) {
				t.Error("the history was changed")
			}
		})
	}
}

func TestArguments(t *testing.T) {
	for in, want := range map[string]string{"": "{}", `{"a":1}`: `{"a":1}`, `{"a"`: `{"malformed":"{\"a\""}`, "null": `{"malformed":"null"}`, "[1]": `{"malformed":"[1]"}`} {
		if got := arguments(json.RawMessage(in)); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// TestRequest looks at what goes over the wire.
func TestRequest(t *testing.T) {
	var body map[string]any
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(b, &body) != nil {
			t.Errorf("%v: %s", err, b)
		}
		if r.Header.Get("Authorization") != "Bearer "+key || r.URL.Path != "/v1/chat/completions" {
			t.Errorf("%s with %q", r.URL, r.Header.Get("Authorization"))
		}
		sse(w, say("Hi.")+end("stop")+done)
	})
	zero := 0.0
	b := brain(t, s.URL, func(o *Options) { o.Temperature, o.MaxTokens, o.ReasoningEffort = &zero, 50, "low" })
	got := generate(t.Context(), b, llm.Request{
		Messages: []llm.Message{{Role: llm.User, Text: "Hi"}},
		Tools:    []llm.Tool{{Name: "x", Description: "does x", Parameters: json.RawMessage(`{"type":"object"}`)}, {Name: "y"}},
	})
	if got.err != nil {
		t.Fatal(got.err)
	}
	out, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"max_tokens":50,"messages":[{"content":"Hi","role":"user"}],"model":"test-model","reasoning_effort":"low","stream":true,` +
		`"stream_options":{"include_usage":true},"temperature":0.000001,"tools":[` +
		`{"function":{"description":"does x","name":"x","parameters":{"type":"object"}},"type":"function"},` +
		`{"function":{"name":"y","parameters":{"properties":{},"type":"object"}},"type":"function"}]}`
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	for name, r := range map[string]llm.Request{
		"no messages":   {},
		"broken schema": {Messages: []llm.Message{{Role: llm.User, Text: "Hi"}}, Tools: []llm.Tool{{Name: "x", Parameters: json.RawMessage(`{`)}}},
	} {
		if got := generate(t.Context(), b, r); got.err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzCalls puts fragments together that a broken server might send.
func FuzzCalls(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 9}, "a", "x", "{}")
	f.Add([]byte{255, 3, 7}, "", "", "{\"a\"")
	f.Fuzz(func(t *testing.T, plan []byte, id, name, args string) {
		var c calls
		for _, p := range plan {
			var f sdk.ToolCall
			if p&1 == 0 {
				i := int(p>>4) - 4
				f.Index = &i
			}
			if p&2 != 0 {
				f.ID = id + string(rune('a'+p>>5))
			}
			if p&4 != 0 {
				f.Function.Name = name
			}
			if p&8 != 0 {
				f.Function.Arguments = args
			}
			if c.add(f) != nil {
				return
			}
		}
		seen := map[string]bool{}
		for _, call := range c.whole() {
			if call.ID == "" || seen[call.ID] || len(call.Arguments) == 0 {
				t.Fatalf("%+v", call)
			}
			seen[call.ID] = true
		}
	})
}
