package agent

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley/tools"
)

// purse is a budget that is spent when it is told.
type purse struct{ empty atomic.Bool }

func (p *purse) Over(conversation string) bool { return conversation == "c1" && p.empty.Load() }

// politePhrases say that no more is possible.
type politePhrases struct{ phrases }

func (p politePhrases) Phrase(language, key string, caller tools.Caller) (string, error) {
	if key == PhraseLimit {
		return "A person will help you.", nil
	}
	return p.phrases.Phrase(language, key, caller)
}

// TestAllIsSpent: the brain is not asked any more, and the caller is told, by voice
// and in writing.
func TestAllIsSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &purse{}
		w := newWorld(t, func(o *Options) { o.Engines.Budget, o.Phrases = p, politePhrases{} })
		defer w.end()
		w.speak("first", 500*time.Millisecond)
		w.until("the answer", 10*time.Second, w.has("reply.done", "You said first"))
		p.empty.Store(true)
		asked := len(w.brain.requests())
		w.speak("second", 500*time.Millisecond)
		w.until("the end of it", 10*time.Second, w.has("reply.done", `"heard":"A person will help you."`))
		if _, err := w.conv.Say(t.Context(), "third"); err != nil {
			t.Fatal(err)
		}
		w.until("the same in writing", 10*time.Second, func() bool { return w.count("reply.done", "A person will help you.") == 2 })
		if n := len(w.brain.requests()); n != asked || w.count("error") != 0 {
			t.Errorf("the brain was asked %d times more:\n%s", n-asked, w.story())
		}
	})
}

// TestASpentBudgetWithoutWords: a caller is not left without an answer.
func TestASpentBudgetWithoutWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &purse{}
		p.empty.Store(true)
		w := newWorld(t, func(o *Options) { o.Engines.Budget = p })
		defer w.end()
		w.speak("first", 500*time.Millisecond)
		w.until("the answer", 10*time.Second, w.has("reply.done", "You said first"))
	})
}
