package rtvi

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestACall(t *testing.T) {
	s := open(t)
	c := s.call(t, "")
	if m := c.greet("2.1.0"); m.Data["version"] != Version || m.Data["about"].(map[string]any)["library_version"] != "1.2.3" {
		t.Errorf("bot-ready says %v", m.Data)
	}
	c.until(0, "server-message", "conversation.started")
	check(t, c.channel.SendText("ping: 1234"))
	check(t, c.channel.SendText(`{"type":"signalling","message":{"type":"trackStatus","receiver_index":0,"enabled":true}}`))

	c.speak(600 * time.Millisecond)
	c.until(0, "user-started-speaking")
	c.until(0, "user-transcription", "what was that", `"final":true`)
	c.until(0, "bot-transcription", "You said what was that.")
	c.until(0, "bot-output", `"spoken_status":"in-progress"`)
	c.until(0, "bot-output", `"spoken_status":"completed"`)
	c.until(0, "bot-tts-stopped")
	c.until(0, "metrics", "recognition", "voice")

	// A tool, by its name alone.
	mark := c.mark()
	c.send("1", "send-text", map[string]any{"content": "use the tool"})
	c.until(mark, "llm-function-call-started", "look")
	c.until(mark, "llm-function-call-stopped", "look", `"ok":true`)
	c.until(mark, "bot-tts-stopped")
	for _, m := range c.since(mark) {
		if text := story([]told{m}); strings.HasPrefix(m.Type, "llm-function") && (strings.Contains(text, "W1") || strings.Contains(text, "maya")) {
			t.Errorf("a message of a tool holds what is the customer's: %s", text)
		}
	}

	// The voice over the answer.
	mark = c.mark()
	c.send("2", "send-text", map[string]any{"content": "a story"})
	c.until(mark, "bot-started-speaking")
	c.speak(900 * time.Millisecond)
	c.until(mark, "bot-stopped-speaking")
	c.until(mark, "user-transcription", "what was that")
	c.until(mark, "bot-transcription", "You said what was that.")

	// A typed message over the answer, and by text alone.
	mark = c.mark()
	c.send("3", "send-text", map[string]any{"content": "a story", "options": map[string]any{"run_immediately": true, "audio_response": true}})
	c.until(mark, "bot-started-speaking")
	c.send("4", "send-text", map[string]any{"content": "blue", "options": map[string]any{"run_immediately": false}})
	c.send("5", "send-text", map[string]any{"content": "red", "options": map[string]any{"audio_response": false}})
	c.until(mark, "bot-stopped-speaking")
	c.until(mark, "bot-output", "You said red.", `"will_be_spoken":false`)
	for _, m := range c.since(mark) {
		if m.Type == "error-response" || m.Type == "error" {
			t.Errorf("%v was refused", m)
		}
	}

	// It hangs up.
	conversation := s.host.Find("c1")
	c.close()
	select {
	case <-conversation.Done():
	case <-time.After(limit):
		t.Error("the conversation goes on")
	}
}

// TestVersions: a client of version 1 is answered in its own; one of none, or of another, is
// told so, and served.
func TestVersions(t *testing.T) {
	s := open(t)
	for version, want := range map[string]struct{ answered, warning string }{
		"2.0.0": {Version, ""}, "1.2.0": {"1.2.0", ""}, "3.0.0": {Version, "not compatible"}, "": {Version, "does not say"}, "two": {Version, "three numbers"}, "2.1": {Version, "three numbers"},
	} {
		t.Run(version, func(t *testing.T) {
			c := s.call(t, "")
			if m := c.greet(version); m.Data["version"] != want.answered {
				t.Errorf("the version is answered with %v", m.Data)
			}
			if want.warning != "" {
				if m := c.until(0, "error-response", want.warning); m.ID != "hello" {
					t.Errorf("the warning has the id %q", m.ID)
				}
			}
			c.send("1", "send-text", map[string]any{"content": "hello"})
			c.until(0, "bot-output", "hello")
			c.close()
		})
	}
}

// TestTheAgentLeaves: the client is told, and has time to go by itself.
func TestTheAgentLeaves(t *testing.T) {
	s := open(t)
	for name, end := range map[string]func(c *client){
		"at the client's wish": func(c *client) { c.send("1", "disconnect-bot", map[string]any{}) },
		"at the shop's": func(c *client) {
			if status, answer := c.shop.request(t, http.MethodPost, "/start", "", ""); status != http.StatusOK {
				t.Error(answer)
			}
			c.shop.host.End(c.shop.protocol.findPeer(c.id, "key:").conversation.ID(), errClosed)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.call(t, "")
			c.greet("2.1.0")
			begun := time.Now()
			end(c)
			if m := c.until(0, "signalling"); m.Message["type"] != "peerLeft" {
				t.Errorf("the client is told %v", m)
			}
			select { // it does not go, and is hung up on
			case <-c.closed:
			case <-time.After(limit):
				t.Fatal("the call goes on")
			}
			if took := time.Since(begun); took > farewell+4*time.Second {
				t.Errorf("the call went on for %v", took)
			}
			// Coming back is refused, for good.
			status, answer := s.request(t, http.MethodPost, c.path(), "", map[string]any{"sdp": c.connection.LocalDescription().SDP, "type": "offer", "pc_id": c.id, "restart_pc": true})
			if status != http.StatusGone {
				t.Errorf("another connection is answered with %d %v", status, answer)
			}
			if status, _ := s.request(t, http.MethodPatch, c.path(), "", map[string]any{"pc_id": c.id, "candidates": []any{}}); status != http.StatusGone {
				t.Errorf("candidates are answered with %d", status)
			}
		})
	}
}

// TestAnotherConnection: the client makes one in place of the one it has, which says
// nothing twice and leaves nothing out.
func TestAnotherConnection(t *testing.T) {
	s := open(t)
	c := s.start(t, "")
	c.plain = true
	c.connect(false)
	c.greet("2.1.0")
	c.send("1", "send-text", map[string]any{"content": "red"})
	c.until(0, "bot-tts-stopped")
	id := c.id
	c.connect(true)
	if c.id != id {
		t.Errorf("the connection %q has become %q", id, c.id)
	}
	mark := c.mark()
	c.send("2", "send-text", map[string]any{"content": "blue"})
	c.until(mark, "bot-transcription", "You said blue.")
	c.until(mark, "bot-tts-stopped")
	var heard []string
	for _, m := range c.since(0) {
		if m.Type == "user-llm-text" {
			heard = append(heard, m.Data["text"].(string))
		}
	}
	if !slices.Equal(heard, []string{"red", "blue"}) {
		t.Errorf("the client was told of %q", heard)
	}
	if s.host.Count() != 1 {
		t.Errorf("there are %d conversations", s.host.Count())
	}
	// Without restart_pc it is a renegotiation, of the connection there is.
	offer, err := c.connection.CreateOffer(nil)
	check(t, err)
	check(t, c.connection.SetLocalDescription(offer))
	status, answer := s.request(t, http.MethodPost, c.path(), "", map[string]any{"sdp": c.connection.LocalDescription().SDP, "type": "offer", "pc_id": c.id})
	if status != http.StatusOK || answer["pc_id"] != id {
		t.Errorf("the renegotiation is answered with %d %v", status, answer)
	}
	mark = c.mark()
	c.send("3", "send-text", map[string]any{"content": "green"})
	c.until(mark, "bot-transcription", "You said green.")
}
