package realtime

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/agent"
	"parley/llm"
)

func text(e event) string {
	item, _ := e["item"].(event)
	parts, _ := item["content"].([]any)
	for _, p := range parts {
		for _, name := range []string{"transcript", "text"} {
			if s, ok := p.(event)[name].(string); ok {
				return s
			}
		}
	}
	return ""
}

func status(e event) string { s, _ := e["response"].(event)["status"].(string); return s }

func TestAMessageIsAnsweredInSound(t *testing.T) {
	url, b, _, _ := hallOf(t, "hello")
	c := dial(t, url, "?model=gpt-realtime")
	c.until("session.created")
	c.send(event{"type": "session.update", "session": event{"type": "realtime", "instructions": "Speak like a pirate."}})
	c.until("session.updated")
	c.send(event{"type": "conversation.item.create", "item": message("user", "hello")})
	c.send(event{"type": "response.create", "response": event{"instructions": "Be short.", "metadata": event{"a": "b"}}})
	if created := c.until("response.created"); created["response"].(event)["metadata"].(event)["a"] != "b" {
		t.Errorf("%v", created)
	}
	done := c.until("response.output_item.done")
	if got := text(done); got != "You said hello." {
		t.Errorf("answered %q", got)
	}
	if e := c.until("response.done"); status(e) != "completed" || e["response"].(event)["usage"].(event)["input_tokens"] != 7.0 {
		t.Errorf("%v", e)
	}
	if system := b.system(); !strings.Contains(system, "as far as the rules above allow") || !strings.Contains(system, "pirate.\nBe short.") {
		t.Errorf("the brain was told:\n%s", system)
	}
	c.say("once more")
	c.until("response.done")
	if strings.Contains(b.system(), "Be short") {
		t.Error("what was asked of one response was asked of the next")
	}
}

func TestSpeechIsAnswered(t *testing.T) {
	for _, format := range []string{"audio/pcm", "audio/pcmu", "audio/pcma"} {
		url, _, _, _ := hallOf(t, "do you hear me?")
		c := dial(t, url, "")
		c.send(event{"type": "session.update", "session": event{"type": "realtime", "audio": event{"output": event{"format": event{"type": format}}}}})
		c.until("session.updated")
		c.send(event{"type": "input_audio_buffer.append", "audio": speech()})
		c.until("input_audio_buffer.speech_started")
		c.until("input_audio_buffer.speech_stopped")
		if e := c.until("conversation.item.input_audio_transcription.completed"); e["transcript"] != "do you hear me?" {
			t.Errorf("%v", e)
		}
		c.until("response.output_audio.delta")
		if e := c.until("response.done"); status(e) != "completed" {
			t.Errorf("%s: %v", format, e)
		}
	}
}

// A client that answers by itself when somebody has spoken.
func TestNoResponseWithoutBeingAsked(t *testing.T) {
	url, _, _, _ := hallOf(t, "do you hear me?")
	c := dial(t, url, "")
	c.send(event{"type": "session.update", "session": event{"type": "realtime", "audio": event{"input": event{"turn_detection": event{"type": "server_vad", "create_response": false}}}}})
	c.until("session.updated")
	c.send(event{"type": "input_audio_buffer.append", "audio": speech()})
	c.until("conversation.item.input_audio_transcription.completed")
	c.send(event{"type": "conversation.item.create", "item": message("user", "and read me")})
	c.until("conversation.item.done")
	c.send(event{"type": "response.create"})
	if got := text(c.until("response.output_item.done")); got != "You said do you hear me?\nand read me." {
		t.Errorf("%q", got)
	}
	c.until("response.done")
	if strings.Count(c.kinds(), "response.created") != 1 {
		t.Errorf("seen %s", c.kinds())
	}
}

func TestToolsOfTheClient(t *testing.T) {
	url, b, _, _ := hallOf(t, "hello")
	c := dial(t, url, "")
	tool := func(name string) event {
		return event{"type": "function", "name": name, "description": "It does.", "parameters": event{"type": "object"}}
	}
	c.send(event{"type": "session.update", "session": event{"type": "realtime", "tools": []event{tool("left"), tool("right"), tool("cancel_order")}}})
	c.until("session.updated")
	c.say("call left, right")
	calls := map[string]string{}
	for len(calls) < 2 {
		e := c.until("response.function_call_arguments.done")
		calls[e["name"].(string)] = e["call_id"].(string)
		if e["arguments"] != `{"n":1}` {
			t.Errorf("%v", e)
		}
	}
	done := c.until("response.done")
	outputs := done["response"].(event)["output"].([]any)
	if status(done) != "completed" || len(outputs) != 3 || outputs[0].(event)["type"] != "message" {
		t.Fatalf("%v", done)
	}
	c.send(event{"type": "conversation.item.create", "item": event{"type": "function_call_output", "call_id": calls["left"], "output": `{"l":1}`}})
	c.send(event{"type": "response.create"})
	c.until("response.created")
	c.send(event{"type": "conversation.item.create", "item": event{"type": "function_call_output", "call_id": calls["right"], "output": "fine"}})
	if got := text(c.until("response.output_item.done")); got != `It gave {"l":1} and "fine".` {
		t.Errorf("%q", got)
	}
	c.until("response.done")
	c.send(event{"type": "response.create"}) // as some clients do for every output
	if e := c.until("response.done"); status(e) != "completed" {
		t.Errorf("%v", e)
	}

	// A tool of the shop's name stays the shop's, with its question.
	c.say("call cancel_order")
	if got := text(c.until("response.output_item.done")); !strings.Contains(got, "confirmation_required") {
		t.Errorf("%q", got)
	}
	c.until("response.done")
	if strings.Count(c.kinds(), "response.function_call_arguments.done") != 2 {
		t.Errorf("seen %s", c.kinds())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var names []string
	for _, offered := range b.seen[0].Tools {
		names = append(names, offered.Name)
	}
	if !slices.Equal(names, []string{"cancel_order", "left", "right"}) {
		t.Errorf("the brain was offered %v", names)
	}
}

func TestTheClientSaysWhatItPlayed(t *testing.T) {
	url, b, _, _ := hallOf(t, "hello")
	c := dial(t, url, "")
	c.say("a story")
	first := c.until("response.output_audio.delta")
	for range 30 {
		c.until("response.output_audio.delta")
	}
	c.send(event{"type": "conversation.item.truncate", "item_id": first["item_id"], "content_index": 0, "audio_end_ms": 250})
	c.until("conversation.item.truncated")
	if e := c.until("response.done"); status(e) != "cancelled" {
		t.Errorf("%v", e)
	}
	c.send(event{"type": "conversation.item.retrieve", "item_id": first["item_id"]})
	heard := text(c.until("conversation.item.retrieved"))
	if heard == "" || len(strings.Fields(heard)) > 3 || !strings.HasPrefix(story, heard) {
		t.Errorf("the history holds %q", heard)
	}
	c.say("go on")
	c.until("response.done")
	b.mu.Lock()
	defer b.mu.Unlock()
	messages := b.seen[len(b.seen)-1].Messages
	if i := slices.IndexFunc(messages, func(m llm.Message) bool { return m.Role == llm.Assistant }); i < 0 || messages[i].Text != heard {
		t.Errorf("the brain was told %+v", messages)
	}
}

func TestPhotosAreLookedAt(t *testing.T) {
	url, _, _, _ := hallOf(t, "hello")
	c := dial(t, url, "")
	photo := func(data string) event {
		return event{"type": "conversation.item.create", "event_id": "mine", "item": event{"type": "message", "role": "user", "content": []event{{"type": "input_image", "image_url": "data:image/jpeg;base64," + data}}}}
	}
	c.send(photo("YWJj"))
	c.send(event{"type": "response.create"})
	if got := text(c.until("response.output_item.done")); !strings.Contains(got, `"text":"seen"`) {
		t.Errorf("%q", got)
	}
	c.until("response.done")
	c.send(photo("YmxpbmQ=")) // "blind"
	if e := c.untilError(); e["event_id"] != "mine" || !strings.Contains(e["message"].(string), "no photo") {
		t.Errorf("%v", e)
	}
	c.until("conversation.item.deleted")
}

// untilError reads until an error, and returns it.
func (c *client) untilError() event {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	for {
		data, err := c.read(ctx)
		if err != nil {
			c.t.Fatalf("waiting for an error: %v; seen %s", err, c.kinds())
		}
		var e event
		if err := json.Unmarshal(data, &e); err != nil {
			c.t.Fatal(err)
		}
		c.seen = append(c.seen, e)
		if e["type"] == "error" {
			return e["error"].(event)
		}
	}
}

func TestSecrets(t *testing.T) {
	url, b, _, _ := hallOf(t, "hello")
	post := func(body string) (int, event) {
		t.Helper()
		answer, err := http.Post(url+"/v1/realtime/client_secrets", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var e event
		if err := json.NewDecoder(answer.Body).Decode(&e); err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, e
	}
	code, e := post(`{"expires_after":{"anchor":"created_at","seconds":60},"session":{"type":"realtime","instructions":"Speak like a pirate."}}`)
	if secret, _ := e["value"].(string); code != http.StatusOK || !strings.HasPrefix(secret, "ek_") {
		t.Fatalf("%d %v", code, e)
	}
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(url, "http")+"/v1/realtime", &websocket.DialOptions{
		Subprotocols: []string{"realtime", "openai-insecure-api-key." + e["value"].(string), "openai-beta.realtime-v1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if conn.Subprotocol() != "realtime" {
		t.Errorf("the subprotocol is %q", conn.Subprotocol())
	}
	c := &client{t: t, conn: conn}
	if created := c.until("session.created"); created["session"].(event)["instructions"] != "Speak like a pirate." {
		t.Errorf("%v", created)
	}
	c.say("hello")
	c.until("response.done")
	if !strings.Contains(b.system(), "pirate") {
		t.Error("the instructions are lost")
	}
	for _, body := range []string{`{`, `{"expires_after":{"anchor":"now"}}`, `{"session":{"type":"transcription"}}`} {
		if code, e := post(body); code < 400 || code > 499 {
			t.Errorf("%s: %d %v", body, code, e)
		}
	}
}

func TestAClientThatLeavesEndsItsConversation(t *testing.T) {
	url, _, _, h := hallOf(t, "hello")
	c := dial(t, url, "")
	c.say("a story")
	c.until("response.output_audio.delta")
	found := h.Find("c1")
	if found == nil {
		t.Fatal("there is no conversation")
	}
	_ = c.conn.Close(websocket.StatusNormalClosure, "")
	select {
	case <-found.Done():
	case <-time.After(5 * time.Second):
		t.Error("the conversation goes on")
	}
}

func TestACallJoinsASecondClient(t *testing.T) {
	url, _, p, _ := hallOf(t, "hello")
	c, id := call(t, p, false)
	second := dial(t, url, "?call_id="+id)
	second.until("session.created")
	second.say("a story")
	second.until("output_audio_buffer.started")
	c.until("output_audio_buffer.started")
	c.send(event{"type": "output_audio_buffer.clear"})
	second.until("output_audio_buffer.cleared")
	c.until("response.done")
	if _, response, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(url, "http")+"/v1/realtime?call_id=other", nil); err == nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("%v, %v", response, err)
	}
}

func TestFramesAreBounded(t *testing.T) {
	url, _, _, _ := hallOf(t, "hello")
	c := dial(t, url, "")
	c.until("session.created")
	if err := c.conn.Write(t.Context(), websocket.MessageText, bytes.Repeat([]byte(" "), maxFrame+1)); err == nil {
		_, _, err = c.conn.Read(t.Context())
		for err == nil {
			_, _, err = c.conn.Read(t.Context())
		}
		if got := websocket.CloseStatus(err); got != websocket.StatusMessageTooBig && got != -1 { // -1: broken off before the last words
			t.Errorf("%v", err)
		}
	}
}

// TestPushToTalkOverACall: the client says when an utterance ends, though the sound is
// not in its hands.
func TestPushToTalkOverACall(t *testing.T) {
	_, _, p, _ := hallOf(t, "do you hear me?")
	c, _ := call(t, p, false)
	c.send(event{"type": "session.update", "session": event{"type": "realtime", "audio": event{"input": event{"turn_detection": nil}}}})
	c.until("session.updated")
	c.send(event{"type": "input_audio_buffer.commit"})
	if e := c.untilError(); e["code"] != emptyBuffer {
		t.Errorf("%v", e)
	}
	voice := make([]int16, 16000)
	for i := range voice {
		voice[i] = int16(6000 * (1 - 2*(i/40%2)))
	}
	c.ch.voice <- voice
	c.until("input_audio_buffer.speech_started")
	c.until("input_audio_buffer.speech_stopped")
	c.send(event{"type": "input_audio_buffer.commit"})
	c.send(event{"type": "response.create"})
	c.until("input_audio_buffer.committed")
	if e := c.until("conversation.item.input_audio_transcription.completed"); e["transcript"] != "do you hear me?" {
		t.Errorf("%v", e)
	}
	if got := text(c.until("response.output_item.done")); got != "You said do you hear me?." {
		t.Errorf("%q", got)
	}
	c.until("response.done")
}

func TestASlowReaderLosesItsConnection(t *testing.T) {
	url, _, p, h := hallOf(t, "hello")
	p.patience = 200 * time.Millisecond
	c := dial(t, url, "")
	update, err := json.Marshal(event{"type": "session.update", "session": event{"type": "realtime", "instructions": strings.Repeat("a", maxInstructions)}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for err == nil { // nobody reads what comes back
		err = c.conn.Write(ctx, websocket.MessageText, update)
	}
	if ctx.Err() != nil {
		t.Error("the server goes on writing to nobody")
	}
	gone(t, h)
}

// gone waits until no conversation is left.
func gone(t *testing.T, h *agent.Host) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); h.Count() > 0; {
		if time.Now().After(end) {
			t.Fatalf("%d conversations go on", h.Count())
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
}

func TestSessionsThatComeAndGo(t *testing.T) {
	url, _, _, h := hallOf(t, "hello")
	for i := range 60 {
		c := dial(t, url, "")
		c.say("a story")
		if i%2 == 0 {
			c.until("response.output_audio.delta")
		}
		_ = c.conn.CloseNow()
		if i%8 == 7 {
			gone(t, h)
		}
	}
	gone(t, h)
}

// TestAClientThatLeavesDuringItsTool: nobody will answer, and the conversation ends.
func TestAClientThatLeavesDuringItsTool(t *testing.T) {
	url, _, _, h := hallOf(t, "hello")
	c := dial(t, url, "")
	c.send(event{"type": "session.update", "session": event{"type": "realtime", "tools": []event{{"type": "function", "name": "look", "description": "Looks."}}}})
	c.say("call look")
	c.until("response.function_call_arguments.done")
	_ = c.conn.CloseNow()
	gone(t, h)
}

// TestAnInterruptionDuringATool: the output comes when its turn is over.
func TestAnInterruptionDuringATool(t *testing.T) {
	url, b, _, _ := hallOf(t, "hello")
	c := dial(t, url, "")
	c.send(event{"type": "session.update", "session": event{"type": "realtime", "tools": []event{{"type": "function", "name": "look", "description": "Looks."}}}})
	c.say("call look")
	id := c.until("response.function_call_arguments.done")["call_id"]
	c.until("response.done")
	c.say("never mind")
	c.until("response.done")
	c.send(event{"type": "conversation.item.create", "item": event{"type": "function_call_output", "call_id": id, "output": `{"seen":true}`}})
	c.send(event{"type": "response.create"})
	if e := c.until("response.done"); status(e) != "completed" {
		t.Errorf("%v", e)
	}
	c.say("hello")
	c.until("response.done")
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.ContainsFunc(b.seen[len(b.seen)-1].Messages, func(m llm.Message) bool { return m.Role == llm.ToolRole && m.Text == `{"seen":true}` }) {
		t.Errorf("the brain never heard of it: %+v", b.seen[len(b.seen)-1].Messages)
	}
}

func TestACallWithASession(t *testing.T) {
	_, _, p, _ := hallOf(t, "hello")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/realtime/calls", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		session string
		greets  bool
		ok      bool
	}{
		{"", true, true}, // perhaps a page of Parley's own
		{`{"type":"realtime","instructions":"Be brief."}`, false, true},
		{`{"type":"realtime","output_modalities":["text"]}`, false, false},
		{`{"type":"transcription"}`, false, false},
	} {
		var asked []byte
		if c.session != "" {
			asked = []byte(c.session)
		}
		adjust, serve, err := p.Prepare(request, asked)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.session, err)
		}
		if err != nil {
			continue
		}
		o := agent.Options{Greet: true, Phrases: phrases{}}
		if adjust(&o); o.Greet != c.greets || serve == nil {
			t.Errorf("%s: greets %v", c.session, o.Greet)
		}
	}
}
