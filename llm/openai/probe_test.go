package openai

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"parley/internal/provider"
	"parley/internal/standin"
	"parley/llm"
)

// obliging is a stand-in that calls get_order when it is asked about an order.
func obliging(untrained bool) *standin.Server {
	return standin.New(standin.Options{Untrained: untrained, Tools: []standin.ToolRule{{
		Match: regexp.MustCompile(`\b(W\d{5})\b`), Tool: "get_order", Arguments: `{"order_id":"$1"}`,
	}}})
}

func TestProbe(t *testing.T) {
	refuses := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		_, _ = w.Write([]byte(`{"error":{"message":"this model does not support tools"}}`))
	}
	for name, c := range map[string]struct {
		server  http.Handler
		mode    ToolMode
		problem string
		err     error
	}{
		"a model that calls tools": {obliging(false), Native, "", nil},
		"one that needs a schema":  {obliging(true), Structured, "", nil},
		"one that only talks":      {standin.New(standin.Options{Replies: []string{"No idea."}}), "", "it called no tool but said: No idea.", nil},
		"one that refuses tools":   {http.HandlerFunc(refuses), "", "does not support tools", nil},
		"one that calls another tool": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			sse(w, call(`{"index":0,"id":"a","function":{"name":"fly","arguments":"{}"}}`)+end("tool_calls")+done)
		}), "", "it called a tool that does not exist: fly", nil},
		"one that forgets the number": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			sse(w, call(`{"index":0,"id":"a","function":{"name":"get_order","arguments":"{}"}}`)+end("tool_calls")+done)
		}), "", "it did not put the order's number in its call: {}", nil},
		"one that writes no JSON": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			sse(w, call(`{"index":0,"id":"a","function":{"name":"get_order","arguments":"{W"}}`)+end("tool_calls")+done)
		}), "", "the arguments of its call are not JSON: {W", nil},
		"a server that refuses access": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }), "", "", provider.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(c.server)
			defer s.Close()
			r, err := brain(t, s.URL, nil).Probe(t.Context())
			if r.Mode() != c.mode || !errors.Is(err, c.err) || !strings.Contains(r.Problem, c.problem) || c.problem == "" && r.Problem != "" {
				t.Errorf("got %+v, %v", r, err)
			}
			if c.mode != "" && (!r.Usage || r.FirstToken <= 0) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// TestAuto: the brain finds out by itself, and then calls tools in the way that works.
func TestAuto(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	model := obliging(true)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(503)
			return
		}
		model.ServeHTTP(w, r)
	})
	b := brain(t, s.URL, func(o *Options) { o.Tools = Auto })
	b.probing.wait.Wait() // the server is down: nothing is known yet
	if b.structured.Load() || b.probing.done {
		t.Fatal("it took a guess")
	}
	down.Store(false)
	if err := b.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.probing.wait.Wait()
	asked := model.Counts().Chats
	r := probeRequest()
	r.Messages[1].Text = "And W77777?"
	got := generate(t.Context(), b, r)
	if len(got.calls) != 1 || string(got.calls[0].Arguments) != `{"order_id":"W77777"}` || got.finish != llm.FinishTools {
		t.Errorf("got %+v", got)
	}
	if _ = b.Warm(t.Context()); model.Counts().Chats != asked+1 {
		t.Error("it probed again")
	}
}

// TestCloseEndsTheProbe: a server that hangs must not keep the program.
func TestCloseEndsTheProbe(t *testing.T) {
	arrived := make(chan struct{}, 1)
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	b := brain(t, s.URL, func(o *Options) { o.Tools = Auto })
	<-arrived
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if b.findOut(); b.probing.running {
		t.Error("a closed brain probes")
	}
}

func TestAnUnknownModeIsRefused(t *testing.T) {
	if _, err := New(Options{BaseURL: "http://h/v1", Model: "m", Tools: "magic"}); err == nil {
		t.Error("it should be")
	}
}
