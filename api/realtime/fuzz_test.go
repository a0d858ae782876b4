package realtime

import (
	"encoding/json"
	"fmt"
	"testing"
)

// FuzzSession asks for sessions: what is taken can be told again.
func FuzzSession(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"type":"realtime","tools":[{"type":"function","name":"a","parameters":{}}]}`, `{"audio":{"input":{"turn_detection":null}}}`,
		`{"audio":{"input":{"turn_detection":{"type":"server_vad","silence_duration_ms":1,"threshold":1e3}}}}`, `{"tools":null,"tool_choice":{"a":[1]}}`, `[`, `{"audio":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, asked []byte) {
		s := newSettings()
		before := s.wire.Instructions
		if err := s.update(asked); err != nil {
			if s.wire.Instructions != before || s.detection == nil {
				t.Errorf("%s was refused and changed the session", asked)
			}
			return
		}
		told, err := json.Marshal(s.wire)
		if err != nil {
			t.Fatalf("%s: %v", asked, err)
		}
		if err := newSettings().update(told); err != nil {
			t.Errorf("%s became %s, which is refused: %v", asked, told, err)
		}
	})
}

// FuzzSound appends whatever there is.
func FuzzSound(f *testing.F) {
	f.Add("AAAA", "audio/pcm")
	f.Add("AAA=", "audio/pcmu")
	f.Add("!", "audio/pcma")
	f.Fuzz(func(t *testing.T, encoded, kind string) {
		s, err := newSound(func() {})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.use(format{kind, 0}, format{kind, 0}); err != nil {
			t.Fatal(err)
		}
		_ = s.append(encoded, false) // whatever it says of it
	})
}

// FuzzEvents sends messages to a session, which goes on afterwards.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{
		`{"type":"session.update","session":{}}`, `{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"a story"}]}}`,
		`{"type":"response.create"}`, `{"type":"response.create","response":{"metadata":[],"instructions":"a"}}`, `{"type":"conversation.item.truncate","item_id":"a","audio_end_ms":-1}`,
		`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"a"}}`, `{"type":"input_audio_buffer.append","audio":"AAAA"}`,
		`{"type":"input_audio_buffer.commit"}`, `{"type":"output_audio_buffer.clear"}`, `{"type":"response.cancel"}`, `[]`, `{"type":1}`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	_, _, p, _ := hallOf(f, "hello")
	c, _ := call(f, p, false)
	n := 0
	f.Fuzz(func(t *testing.T, message []byte) {
		c.t, c.seen = t, nil
		c.raw(message)
		n++
		id := fmt.Sprintf("after %d", n)
		c.send(event{"type": "conversation.item.retrieve", "item_id": "none", "event_id": id})
		for c.untilError()["event_id"] != id { // errors of the message itself come before
		}
	})
}
