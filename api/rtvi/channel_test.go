package rtvi

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/agent"
	"parley/room"
)

// wire is a channel whose other end is the test.
type wire struct {
	messages chan []byte

	mu   sync.Mutex
	slow bool
	sent []message
}

func (w *wire) Label() string           { return channelLabel }
func (w *wire) Messages() <-chan []byte { return w.messages }
func (w *wire) Send(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.slow {
		return room.ErrSlow
	}
	var m message
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	w.sent = append(w.sent, m)
	return nil
}

// drain returns what was sent since the last time.
func (w *wire) drain() []message {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.sent
	w.sent = nil
	return sent
}

// talking is the service of a channel in a conversation that runs.
func (s *shop) talking(t testing.TB) (*talk, *wire) {
	t.Helper()
	ctx := context.Background()
	c, err := s.protocol.hall.Begin(ctx, nil)
	check(t, err)
	w := &wire{}
	return &talk{protocol: s.protocol, ctx: ctx, peer: s.protocol.addPeer("", c, newFunctions()), channel: w, log: slog.New(slog.DiscardHandler)}, w
}

// FuzzMessages sends anything over the channel. Whatever is answered carries the id of
// what it answers, and is short.
func FuzzMessages(f *testing.F) {
	for kind, data := range samples() {
		b, err := json.Marshal(map[string]any{"id": "1", "label": messageLabel, "type": kind, "data": data})
		check(f, err)
		f.Add(b)
	}
	for _, s := range []string{"", "ping: 1", "{}", "[]", "null", `{"label":"rtvi-ai"}`, `{"label":"rtvi-ai","id":7,"type":"send-text"}`, `{"type":"signalling","message":{"type":"trackStatus"}}`,
		`{"label":"rtvi-ai","id":"1","type":"send-text","data":{"content":"\u0000"}}`, "{\"label\":\"rtvi-ai\",\"id\":\"\xff\"}", `{"label":"rtvi-ai","id":"1","type":"client-ready","data":{"version":[]}}`} {
		f.Add([]byte(s))
	}
	s := open(f)
	talk, w := s.talking(f)
	defer func() {
		if talk.events != nil {
			talk.events.Close()
		}
	}()
	f.Fuzz(func(t *testing.T, b []byte) {
		select {
		case <-talk.peer.conversation.Done(): // it was asked to end
			if talk.events != nil {
				talk.events.Close()
			}
			talk, w = s.talking(t)
		default:
		}
		talk.take(b)
		m, err := parse(b)
		for _, answer := range w.drain() {
			switch {
			case answer.Label != messageLabel:
				t.Errorf("%q is answered with the label %q", b, answer.Label)
			case answer.Type == typeError && (err != nil || m.ID == ""):
			case answer.Type == typeError, err != nil, m.ID != "" && answer.ID != m.ID:
				t.Errorf("%q is answered with %+v", b, answer)
			}
			if text, err := json.Marshal(answer); err != nil || len(text) > 1000 {
				t.Errorf("the answer to %q has %d bytes, %v", b, len(text), err)
			}
		}
	})
}

func TestVersionNumbers(t *testing.T) {
	for text, want := range map[string]version{"2.1.0": {2, 1, 0}, "1.22.333": {1, 22, 333}, "0.0.0": {}} {
		if v, err := parseVersion(text); err != nil || v != want || v.String() != text {
			t.Errorf("%s is %v, %v", text, v, err)
		}
	}
	for _, text := range []string{"", "2", "2.1", "2.1.0.0", "a.b.c", "-1.0.0", "2.1.99999999999999999999", "2..0", strings.Repeat("1.", 500)} {
		if v, err := parseVersion(text); err == nil || len(err.Error()) > 150 {
			t.Errorf("%.40q is %v, %v", text, v, err)
		}
	}
}

// TestASlowClient misses what a later message makes up for, and is served no more when
// it would miss anything else.
func TestASlowClient(t *testing.T) {
	s := open(t)
	talk, w := s.talking(t)
	talk.peer.translator = newTranslator(version{2, 1, 0}, time.Now, nobodys)
	w.slow = true
	talk.pass(agent.Envelope{Seq: 1, Event: agent.PartialTranscript{Text: "Wh"}})
	if talk.deaf {
		t.Error("the client is given up for a partial transcript")
	}
	w.slow = false
	talk.pass(agent.Envelope{Seq: 2, Event: agent.SpeechStarted{}})
	talk.pass(agent.Envelope{Seq: 2, Event: agent.SpeechStarted{}}) // told before
	if sent := w.drain(); len(sent) != 1 || sent[0].Type != typeUserStartedSpeaking {
		t.Errorf("the client is told %+v", sent)
	}
	w.slow = true
	talk.pass(agent.Envelope{Seq: 3, Event: agent.SpeechStopped{}})
	w.slow = false
	talk.pass(agent.Envelope{Seq: 4, Event: agent.SpeechStarted{}})
	if sent := w.drain(); !talk.deaf || len(sent) != 0 {
		t.Errorf("after what it missed the client is told %+v", sent)
	}
}

// TestASecondChannel is read, and not served.
func TestASecondChannel(t *testing.T) {
	s := open(t)
	talk, _ := s.talking(t)
	seat := talk.peer.sit()
	one, two := &wire{messages: make(chan []byte)}, &wire{messages: make(chan []byte)}
	var both sync.WaitGroup
	ready := []byte(`{"id":"1","label":"rtvi-ai","type":"client-ready","data":{"version":"2.1.0"}}`)
	both.Go(func() { s.protocol.serve(context.Background(), talk.peer, seat, one) })
	one.messages <- ready
	both.Go(func() { s.protocol.serve(context.Background(), talk.peer, seat, two) })
	two.messages <- ready
	close(two.messages)
	close(one.messages)
	both.Wait()
	if first, second := one.drain(), two.drain(); len(first) == 0 || first[0].Type != typeBotReady || len(second) != 0 {
		t.Errorf("the channels were told %+v and %+v", first, second)
	}
}
