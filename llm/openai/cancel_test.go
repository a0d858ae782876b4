package openai

import (
	"net/http"
	"testing"

	"parley/internal/cancelled"
	"parley/llm"
)

// TestCancelledTurns cancels 10,000 turns in every phase, with either way of calling
// tools.
func TestCancelledTurns(t *testing.T) {
	for _, mode := range []ToolMode{Native, Structured} {
		phases := []cancelled.Phase{
			{Name: "before the headers"},
			{Name: "before the first word", Sent: []string{role}},
			{Name: "in the text", Sent: []string{role, say("Your "), say("order ")}, Deltas: 2},
			{Name: "in a tool call", Sent: []string{role, call(`{"index":0,"id":"a","function":{"name":"get_order","arguments":"{\"or"}}`)}},
			{Name: "after the end", Sent: []string{role, say("Your "), say("order."), end("stop")}, Deltas: 2},
		}
		if mode == Structured {
			phases = []cancelled.Phase{
				{Name: "before the first word", Sent: []string{say(`{"sa`)}},
				{Name: "in the text", Sent: []string{say(`{"say":"Your `), say("order ")}, Deltas: 2},
				{Name: "in a tool call", Sent: []string{say(`{"call":[{"tool"`)}},
			}
		}
		t.Run(string(mode), func(t *testing.T) {
			cancelled.Run(t, "text/event-stream", func(address string, c *http.Client) llm.Brain {
				b, err := New(Options{BaseURL: address + "/v1", Model: "m", HTTPClient: c, Tools: mode})
				if err != nil {
					t.Fatal(err)
				}
				return b
			}, func(b llm.Brain) { b.(*Brain).Close() }, phases)
		})
	}
}
