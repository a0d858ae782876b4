package api

import (
	"sync"

	"parley/agent"
)

// Utterance is one thing that was said.
type Utterance struct {
	Turn int64  `json:"turn" doc:"The turn it belongs to, counted from 1; 0 for none."`
	Who  string `json:"who" enum:"customer,agent,staff,guest" doc:"Who said it; staff and guests are others in the same room."`
	Text string `json:"text" doc:"The words; of the agent's, those that were heard."`
	// Source is of the customer's.
	Source      string `json:"source,omitempty" enum:"voice,text" doc:"How the customer said it."`
	Photos      int    `json:"photos,omitempty" doc:"How many photos the customer sent along."`
	Interrupted bool   `json:"interrupted,omitempty" doc:"The agent was cut off here."`
	At          int64  `json:"at_ms" doc:"Milliseconds since the conversation began."`
}

// A transcript keeps the last of what was said, so that its memory is bounded.
const (
	maxUtterances     = 400
	maxTranscriptText = 64 << 10 // bytes
)

// transcript gathers what was said. It is safe for use by many goroutines.
type transcript struct {
	mu    sync.Mutex
	said  []Utterance
	bytes int
	cut   bool
}

// take adds an event, if something was said by it.
func (t *transcript) take(e agent.Envelope) {
	u := Utterance{Turn: e.Turn, At: e.At.Milliseconds()}
	switch e := e.Event.(type) {
	case agent.UserSaid:
		u.Who, u.Text, u.Source, u.Photos = "customer", e.Text, e.Source, len(e.Images)
	case agent.Overheard:
		u.Who, u.Text, u.Source = e.Role, e.Text, e.Source
	case agent.ReplyDone:
		u.Who, u.Text, u.Interrupted = "agent", e.Heard, e.Interrupted
	}
	if u.Text == "" && u.Photos == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said = append(t.said, u)
	t.bytes += len(u.Text)
	for len(t.said) > maxUtterances || t.bytes > maxTranscriptText && len(t.said) > 1 {
		t.bytes -= len(t.said[0].Text)
		t.said = t.said[1:]
		t.cut = true
	}
}

// read is what has been said so far; cut says that the beginning is missing.
func (t *transcript) read() (said []Utterance, cut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Utterance{}, t.said...), t.cut
}
