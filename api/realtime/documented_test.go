package realtime

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// row is a line of a table in docs/protocols.md.
type row struct{ name, second, third string }

var (
	rowOf  = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| *([^|]*?) *\\| *([^|]*?) *\\|$")
	quoted = regexp.MustCompile("`([^`]+)`")
)

// table reads the table under a heading of the protocol's part of the documentation.
func table(t *testing.T, heading string) (rows []row) {
	t.Helper()
	text, err := os.ReadFile("../../docs/protocols.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n### "+heading+"\n")
	if !ok {
		t.Fatalf("docs/protocols.md has no %q", heading)
	}
	rest, _, _ = strings.Cut(rest, "\n##")
	for _, m := range rowOf.FindAllStringSubmatch(rest, -1) {
		rows = append(rows, row{m[1], m[2], m[3]})
	}
	if len(rows) == 0 {
		t.Fatalf("there is no table under %q", heading)
	}
	return rows
}

// TestEventsOfTheClient sends each event that is documented, and sees that it is served
// or refused as it says.
func TestEventsOfTheClient(t *testing.T) {
	url, _, p, _ := hallOf(t, "hello")
	c := dial(t, url, "")
	c.send(event{"type": "session.update", "session": event{"type": "realtime", "audio": event{"input": event{"turn_detection": nil}}}})
	c.until("session.updated")
	c.send(event{"type": "conversation.item.create", "item": event{"id": "one", "type": "message", "role": "user", "content": []event{{"type": "input_text", "text": "a story"}}}})
	c.until("conversation.item.done")
	overWebRTC, _ := call(t, p, false)
	speaking := func() (item any) {
		c.say("a story")
		return c.until("response.output_audio.delta")["item_id"]
	}
	tried := map[string]func() string{
		"session.update": func() string {
			c.send(event{"type": "session.update", "session": event{"type": "realtime", "instructions": "Be brief."}})
			return "session.updated"
		},
		"conversation.item.create": func() string {
			c.send(event{"type": "conversation.item.create", "item": message("user", "hello")})
			return "conversation.item.done"
		},
		"conversation.item.retrieve": func() string {
			c.send(event{"type": "conversation.item.retrieve", "item_id": "one"})
			return "conversation.item.retrieved"
		},
		"conversation.item.truncate": func() string {
			c.send(event{"type": "conversation.item.truncate", "item_id": speaking(), "content_index": 0, "audio_end_ms": 40})
			return "conversation.item.truncated"
		},
		"conversation.item.delete": func() string {
			c.send(event{"type": "conversation.item.create", "item": event{"id": "two", "type": "message", "role": "user", "content": []event{{"type": "input_text", "text": "a story"}}}})
			c.send(event{"type": "conversation.item.delete", "item_id": "two"})
			return "conversation.item.deleted"
		},
		"input_audio_buffer.append": func() string {
			c.send(event{"type": "input_audio_buffer.append", "audio": speech()})
			c.send(event{"type": "input_audio_buffer.commit"}) // which needs it
			return "input_audio_buffer.committed"
		},
		"input_audio_buffer.commit": func() string {
			c.send(event{"type": "input_audio_buffer.append", "audio": speech()})
			c.send(event{"type": "input_audio_buffer.commit"})
			return "conversation.item.input_audio_transcription.completed"
		},
		"input_audio_buffer.clear": func() string {
			c.send(event{"type": "input_audio_buffer.clear"})
			return "input_audio_buffer.cleared"
		},
		"output_audio_buffer.clear": func() string {
			overWebRTC.say("a story")
			overWebRTC.until("output_audio_buffer.started")
			overWebRTC.send(event{"type": "output_audio_buffer.clear"})
			overWebRTC.until("output_audio_buffer.cleared")
			c.send(event{"type": "output_audio_buffer.clear"})
			c.untilError()
			return ""
		},
		"response.create": func() string {
			c.say("hello")
			return "response.done"
		},
		"response.cancel": func() string {
			speaking()
			c.send(event{"type": "response.cancel"})
			if e := c.until("response.done"); status(e) != "cancelled" {
				t.Errorf("%v", e)
			}
			return ""
		},
		"transcription_session.update": func() string {
			c.send(event{"type": "transcription_session.update", "session": event{}})
			return "error"
		},
	}
	rows := table(t, "Events of the client")
	for _, r := range rows {
		try := tried[r.name]
		if try == nil {
			t.Errorf("%s is documented and not tried", r.name)
			continue
		}
		want := try()
		if refused := r.second == "refused"; refused != (want == "error") {
			t.Errorf("%s is said to be %q", r.name, r.second)
		}
		switch want {
		case "":
		case "error":
			c.untilError()
		default:
			c.until(want)
		}
		delete(tried, r.name)
	}
	for name := range tried {
		t.Errorf("%s is not documented", name)
	}
}

// TestEventsOfTheServer leads sessions through all that happens in them, and compares
// what they send with what is documented.
func TestEventsOfTheServer(t *testing.T) {
	url, _, p, _ := hallOf(t, "hello")
	tool := event{"type": "function", "name": "look", "description": "Looks.", "parameters": event{"type": "object"}}

	c := dial(t, url, "")
	c.send(event{"type": "session.update", "session": event{"type": "realtime", "tools": []event{tool}}})
	c.send(event{"type": "input_audio_buffer.append", "audio": speech()})
	c.until("response.done")
	c.say("call look")
	id := c.until("response.function_call_arguments.done")["call_id"]
	c.until("response.done")
	c.send(event{"type": "conversation.item.create", "item": event{"type": "function_call_output", "call_id": id, "output": "{}"}})
	c.send(event{"type": "response.create"})
	c.until("response.done")
	c.say("a story")
	c.until("response.output_audio.delta")
	c.send(event{"type": "conversation.item.truncate", "item_id": c.until("response.output_audio.delta")["item_id"], "content_index": 0, "audio_end_ms": 20})
	c.until("conversation.item.truncated")
	c.until("response.done")
	c.send(event{"type": "input_audio_buffer.clear"})
	c.until("input_audio_buffer.cleared")
	c.send(event{"type": "conversation.item.create", "item": event{"id": "mine", "type": "message", "role": "user", "content": []event{{"type": "input_text", "text": "no"}}}})
	c.send(event{"type": "conversation.item.retrieve", "item_id": "mine"})
	c.until("conversation.item.retrieved")
	c.send(event{"type": "conversation.item.delete", "item_id": "mine"})
	c.until("conversation.item.deleted")
	c.raw([]byte("no JSON"))
	c.untilError()

	written := dial(t, url, "")
	written.send(event{"type": "session.update", "session": event{"type": "realtime", "output_modalities": []string{"text"}}})
	written.say("hello")
	written.until("response.done")

	deaf, _, _, _ := hallOf(t, "")
	failing := dial(t, deaf, "")
	failing.send(event{"type": "session.update", "session": event{"type": "realtime", "audio": event{"input": event{"turn_detection": nil}}}})
	failing.send(event{"type": "input_audio_buffer.append", "audio": speech()})
	failing.send(event{"type": "input_audio_buffer.commit"})
	failing.until("conversation.item.input_audio_transcription.failed")

	over, _ := call(t, p, false)
	over.say("hello")
	over.until("output_audio_buffer.stopped")
	over.until("response.done")
	over.say("a story")
	over.until("output_audio_buffer.started")
	over.send(event{"type": "output_audio_buffer.clear"})
	over.until("output_audio_buffer.cleared")

	silent := dial(t, url, "")
	silent.send(event{"type": "session.update", "session": event{"type": "realtime", "audio": event{"input": event{"turn_detection": event{"type": "server_vad", "idle_timeout_ms": 1000}}}}})
	silent.say("hello")
	silent.until("input_audio_buffer.timeout_triggered")
	silent.until("response.done") // are they there?

	seen := make(map[string][]event)
	for _, one := range []*client{c, written, failing, over, silent} {
		for _, e := range one.seen {
			kind := e["type"].(string)
			seen[kind] = append(seen[kind], e)
		}
	}
	for _, r := range table(t, "Events of the server") {
		events := seen[r.name]
		delete(seen, r.name)
		if never := strings.HasPrefix(r.third, "never"); never != (len(events) == 0) {
			t.Errorf("%s: %q, and it came %d times", r.name, r.third, len(events))
			continue
		}
		want := []string{"type", "event_id"}
		for _, m := range quoted.FindAllStringSubmatch(r.second, -1) {
			want = append(want, m[1])
		}
		for _, e := range events {
			for _, name := range want {
				if _, ok := e[name]; !ok {
					t.Errorf("%s has no %s: %v", r.name, name, e)
				}
			}
			for name := range e {
				if !slices.Contains(want, name) && !strings.Contains(r.third, "`"+name+"`") {
					t.Errorf("%s has a %s, which is not documented", r.name, name)
				}
			}
		}
	}
	for kind := range seen {
		t.Errorf("%s is not documented", kind)
	}
}

// TestFieldsOfASession asks for each documented field, and sees that the answer repeats
// what is served.
func TestFieldsOfASession(t *testing.T) {
	examples := map[string]string{
		"type": `"realtime"`, "instructions": `"Be brief."`, "output_modalities": `["text"]`,
		"tools":              `[{"type":"function","name":"look","description":"Looks.","parameters":{"type":"object"}}]`,
		"audio.input.format": `{"type":"audio/pcmu"}`, "audio.output.format": `{"type":"audio/pcma"}`,
		"audio.input.turn_detection":  `{"type":"semantic_vad","eagerness":"low","create_response":false,"interrupt_response":true}`,
		"audio.input.transcription":   `null`,
		"audio.input.noise_reduction": `{"type":"near_field"}`,
		"audio.output.voice":          `"marin"`, "audio.output.speed": `1.5`, "model": `"gpt-realtime"`, "tool_choice": `"none"`,
		"parallel_tool_calls": `true`, "reasoning": `{"effort":"low"}`, "max_output_tokens": `500`, "truncation": `"disabled"`,
		"prompt": `{"id":"p"}`, "tracing": `"auto"`, "include": `["item.input_audio_transcription.logprobs"]`,
	}
	for _, r := range table(t, "Fields of a session") {
		value, ok := examples[r.name]
		if !ok {
			t.Errorf("%s is documented and not tried", r.name)
			continue
		}
		delete(examples, r.name)
		asked := value
		path := strings.Split(r.name, ".")
		for _, name := range slices.Backward(path) {
			asked = `{"` + name + `":` + asked + `}`
		}
		s := newSettings()
		if err := s.update([]byte(asked)); err != nil {
			t.Errorf("%s: %v", asked, err)
			continue
		}
		if r.second == "ignored" {
			continue
		}
		data, err := json.Marshal(s.wire)
		if err != nil {
			t.Fatal(err)
		}
		var told, want any
		if err := json.Unmarshal(data, &told); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(value), &want); err != nil {
			t.Fatal(err)
		}
		for _, name := range path {
			told = told.(event)[name]
		}
		if !reflect.DeepEqual(told, want) {
			t.Errorf("%s became %v", asked, told)
		}
	}
	for name := range examples {
		t.Errorf("%s is not documented", name)
	}
}
