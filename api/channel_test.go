package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/room"
)

// tube is a data channel without a network.
type tube struct {
	label string
	in    chan []byte
	out   chan []byte

	mu   sync.Mutex
	fail error
	lost chan string // what could not be sent
}

func newTube(label string) *tube {
	return &tube{label: label, in: make(chan []byte, 16), out: make(chan []byte, 4096), lost: make(chan string, 4096)}
}

func (c *tube) Label() string           { return c.label }
func (c *tube) Messages() <-chan []byte { return c.in }
func (c *tube) Send(m []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		c.lost <- string(m)
		return c.fail
	}
	c.out <- append([]byte(nil), m...)
	return nil
}

func (c *tube) breaks(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = err
}

// until reads messages until one holds all pieces.
func (c *tube) until(t *testing.T, pieces ...string) string {
	t.Helper()
	timeout := time.After(10 * time.Second)
	var seen []string
	for {
		select {
		case m := <-c.out:
			found := true
			for _, p := range pieces {
				found = found && strings.Contains(string(m), p)
			}
			if !json.Valid(m) {
				t.Fatalf("no JSON: %q", m)
			}
			if found {
				return string(m)
			}
			seen = append(seen, string(m))
		case <-timeout:
			t.Fatalf("no message with %q, but\n%s", pieces, strings.Join(seen, "\n"))
		}
	}
}

func TestTheDataChannel(t *testing.T) {
	d := newDesk(t, 4, same)
	d.do(t.Context(), "POST", "/v1/realtime/calls", "application/sdp", "o")
	ch, other := newTube("parley"), newTube("chat")
	call := d.lobby.last()
	call.guest.Open(ch)
	call.guest.Open(other)
	ch.until(t, `"type":"conversation.started"`, `"seq":1,`)
	ch.in <- []byte(`{"type":"ping"}`)
	if got := ch.until(t, "pong"); got != `{"type":"pong"}` {
		t.Errorf("a ping is answered with %s", got)
	}
	ch.in <- []byte(`{"type":"message","text":"hello"}`)
	ch.until(t, `"type":"transcript.final"`, `"source":"text"`, `"hello"`)
	ch.in <- []byte(`{"type":"silence"}`)
	ch.until(t, `"type":"turn.ended"`, `"cancelled"`)
	for _, c := range []struct{ message, reason string }{
		{`rubbish`, "JSON object"}, {``, "JSON object"}, {`[]`, "JSON object"}, {`{"type":1}`, "JSON object"}, {`{"type":"message"} {}`, "JSON object"},
		{`{}`, "has to be"}, {`{"type":"shout"}`, "has to be"}, {`null`, "has to be"},
		{`{"type":"message"}`, "empty"}, {`{"type":"message","text":"  "}`, "empty"},
		{fmt.Sprintf(`{"type":"message","text":%q}`, strings.Repeat("a", 9<<10)), "too long"},
		{"\xff\xfe", "JSON object"}, {strings.Repeat("[", 20000), "JSON object"},
	} {
		ch.in <- []byte(c.message)
		if got := ch.until(t, `"type":"rejected"`); !strings.Contains(got, c.reason) || len(got) > 300 {
			t.Errorf("%.40q is rejected with %.300s", c.message, got)
		}
	}
	for range 100 { // nobody reads them, and nobody is hurt
		other.in <- []byte(`{"type":"ping"}`)
	}
	if len(other.out) != 0 {
		t.Error("a channel of another name is answered")
	}
	ch.in <- []byte(`{"type":"message","text":"still there?"}`)
	ch.until(t, `"still there?"`)
	close(ch.in)
	close(other.in)
	d.close(t) // waits for both channels
}

// A client that reads too slowly may miss deltas and nothing else.
func TestASlowDataChannel(t *testing.T) {
	d := newDesk(t, 4, same)
	d.do(t.Context(), "POST", "/v1/realtime/calls", "application/sdp", "o")
	ch := newTube("parley")
	d.lobby.last().guest.Open(ch)
	ch.until(t, `"type":"state"`, `"listening"`) // the last of the beginning: no event of it may be the one that is lost
	ch.in <- []byte(`{"type":"silence"}`)
	ch.breaks(room.ErrSlow)
	c := d.host.Find("c1")
	if _, err := c.Say(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(<-ch.lost, "transcript.final") { // a delta may be lost, this may not
	}
	ch.breaks(nil)
	if _, err := c.Say(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	d.lobby.last().Hangup(t.Context(), room.ErrHungUp)
	d.close(t)
	for len(ch.out) > 0 {
		if m := string(<-ch.out); strings.Contains(m, "turn.") || strings.Contains(m, "ended") {
			t.Errorf("after a gap, there came %s", m)
		}
	}
}

func TestADataChannelThatBreaks(t *testing.T) {
	d := newDesk(t, 4, same)
	d.do(t.Context(), "POST", "/v1/realtime/calls", "application/sdp", "o")
	ch := newTube("parley")
	d.lobby.last().guest.Open(ch)
	ch.until(t, `"type":"conversation.started"`)
	ch.breaks(errors.New("the channel is closed"))
	if _, err := d.host.Find("c1").Say(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	<-ch.lost
	ch.breaks(nil)
	d.lobby.last().Hangup(t.Context(), room.ErrHungUp)
	d.close(t)
	for len(ch.out) > 0 {
		if m := string(<-ch.out); strings.Contains(m, "conversation.ended") {
			t.Errorf("a channel that broke is served: %s", m)
		}
	}
}
