package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/agent"
	"parley/config"
	"parley/internal/standin"
)

// TestABrainThatHangs: the embedded brain answers in its place, and the move is an
// event and a metric.
func TestABrainThatHangs(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	cfg := config.Default()
	cfg.Shop.Data = t.TempDir()
	cfg.LLM = []config.LLM{{Engine: config.OpenAI, Name: "provider", BaseURL: s.URL + "/v1", Model: "m", FirstToken: 200 * time.Millisecond}, {Engine: config.Rules}}
	e := openForChat(t, cfg)
	c := &chat{engines: e, caller: demoCaller(t.Context(), e.store)}
	if err := c.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.end)
	events := c.conversation.Subscribe(unread, false)
	said, err := c.say(t.Context(), "Where is my order W10002?")
	if err != nil || !strings.Contains(said.Reply, "W10002") {
		t.Fatalf("answered %q, %v", said.Reply, err)
	}
	moved := agent.BrainMoved{}
	for env := range events.Events() {
		if m, ok := env.Event.(agent.BrainMoved); ok {
			moved = m
		}
		if _, over := env.Event.(agent.TurnEnded); over {
			break
		}
	}
	if moved.From != "provider" || moved.To != config.Rules || moved.Reason != "timeout" || moved.Waited < 200 || moved.Waited > 2000 {
		t.Errorf("the event is %+v", moved)
	}
	if n := counted(t, e.spent, "parley_brain_moves_total"); n < 1 {
		t.Errorf("%v moves counted", n)
	}
	if n := counted(t, e.spent, "parley_brain_tokens_total"); n < 100 {
		t.Errorf("%v tokens counted: the provider has read the request", n)
	}
}

// TestATokenBound: past it the caller is told so.
func TestATokenBound(t *testing.T) {
	s := httptest.NewServer(standin.New(standin.Options{Replies: []string{"Hello there."}}))
	t.Cleanup(s.Close)
	cfg := config.Default()
	cfg.Shop.Data, cfg.Limits.TokensConversation = t.TempDir(), 50
	cfg.LLM = []config.LLM{{Engine: config.OpenAI, BaseURL: s.URL + "/v1", Model: "m"}}
	e := openForChat(t, cfg)
	c := &chat{engines: e}
	t.Cleanup(c.end)
	for _, want := range []string{"Hello there.", "The shop's team will help you"} {
		if said, err := c.say(t.Context(), "Hi"); err != nil || !strings.Contains(said.Reply, want) {
			t.Errorf("answered %q, %v, want %q", said.Reply, err, want)
		}
	}
}

// TestEnginesOpen: every engine that the config knows can be opened.
func TestEnginesOpen(t *testing.T) {
	for _, engine := range []string{config.OpenAI, config.Anthropic, config.Google, config.Ollama, config.Mistral, config.Bedrock} {
		c := config.LLM{Engine: engine, Model: "m", APIKey: "k"}
		if engine == config.OpenAI || engine == config.Bedrock {
			c.BaseURL = "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1"
		}
		b, err := openProvider(c, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Errorf("%s: %v", engine, err)
			continue
		}
		if err := b.Close(); err != nil {
			t.Errorf("%s: %v", engine, err)
		}
	}
}

func openForChat(t *testing.T, cfg *config.Config) *engines {
	t.Helper()
	e := &engines{cfg: cfg, log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() { e.close() })
	if err := e.openMind(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

// counted is the sum of a counter over its labels.
func counted(t *testing.T, c prometheus.Collector, name string) (sum float64) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}
