package meter

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"

	"parley/llm"
)

// scripted gives its deltas, then its error.
type scripted struct {
	deltas []llm.Delta
	err    error
	cancel context.CancelFunc // called before the error
}

func (s scripted) Generate(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		for _, d := range s.deltas {
			if !yield(d, nil) {
				return
			}
		}
		if s.cancel != nil {
			s.cancel()
		}
		if s.err != nil {
			yield(llm.Delta{}, s.err)
		}
	}
}

func asking(conversation string) llm.Request {
	return llm.Request{Conversation: conversation, Messages: []llm.Message{{Role: llm.User, Text: "Where is my order"}}}
}

func TestWhatIsCounted(t *testing.T) {
	input := llm.Estimate(asking(""))
	words := llm.Delta{Text: "It is on its way"}
	for name, c := range map[string]struct {
		brain     scripted
		stopAfter int // deltas; 0 is never
		cancel    bool
		tokens    int
		estimated bool
	}{
		"what the provider tells":        {scripted{deltas: []llm.Delta{words, {Finish: llm.FinishStop, Usage: &llm.Usage{Input: 100, CachedInput: 80, Output: 20}}}}, 0, false, 120, false},
		"an estimate when it does not":   {scripted{deltas: []llm.Delta{words, {Finish: llm.FinishStop}}}, 0, false, input + llm.EstimateText(words.Text), true},
		"an answer that was cut off":     {scripted{deltas: []llm.Delta{words}, err: errors.New("cut")}, 0, false, input + llm.EstimateText(words.Text), true},
		"one that nobody waited for":     {scripted{deltas: []llm.Delta{words, words}}, 1, false, input + llm.EstimateText(words.Text), true},
		"one cancelled before a word":    {scripted{err: context.Canceled}, 0, true, input, true},
		"nothing when it failed at once": {scripted{err: errors.New("refused")}, 0, false, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.cancel {
				c.brain.cancel = cancel
			}
			var got llm.Usage
			var estimated bool
			m := New(Options{Spent: func(brain string, u llm.Usage, e bool) {
				if brain != "big" {
					t.Errorf("of %q", brain)
				}
				got, estimated = u, e
			}})
			n := 0
			for range m.Wrap("big", c.brain).Generate(ctx, asking("c")) {
				if n++; n == c.stopAfter {
					break
				}
			}
			of, today := m.Tokens("c")
			if of != c.tokens || today != c.tokens || got.Input+got.Output != c.tokens || estimated != c.estimated {
				t.Errorf("%d of %d tokens, told %+v (%v), want %d", of, today, got, estimated, c.tokens)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	now := time.Date(2026, 11, 26, 23, 0, 0, 0, time.UTC)
	m := New(Options{Conversation: 100, Day: 250, Now: func() time.Time { return now }})
	spend := func(conversation string, tokens int) {
		b := m.Wrap("b", scripted{deltas: []llm.Delta{{Finish: llm.FinishStop, Usage: &llm.Usage{Input: tokens}}}})
		for range b.Generate(t.Context(), asking(conversation)) {
		}
	}
	spend("a", 60)
	if m.Over("a") {
		t.Error("60 of 100")
	}
	spend("a", 60)
	if !m.Over("a") || m.Over("b") {
		t.Error("a has taken all of its own, b nothing")
	}
	spend("b", 90)
	spend("c", 50)
	if !m.Over("b") || !m.Over("d") {
		t.Error("the day has taken all")
	}
	now = now.Add(2 * time.Hour)
	if m.Over("b") || !m.Over("a") {
		t.Error("a new day, but a has still taken its own")
	}
	if unbound := New(Options{}); unbound.Over("a") {
		t.Error("no bound is no bound")
	}
}

func TestManyConversations(t *testing.T) {
	now := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	m := New(Options{Conversation: 10, Now: func() time.Time { return now }})
	for i := range 3 * maxAccounts {
		now = now.Add(time.Second)
		m.add("b", fmt.Sprint(i), llm.Usage{Input: 10}, false)
	}
	if n := len(m.conversations); n > maxAccounts {
		t.Errorf("%d accounts", n)
	}
	if !m.Over(fmt.Sprint(3*maxAccounts-1)) || m.Over("0") {
		t.Error("the newest should be known, the oldest forgotten")
	}
}

func TestAtOnce(t *testing.T) {
	m := New(Options{Day: 1 << 40})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			b := m.Wrap("b", scripted{deltas: []llm.Delta{{Usage: &llm.Usage{Output: 1}, Finish: llm.FinishStop}}})
			for range 100 {
				for range b.Generate(context.Background(), asking(fmt.Sprint(i%2))) {
				}
				m.Over("0")
			}
		})
	}
	all.Wait()
	if of, today := m.Tokens("0"); of != 400 || today != 800 {
		t.Errorf("%d of %d", of, today)
	}
}

func TestWhatTheBrainCanDo(t *testing.T) {
	b := New(Options{}).Wrap("b", scripted{})
	if err := b.(llm.Warmer).Warm(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := b.(llm.Summarizer).Summarize(t.Context(), "", nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
