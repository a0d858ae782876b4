package api

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/agent"
)

// opening tells when an answer begins.
type opening struct {
	*httptest.ResponseRecorder
	once   sync.Once
	opened chan<- struct{}
}

func (o *opening) Flush() {
	o.ResponseRecorder.Flush()
	o.once.Do(func() { o.opened <- struct{}{} })
}

// TestAStreamGoesOn: a client that lost its stream misses nothing and hears
// nothing twice.
func TestAStreamGoesOn(t *testing.T) {
	d := newDesk(t, 4, same)
	defer d.close(t)
	opened := make(chan struct{}, 3)
	check(t, d.do(t.Context(), "POST", "/v1/conversations", "", "").Result(), 201, "c1", "")
	check(t, d.do(t.Context(), "POST", "/v1/conversations/c1/messages", "application/json", `{"text":"hello"}`).Result(), 200, "turn.ended", "")
	read := func(last string) []event {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost/v1/conversations/c1/events", nil)
		if last != "" {
			r.Header.Set("Last-Event-ID", last)
		}
		w := &opening{ResponseRecorder: httptest.NewRecorder(), opened: opened}
		d.ServeHTTP(w, r) // until the conversation ends
		return parse(t, w.Body.String())
	}
	whole, rest, none := make(chan []event, 1), make(chan []event, 1), make(chan []event, 1)
	go func() { whole <- read("") }()
	go func() { rest <- read("4") }()
	go func() { none <- read("1000000") }()
	// A conversation that has ended is not found, so the streams have to be open first.
	for range 3 {
		<-opened
	}
	check(t, d.do(t.Context(), "DELETE", "/v1/conversations/c1", "", "").Result(), 204, "", "")
	all := <-whole
	var want, got []string
	for _, e := range all {
		if e.data["seq"].(float64) > 4 && e.kind != "reply.delta" {
			want = append(want, fmt.Sprint(e.data["seq"], e.kind))
		}
	}
	for _, e := range <-rest {
		got = append(got, fmt.Sprint(e.data["seq"], e.kind))
	}
	if len(want) < 3 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after 4 came\n%q\nnot\n%q", got, want)
	}
	if more := <-none; len(more) != 0 {
		t.Errorf("after the last came %v", more)
	}
}

func TestBadEventIDs(t *testing.T) {
	d := newDesk(t, 4, same)
	defer d.close(t)
	check(t, d.do(t.Context(), "POST", "/v1/conversations", "", "").Result(), 201, "c1", "")
	for _, id := range []string{"x", "-1", "99999999999999999999"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost/v1/conversations/c1/events", nil)
		r.Header.Set("Last-Event-ID", id)
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		check(t, w.Result(), 400, "number", "bad-event-id")
	}
}

func TestTranscripts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 4, same)
		defer d.close(t)
		check(t, d.do(t.Context(), "POST", "/v1/conversations", "", "").Result(), 201, "c1", "")
		check(t, d.do(t.Context(), "POST", "/v1/conversations/c1/messages", "application/json", `{"text":"hello"}`).Result(), 200, "turn.ended", "")
		read := func() (out struct {
			Conversation string
			Ended, Cut   bool
			Said         []Utterance
		}) {
			w := d.do(t.Context(), "GET", "/v1/conversations/c1/transcript", "", "")
			if err := json.Unmarshal(w.Body.Bytes(), &out); w.Code != 200 || err != nil {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			return out
		}
		synctest.Wait()
		got := read()
		if len(got.Said) != 2 || got.Ended || got.Cut || got.Conversation != "c1" || got.Said[0].Who != "customer" || got.Said[0].Text != "hello" ||
			got.Said[0].Source != "text" || got.Said[1].Who != "agent" || got.Said[1].Text != "You said hello" || got.Said[1].Turn != 1 {
			t.Errorf("%+v", got)
		}
		check(t, d.do(t.Context(), "DELETE", "/v1/conversations/c1", "", "").Result(), 204, "", "")
		synctest.Wait()
		if got := read(); !got.Ended || len(got.Said) != 2 {
			t.Errorf("after the end: %+v", got)
		}
		<-time.After(keepEnded + time.Second)
		check(t, d.do(t.Context(), "GET", "/v1/conversations/c1/transcript", "", "").Result(), 404, "c1", "no-conversation")
	})
}

func TestATranscriptIsBounded(t *testing.T) {
	var s transcript
	for i := range 10 * maxUtterances {
		s.take(agent.Envelope{Turn: int64(i), Event: agent.UserSaid{Text: strings.Repeat("a", i%2000+1)}})
	}
	s.take(agent.Envelope{Turn: 10 * maxUtterances, Event: agent.UserSaid{Images: make([]agent.ImageSeen, 2)}})
	said, cut := s.read()
	total := 0
	for _, u := range said {
		total += len(u.Text)
	}
	if !cut || len(said) > maxUtterances || total > maxTranscriptText || total != s.bytes || said[len(said)-1].Photos != 2 {
		t.Errorf("%d utterances of %d bytes, cut %v", len(said), total, cut)
	}
}
