package agent

import (
	"strings"
	"time"
)

// patience is the wait for a brain's first word. Silence begins to count once it is
// certain that the caller has finished.
type patience struct {
	certain <-chan struct{} // nil once the wait has begun, or when there is none
	over    <-chan time.Time
	timer   *time.Timer
}

// wait begins the wait where somebody listens and nothing has been said yet.
func (k *thinker) wait() *patience {
	if !k.turn.spoken || k.spoke || k.c.opts.Tuning.Filler <= 0 {
		return &patience{}
	}
	return &patience{certain: k.turn.committed}
}

func (p *patience) begin(after time.Duration) {
	p.certain = nil
	p.timer = time.NewTimer(after)
	p.over = p.timer.C
}

func (p *patience) stop() {
	if p.timer != nil {
		p.timer.Stop()
	}
}

// fill says a word of patience, unless something has been said by now.
func (k *thinker) fill(step int) error {
	if k.spoke {
		return nil
	}
	text, err := k.c.opts.Phrases.Phrase(k.turn.language, PhraseFiller, k.caller)
	if text = strings.TrimSpace(text); err != nil || text == "" {
		return nil //nolint:nilerr // a phrasebook need not have it
	}
	if err := k.utter(said{turn: k.turn, step: step, text: text + " ", filler: true}); err != nil {
		return err
	}
	k.say(k.splitter.Flush())
	return nil
}
