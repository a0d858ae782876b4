package agent

import (
	"encoding/json"
	"fmt"
)

// MarshalJSON puts "type", the envelope's fields, "at_ms" and the event's own
// fields into one flat object.
func (e Envelope) MarshalJSON() ([]byte, error) {
	head, err := json.Marshal(struct {
		Type         string `json:"type"`
		Conversation string `json:"conversation"`
		Seq          int64  `json:"seq"`
		Turn         int64  `json:"turn,omitempty"`
		At           int64  `json:"at_ms"`
	}{e.Event.Kind(), e.Conversation, e.Seq, e.Turn, e.At.Milliseconds()})
	if err != nil {
		return nil, fmt.Errorf("marshalling the head of a %s event: %w", e.Event.Kind(), err)
	}
	body, err := json.Marshal(e.Event)
	if err != nil {
		return nil, fmt.Errorf("marshalling a %s event: %w", e.Event.Kind(), err)
	}
	if len(body) <= 2 { // {}
		return head, nil
	}
	head[len(head)-1] = ','
	return append(head, body[1:]...), nil
}
