package agent

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley/llm"
	"parley/tools"
)

// patientPhrases have a word of patience.
type patientPhrases struct{ phrases }

func (p patientPhrases) Phrase(language, key string, caller tools.Caller) (string, error) {
	if key == PhraseFiller {
		return "One moment.", nil
	}
	return p.phrases.Phrase(language, key, caller)
}

func TestAWordOfPatience(t *testing.T) {
	for name, c := range map[string]struct {
		delay  time.Duration // of the brain, at each step
		tool   bool
		answer []llm.Delta
		change func(*Options)
		heard  string
		cause  string
	}{
		"a quick answer needs none":       {500 * time.Millisecond, false, says("It is here."), defaults, "It is here.", CauseDone},
		"a slow one does":                 {3 * time.Second, false, says("It is here."), defaults, "One moment. It is here.", CauseDone},
		"once, however many steps":        {3 * time.Second, true, says("It is here."), defaults, "One moment. It is here.", CauseDone},
		"never, if the shop wants":        {3 * time.Second, false, says("It is here."), func(o *Options) { o.Tuning.Filler = 0 }, "It is here.", CauseDone},
		"a book without one":              {3 * time.Second, false, says("It is here."), func(o *Options) { o.Phrases = phrases{} }, "It is here.", CauseDone},
		"patience alone is no answer":     {3 * time.Second, false, []llm.Delta{{Finish: llm.FinishStop}}, defaults, "One moment. Sorry about that.", CauseFailed},
		"patience does not wait for ever": {time.Minute, false, says("It is here."), defaults, "One moment. Sorry about that.", CauseFailed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(o *Options) { o.Phrases = patientPhrases{}; c.change(o) })
				defer w.end()
				w.bench.add(tools.Definition{Name: "look", Effect: tools.Read}, func(context.Context, tools.Call) (string, error) { return `"here"`, nil })
				w.brain.delay = c.delay
				w.brain.answer = func(r llm.Request) []llm.Delta {
					if _, found := toolResult(r); c.tool && !found {
						return calls("a", "look", "{}")
					}
					return c.answer
				}
				w.speak("where is it?", 500*time.Millisecond)
				w.until("the end", 30*time.Second, w.has("turn.ended"))
				if w.count("reply.done", `"heard":"`+c.heard+`"`) != 1 || w.count("turn.ended", `"`+c.cause+`"`) != 1 {
					t.Errorf("want %q and %s:\n%s", c.heard, c.cause, w.story())
				}
				if strings.HasPrefix(c.heard, "One moment. It") && w.count("turn.ended", `"first_token_ms":3`) != 1 && !c.tool {
					t.Errorf("patience counts as the brain's first word:\n%s", w.story())
				}
			})
		})
	}
}

// TestPatienceInWriting: who reads sees that something is under way.
func TestPatienceInWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) {
			o.Engines.Detector, o.Engines.Recognizer, o.Engines.Voice, o.Phrases = nil, nil, nil, patientPhrases{}
		})
		defer w.end()
		w.brain.delay = 3 * time.Second
		if _, err := w.conv.Say(t.Context(), "Where is it?"); err != nil {
			t.Fatal(err)
		}
		w.until("the end", 10*time.Second, w.has("turn.ended"))
		if w.count("reply.delta", "One moment") != 0 {
			t.Errorf("it was said:\n%s", w.story())
		}
	})
}

// TestPatienceBeforeABargeIn: a caller who speaks over the word of patience is
// answered.
func TestPatienceBeforeABargeIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.Phrases = patientPhrases{} })
		defer w.end()
		w.brain.delay = 4 * time.Second
		w.speak("where is it?", 500*time.Millisecond)
		w.until("patience", 10*time.Second, w.sounds)
		w.brain.mu.Lock()
		w.brain.delay = 50 * time.Millisecond
		w.brain.mu.Unlock()
		w.speak("the kettle I mean", time.Second)
		w.until("the answer", 10*time.Second, w.has("reply.done", "You said the kettle I mean"))
	})
}

// warming is a brain that can get ready.
type warming struct {
	*brain
	times atomic.Int32
	block bool
}

func (w *warming) Warm(ctx context.Context) error {
	w.times.Add(1)
	if w.block {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return errBroken
}

// TestTheBrainIsWarmed when a call begins, and nobody waits for it.
func TestTheBrainIsWarmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &warming{brain: &brain{answer: func(llm.Request) []llm.Delta { return says("Yes.") }}, block: true}
		w := newWorld(t, func(o *Options) { o.Engines.Brain = b })
		defer w.end()
		synctest.Wait()
		if n := b.times.Load(); n != 1 {
			t.Fatalf("warmed %d times", n)
		}
		w.speak("are you there?", 500*time.Millisecond)
		w.until("the answer", 5*time.Second, w.has("turn.ended", CauseDone))
	})
}
