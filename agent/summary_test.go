package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"parley/llm"
)

func TestCut(t *testing.T) {
	long := strings.Repeat("word ", 40) // 50 tokens
	var h history
	for range 10 {
		h.messages = append(h.messages, llm.Message{Role: llm.User, Text: long}, llm.Message{Role: llm.Assistant, ToolCalls: []llm.ToolCall{{ID: "a", Name: "x"}}},
			llm.Message{Role: llm.ToolRole, ToolCallID: "a", Text: long}, llm.Message{Role: llm.Assistant, Text: long})
	}
	if gone := h.cut(100_000); gone != nil || len(h.messages) != 40 {
		t.Error("there was room for all")
	}
	gone := h.cut(1000)
	if len(gone)+len(h.messages) != 40 || h.messages[0].Role != llm.User || len(h.messages) < 16 || len(h.messages) > 24 {
		t.Errorf("%d gone, %d left, which begin with %s", len(gone), len(h.messages), h.messages[0].Role)
	}
	// One question with a long answer cannot be cut.
	h = history{messages: []llm.Message{{Role: llm.User, Text: long}, {Role: llm.Assistant, Text: strings.Repeat(long, 10)}}}
	if gone := h.cut(100); len(gone) != 0 || len(h.messages) != 2 {
		t.Errorf("%d gone, %d left", len(gone), len(h.messages))
	}
}

func TestExtract(t *testing.T) {
	got := extract("Customer: before", []llm.Message{
		{Role: llm.User, Text: "Where is W10002?"}, {Role: llm.Assistant, ToolCalls: []llm.ToolCall{{Name: "look", Arguments: json.RawMessage(`{"id":"W10002"}`)}}},
		{Role: llm.ToolRole, ToolName: "look", Text: `{"status":"pending"}`}, {Role: llm.Assistant, Text: "It is pending."},
	})
	want := "Customer: before\nCustomer: Where is W10002?\nCalled look {\"id\":\"W10002\"}\nResult of look: {\"status\":\"pending\"}"
	if got != want {
		t.Errorf("got %q", got)
	}
	for range 100 {
		got = extract(got, []llm.Message{{Role: llm.User, Text: strings.Repeat("é", 300)}})
	}
	if len(got) > maxExtract || !strings.HasPrefix(got, "Customer: é") || !strings.HasSuffix(got, "é…") {
		t.Errorf("%d bytes: %.40q", len(got), got)
	}
}

// summing is a brain that sums up, once it is let.
type summing struct {
	*brain
	release chan struct{}
	fail    error
}

func (s *summing) Summarize(ctx context.Context, earlier string, messages []llm.Message) (string, error) {
	select {
	case <-s.release:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	return fmt.Sprintf("SUMMARY of %d after %d bytes", len(messages), len(earlier)), s.fail
}

// TestALongConversation: what a brain is given stays within its bound, and what was
// let go is summed up.
func TestALongConversation(t *testing.T) {
	for name, fail := range map[string]error{"summed up": nil, "no summary": errors.New("broken")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &summing{brain: &brain{answer: func(llm.Request) []llm.Delta { return says("Yes, certainly.") }}, release: make(chan struct{}), fail: fail}
				w := newWorld(t, func(o *Options) {
					o.Engines.Detector, o.Engines.Recognizer, o.Engines.Voice = nil, nil, nil
					o.Engines.Brain, o.Tuning.Limits.History = s, 400
				})
				defer w.end()
				say := func(i int) {
					if _, err := w.conv.Say(t.Context(), fmt.Sprintf("Question %d: %s", i, strings.Repeat("word ", 20))); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
				}
				for i := range 30 {
					say(i)
				}
				last := s.requests()[29]
				if n := llm.Estimate(last); n > 400+maxExtract {
					t.Errorf("the brain is given %d tokens in %d messages", n, len(last.Messages))
				}
				if got := last.Messages[1]; got.Role != llm.System || !strings.HasPrefix(got.Text, summaryHead+"Customer: Question") {
					t.Errorf("no extract: %+v", got)
				}
				close(s.release)
				synctest.Wait()
				say(30)
				got := s.requests()[30].Messages[1].Text
				if (fail == nil) != strings.Contains(got, "SUMMARY of") || (fail != nil) != strings.Contains(got, "Customer: Question") {
					t.Errorf("got %q", got)
				}
			})
		})
	}
}
