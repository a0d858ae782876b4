package main

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/audio"
	"parley/audio/resample"
	"parley/config"
)

// realtimeClient is a client of the Realtime protocol over WebSocket.
type realtimeClient struct {
	t    *testing.T
	conn *websocket.Conn
	seen []string // types of events, in order
	pcm  []int16  // what was heard, at audio.SpeakRate
}

func (a *shopAgent) realtime(t *testing.T) *realtimeClient {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(a.url, "http")+"/v1/realtime?model=gpt-realtime", nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &realtimeClient{t: t, conn: conn}
}

func (c *realtimeClient) send(event map[string]any) {
	c.t.Helper()
	data, err := json.Marshal(event)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.conn.Write(c.t.Context(), websocket.MessageText, data); err != nil {
		c.t.Fatal(err)
	}
}

// say appends speech, all of it at once.
func (c *realtimeClient) say(pcm []int16) {
	c.t.Helper()
	c.send(map[string]any{"type": "input_audio_buffer.append", "audio": base64.StdEncoding.EncodeToString(littleEndian(pcm))})
}

func littleEndian(pcm []int16) []byte {
	data := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		data = binary.LittleEndian.AppendUint16(data, uint16(v))
	}
	return data
}

// until reads events until one of a type.
func (c *realtimeClient) until(kind string) map[string]any {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	for {
		_, data, err := c.conn.Read(ctx)
		if err != nil {
			c.t.Fatalf("waiting for %s: %v; seen %v", kind, err, c.seen)
		}
		var event map[string]any
		if err := json.Unmarshal(data, &event); err != nil {
			c.t.Fatalf("%s: %v", data, err)
		}
		got := event["type"].(string)
		if n := len(c.seen); n == 0 || c.seen[n-1] != got {
			c.seen = append(c.seen, got)
		}
		if got == "response.output_audio.delta" {
			piece, err := base64.StdEncoding.DecodeString(event["delta"].(string))
			if err != nil {
				c.t.Fatal(err)
			}
			for i := 0; i < len(piece); i += 2 {
				c.pcm = append(c.pcm, int16(binary.LittleEndian.Uint16(piece[i:])))
			}
		}
		if got == kind {
			return event
		}
		if got == "error" {
			c.t.Fatalf("waiting for %s: %s", kind, data)
		}
	}
}

func TestTheRealtimeProtocolOverAWebSocket(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	c := a.realtime(t)
	c.until("session.created")
	c.send(map[string]any{"type": "session.update", "session": map[string]any{
		"type": "realtime", "instructions": "Be brief.", "audio": map[string]any{"input": map[string]any{"turn_detection": map[string]any{"type": "server_vad", "silence_duration_ms": 400}}},
	}})
	c.until("session.updated")

	c.say(a.say(t, "Where is my order W one zero zero zero two?"))
	c.until("input_audio_buffer.speech_started")
	words := c.until("conversation.item.input_audio_transcription.completed")["transcript"].(string)
	if !strings.Contains(strings.ToLower(words), "my order") {
		t.Errorf("understood %q", words)
	}
	answer := c.until("response.output_audio_transcript.done")["transcript"].(string)
	if done := c.until("response.done")["response"].(map[string]any); done["status"] != "completed" || !strings.Contains(answer, "on its way") {
		t.Errorf("%q, %v", answer, done)
	}
	pcm, err := resample.All(c.pcm, audio.SpeakRate, audio.HearRate)
	if err != nil {
		t.Fatal(err)
	}
	var heard listener
	heard.record(pcm)
	if text := a.understand(t, &heard); !strings.Contains(text, "way") {
		t.Errorf("heard %q", text)
	}

	// By text, cut off by the client.
	c.send(map[string]any{"type": "conversation.item.create", "item": map[string]any{"type": "message", "role": "user", "content": []any{map[string]any{"type": "input_text", "text": "What can you do?"}}}})
	c.until("conversation.item.done")
	c.send(map[string]any{"type": "response.create"})
	item := c.until("response.output_audio.delta")["item_id"]
	c.send(map[string]any{"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": 20})
	c.until("conversation.item.truncated")
	if done := c.until("response.done")["response"].(map[string]any); done["status"] != "cancelled" {
		t.Errorf("%v", done)
	}
	c.send(map[string]any{"type": "conversation.item.retrieve", "item_id": item})
	if it := c.until("conversation.item.retrieved")["item"].(map[string]any); it["status"] != "incomplete" {
		t.Errorf("%v", it)
	}
	t.Log(c.seen)
}

// TestPushToTalk: the client says when an utterance ends.
func TestPushToTalk(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	c := a.realtime(t)
	c.send(map[string]any{"type": "session.update", "session": map[string]any{"type": "realtime", "output_modalities": []string{"text"}, "audio": map[string]any{"input": map[string]any{"turn_detection": nil}}}})
	c.until("session.updated")
	c.say(a.say(t, "Where is my order W one zero zero zero two?"))
	c.send(map[string]any{"type": "input_audio_buffer.commit"})
	c.send(map[string]any{"type": "response.create"})
	t.Logf("understood %v", c.until("conversation.item.input_audio_transcription.completed")["transcript"])
	if text := c.until("response.output_text.done")["text"].(string); !strings.Contains(text, "on its way") {
		t.Errorf("answered %q", text)
	}
	c.until("response.done")
}
