package agent

import (
	"time"

	"parley/audio"
	"parley/audio/playout"
)

// Recorder keeps the sound of turns, for a shop that records its calls.
type Recorder interface {
	// Record takes the sound of a turn that is over. It is called on the conversation's
	// goroutine and must not block; what s points to is its own from then on.
	Record(s Sound)
}

// Sound is what was said in a turn of a call.
type Sound struct {
	Conversation string
	// Turn counts from 1.
	Turn int64
	// Caller is the utterance that the turn answers, at audio.HearRate with its lead;
	// nil where the agent spoke first, or answered a text.
	Caller []int16
	// Pause lies between the two.
	Pause time.Duration
	// Agent is what was sent of the answer, in pieces at audio.SpeakRate, without the
	// pauses in which it was held.
	Agent [][]int16
}

// longestSound bounds what is kept of one answer, in samples at audio.SpeakRate: five
// minutes.
const longestSound = 5 * 60 * audio.SpeakRate

// keepSound keeps a piece of a clause for the recording, if there is one.
func (c *Conversation) keepSound(t *turn, k *clause, pcm []int16) {
	if c.opts.Recorder == nil || t.kept+len(pcm) > longestSound {
		return
	}
	t.kept += len(pcm)
	k.sound = append(k.sound, pcm)
}

// record hands a turn's sound to the recorder. account says what was sent of it.
func (c *Conversation) record(t *turn, account playout.Account) {
	if c.opts.Recorder == nil {
		return
	}
	s := Sound{Conversation: c.opts.ID, Turn: t.id, Caller: t.heard}
	if s.Caller != nil { // which goes on for a moment after the voice
		s.Pause = max(time.Duration(t.timings.FirstSound)*time.Millisecond-samples(tail), 0)
	}
	for _, sent := range account.Clauses {
		at := t.clauseAt(sent.ID)
		if at < 0 {
			continue
		}
		left := int(sent.Position)
		for _, pcm := range t.clauses[at].sound {
			pcm = pcm[:min(left, len(pcm))]
			left -= len(pcm)
			s.Agent = append(s.Agent, pcm)
		}
	}
	if len(s.Caller) > 0 || len(s.Agent) > 0 {
		c.opts.Recorder.Record(s)
	}
}
