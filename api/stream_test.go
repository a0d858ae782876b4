package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// kinds lists the events' types, each run of equal ones once.
func kinds(events []event) []string {
	var out []string
	for _, e := range events {
		if len(out) == 0 || out[len(out)-1] != e.kind {
			out = append(out, e.kind)
		}
	}
	return out
}

func TestAMessageStreamsItsTurn(t *testing.T) {
	d := newDesk(t, 4, same)
	defer d.close(t)
	d.do(t.Context(), "POST", "/v1/conversations", "", "")
	for i, c := range []struct {
		text, cause string
		kinds       []string
	}{
		{"hello", "done", []string{"transcript.final", "turn.started", "reply.delta", "reply.done", "turn.ended"}},
		{"use a tool", "done", []string{"transcript.final", "turn.started", "tool.started", "tool.finished", "reply.delta", "reply.done", "turn.ended"}},
		{"fail", "failed", []string{"transcript.final", "turn.started", "error", "reply.delta", "reply.done", "turn.ended"}},
		{"panic", "failed", []string{"transcript.final", "turn.started", "error", "reply.delta", "reply.done", "turn.ended"}},
		{"and again", "done", []string{"transcript.final", "turn.started", "reply.delta", "reply.done", "turn.ended"}},
	} {
		w := d.do(t.Context(), "POST", "/v1/conversations/c1/messages", "application/json", fmt.Sprintf(`{"text":%q}`, c.text))
		if kind := w.Header().Get("Content-Type"); w.Code != 200 || kind != "text/event-stream" {
			t.Fatalf("%d %s %s", w.Code, kind, w.Body)
		}
		events := parse(t, w.Body.String())
		if got := kinds(events); !slices.Equal(got, c.kinds) {
			t.Errorf("%s: events %v, want %v", c.text, got, c.kinds)
		}
		seq, text := 0.0, ""
		for _, e := range events {
			if e.data["conversation"] != "c1" || e.data["turn"] != float64(i+1) || e.data["seq"].(float64) <= seq {
				t.Errorf("%s: an event out of place: %v", c.text, e)
			}
			seq = e.data["seq"].(float64)
			if e.kind == "reply.delta" {
				text += e.data["text"].(string)
			}
			if e.kind == "reply.done" && (e.data["text"] != strings.TrimSpace(text) || e.data["heard"] != e.data["text"]) {
				t.Errorf("%s: the deltas say %q, the end %v", c.text, text, e.data)
			}
		}
		if last := events[len(events)-1]; last.data["cause"] != c.cause {
			t.Errorf("%s: ended by %v, want %s", c.text, last.data["cause"], c.cause)
		}
	}
	// Whoever comes late hears all that happened, deltas left out.
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	events := parse(t, d.do(ctx, "GET", "/v1/conversations/c1/events", "", "").Body.String())
	if first := events[0]; first.kind != "conversation.started" || first.data["seq"] != 1.0 || first.data["language"] != "en" {
		t.Errorf("the replay begins with %v", first)
	}
	count := map[string]int{}
	for _, e := range events {
		count[e.kind]++
	}
	if count["turn.ended"] != 5 || count["transcript.final"] != 5 || count["error"] != 2 || count["reply.delta"] != 0 {
		t.Errorf("replayed: %v", count)
	}
}

func TestANewMessageCutsTheOldOneOff(t *testing.T) {
	d := newDesk(t, 4, same)
	s := d.serve(t)
	d.do(t.Context(), "POST", "/v1/conversations", "", "")
	first := open(t, s.URL+"/v1/conversations/c1/messages", `{"text":"hang"}`)
	second := open(t, s.URL+"/v1/conversations/c1/messages", `{"text":"hello"}`)
	for name, want := range map[*http.Response]string{first: "superseded", second: "done"} {
		body, err := io.ReadAll(name.Body)
		if err != nil {
			t.Fatal(err)
		}
		events := parse(t, string(body))
		if last := events[len(events)-1]; last.kind != "turn.ended" || last.data["cause"] != want {
			t.Errorf("ended by %v, want %s", last, want)
		}
	}
}

// open begins a stream and returns it once its first event is there.
func open(t *testing.T, url, body string) *http.Response {
	t.Helper()
	method := "GET"
	if body != "" {
		method = "POST"
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	in := bufio.NewReader(response.Body)
	if _, err := in.Peek(1); err != nil {
		t.Fatal(err)
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{in, response.Body}
	return response
}

func TestTwoStreamsAtOnceSayTheSame(t *testing.T) {
	d := newDesk(t, 4, same)
	s := d.serve(t)
	d.do(t.Context(), "POST", "/v1/conversations", "", "")
	var streams [2]*http.Response
	for i := range streams {
		streams[i] = open(t, s.URL+"/v1/conversations/c1/events", "")
	}
	for range 3 {
		d.do(t.Context(), "POST", "/v1/conversations/c1/messages", "", `{"text":"hello"}`)
	}
	d.do(t.Context(), "DELETE", "/v1/conversations/c1", "", "")
	var got [2]string
	var all sync.WaitGroup
	for i, r := range streams {
		all.Go(func() {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			got[i] = string(body)
		})
	}
	all.Wait()
	events := parse(t, got[0])
	if got[0] != got[1] || events[len(events)-1].kind != "conversation.ended" {
		t.Errorf("the streams differ, or do not end with the conversation:\n%s\n\n%s", got[0], got[1])
	}
	for i, e := range events {
		if e.data["seq"] != float64(i+1) {
			t.Errorf("event %d has the number %v", i+1, e.data["seq"])
		}
	}
}

// A client that goes away in the middle of a stream leaves nothing behind: the
// stream ends and the conversation goes on. That no goroutine is left, TestMain says.
func TestAClientThatGoesAway(t *testing.T) {
	d := newDesk(t, 4, same)
	s := d.serve(t)
	d.do(t.Context(), "POST", "/v1/conversations", "", "")
	events := open(t, s.URL+"/v1/conversations/c1/events", "")
	message := open(t, s.URL+"/v1/conversations/c1/messages", `{"text":"hang"}`)
	events.Body.Close()
	message.Body.Close()
	w := d.do(t.Context(), "POST", "/v1/conversations/c1/messages", "", `{"text":"hello"}`)
	check(t, w.Result(), 200, "You said hello", "")
}

// A client that stops reading is let go, and costs the conversation nothing.
func TestAClientThatDoesNotRead(t *testing.T) {
	d := newDesk(t, 4, same)
	d.patience = 200 * time.Millisecond
	s := d.serve(t)
	d.do(t.Context(), "POST", "/v1/conversations", "", "")
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET /v1/conversations/c1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	// Enough for what the kernel keeps, and far more than the stream does.
	text := fmt.Sprintf(`{"text":%q}`, strings.Repeat("word", 2000))
	const turns = 500
	for range turns {
		if w := d.do(t.Context(), "POST", "/v1/conversations/c1/messages", "", text); w.Code != 200 {
			t.Fatal(w.Body)
		}
	}
	// The server has given up: what is still in the kernel comes, and then the end.
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the stream goes on, after %d bytes", len(got))
	}
	if n := strings.Count(string(got), "event: turn.ended"); n >= turns {
		t.Errorf("all %d turns came, so this was no test", n)
	}
}

// A stream without events shows that it is alive, in virtual time here.
func TestAQuietStreamShowsThatItIsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 4, same)
		d.do(t.Context(), "POST", "/v1/conversations", "", "")
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		w := d.do(ctx, "GET", "/v1/conversations/c1/events", "", "")
		if n := strings.Count(w.Body.String(), ": alive\n\n"); n != 3 {
			t.Errorf("%d signs of life in 50 s", n)
		}
		d.close(t)
	})
}

// A conversation by text that nobody uses ends by itself.
func TestAConversationThatIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 4, same)
		d.do(t.Context(), "POST", "/v1/conversations", "", "")
		d.do(t.Context(), "POST", "/v1/conversations/c1/messages", "", `{"text":"hello"}`)
		w := d.do(t.Context(), "GET", "/v1/conversations/c1/events", "", "") // until it ends
		events := parse(t, w.Body.String())
		if last := events[len(events)-1]; last.kind != "conversation.ended" || last.data["at_ms"].(float64) < 30*60*1000 {
			t.Errorf("the last event is %v", last)
		}
		synctest.Wait()
		if d.host.Count() != 0 {
			t.Error("the conversation is still there")
		}
		d.close(t)
	})
}
