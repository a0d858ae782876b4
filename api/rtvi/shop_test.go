package rtvi

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/access"
	"parley/agent"
	"parley/api"
	"parley/audio"
	"parley/audio/g711"
	"parley/internal/agenttest"
	"parley/llm"
	"parley/room"
	"parley/room/webrtc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers by what was said, all of it since the last answer.
type echo struct{}

func (echo) Generate(_ context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		last := r.Messages[len(r.Messages)-1]
		answer := "You said " + last.Text + "."
		if n := len(r.Messages); n > 1 && r.Messages[n-2].Role == llm.User {
			answer += " And " + r.Messages[n-2].Text + "."
		}
		switch {
		case last.Role == llm.ToolRole:
			answer = "It is here: " + last.Text
		case strings.Contains(last.Text, "show"):
			_ = yield(llm.Delta{ToolCall: &llm.ToolCall{ID: "t1", Name: "show_page", Arguments: json.RawMessage(`{"page":"returns"}`)}}, nil) &&
				yield(llm.Delta{Finish: llm.FinishTools}, nil)
			return
		case strings.Contains(last.Text, "tool"):
			_ = yield(llm.Delta{ToolCall: &llm.ToolCall{ID: "t1", Name: "look", Arguments: json.RawMessage(`{"order_id":"W1"}`)}}, nil) &&
				yield(llm.Delta{Finish: llm.FinishTools}, nil)
			return
		case strings.Contains(last.Text, "story"):
			answer = strings.Repeat("And so it went on and on. ", 12)
		}
		for _, word := range strings.SplitAfter(answer, " ") {
			if !yield(llm.Delta{Text: word}, nil) {
				return
			}
		}
		yield(llm.Delta{Finish: llm.FinishStop}, nil)
	}
}

// book takes all that is said over the agent for an interruption.
type book struct{ agenttest.Phrases }

func (book) Interruption(string, string) bool { return true }

// rooms gives the API real calls.
type rooms struct{ server *webrtc.Server }

func (r rooms) Answer(ctx context.Context, offer string, guest room.Guest) (string, api.Call, error) {
	answer, call, err := r.server.Answer(ctx, offer, guest)
	if err != nil {
		return "", nil, err
	}
	return answer, call, nil
}

// shop is a server with RTVI, real calls and fake engines.
type shop struct {
	*httptest.Server
	protocol *Protocol
	host     *agent.Host
	keys     *access.Keys
	tokens   *access.Tokens
}

// open opens a shop; with keys, it asks for them.
func open(t testing.TB, keys ...string) *shop {
	t.Helper()
	return openWithin(t, nil, keys...)
}

// openWithin opens a shop with limits.
func openWithin(t testing.TB, limits *access.Limits, keys ...string) *shop {
	t.Helper()
	server, err := webrtc.New(webrtc.Config{UDP: "127.0.0.1:0", Codecs: []audio.Codec{g711.MuLaw()}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{protocol: New(Config{STUN: []string{"stun:stun.example:3478"}, Program: "1.2.3"}), host: agent.NewHost(16)}
	if len(keys) > 0 {
		if s.keys, err = access.OpenKeys(t.TempDir(), keys...); err != nil {
			t.Fatal(err)
		}
		if s.tokens, err = access.NewTokens([]byte(strings.Repeat("a secret ", 8))); err != nil {
			t.Fatal(err)
		}
	}
	var n atomic.Int64
	handler := api.New(api.Config{
		Host: s.host, Rooms: rooms{server}, Ready: func() []string { return nil }, Page: http.NotFoundHandler(), Metrics: http.NotFoundHandler(),
		Keys: s.keys, Tokens: s.tokens, Limits: limits, Protocols: []api.Protocol{s.protocol},
		NewOptions: func(context.Context) (agent.Options, error) {
			return agent.Options{
				ID: fmt.Sprintf("c%d", n.Add(1)), Language: "en", Phrases: book{}, Tuning: agent.DefaultTuning(),
				Engines: agent.Engines{
					Detector: agenttest.Loud{}, Recognizer: agenttest.Heard("what was that"), Brain: echo{}, Voice: agenttest.Buzz(100 * time.Millisecond), Tools: agenttest.Toolbox(`"maya@example.com"`),
				},
			}, nil
		},
	})
	s.Server = httptest.NewServer(handler)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := server.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := s.host.Close(ctx, room.ErrShutdown); err != nil {
			t.Error(err)
		}
		if err := handler.Close(ctx); err != nil {
			t.Error(err)
		}
		s.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

// token makes one for a customer.
func (s *shop) token(t testing.TB, key, customer string) string {
	t.Helper()
	k, err := s.keys.Check(key)
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := s.tokens.Mint(access.Grant{Key: k.ID, Customer: customer}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
