package llm

import (
	"encoding/json"
	"testing"
)

func TestEstimateText(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "Hello": 2, "Where is my order": 5, "W10002?": 3, `{"a":1}`: 3, "你好吗": 3, "đơn": 3,
	} {
		if got := EstimateText(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestEstimate(t *testing.T) {
	r := Request{
		Messages: []Message{{Role: User, Text: "Hello there", Images: []Image{{Data: []byte{1}}}}, {Role: Assistant, ToolCalls: []ToolCall{{Name: "look", Arguments: json.RawMessage("{}")}}}},
		Tools:    []Tool{{Name: "look", Description: "Looks.", Parameters: json.RawMessage("{}")}},
	}
	if got := Estimate(r); got < 1000 || got > 1040 {
		t.Errorf("got %d", got)
	}
}
