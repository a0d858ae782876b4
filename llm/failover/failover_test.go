package failover

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/internal/provider"
	"parley/llm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scripted waits, then gives its deltas with a pause between, then its error.
type scripted struct {
	mu     sync.Mutex
	wait   time.Duration // before the first delta
	pause  time.Duration // before each other one
	hang   bool          // never answers
	deltas []llm.Delta
	err    error
	limit  int // messages it can read; 0 is no limit
	seen   []llm.Request
	warmed int
}

func (s *scripted) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		s.mu.Lock()
		s.seen = append(s.seen, r)
		wait, hang, deltas, err, limit := s.wait, s.hang, s.deltas, s.err, s.limit
		s.mu.Unlock()
		if limit > 0 && len(r.Messages) > limit {
			yield(llm.Delta{}, &provider.Error{Kind: provider.TooLong})
			return
		}
		for i := 0; i <= len(deltas); i++ {
			var after <-chan time.Time
			if !hang {
				after = time.After(wait)
			}
			select {
			case <-after:
			case <-ctx.Done():
				yield(llm.Delta{}, context.Cause(ctx))
				return
			}
			wait = s.pause
			if i < len(deltas) && !yield(deltas[i], nil) {
				return
			}
		}
		if err != nil {
			yield(llm.Delta{}, err)
		}
	}
}

func (s *scripted) Warm(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warmed++
	return s.err
}

func (s *scripted) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// moves is an observer that keeps what it is told, as "one>two timeout".
type moves struct {
	mu  sync.Mutex
	all []string
}

func (m *moves) Moved(conversation string, v llm.Move) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, conversation+" "+v.From+">"+v.To+" "+v.Reason)
}

// heard is all that an answer gave.
type heard struct {
	text   string
	moves  []llm.Move
	finish llm.Finish
	usage  *llm.Usage
	err    error
	took   time.Duration
}

func listen(ctx context.Context, b llm.Brain, r llm.Request) (h heard) {
	began := time.Now()
	for d, err := range b.Generate(ctx, r) {
		if h.text == "" && d.Text != "" {
			h.took = time.Since(began)
		}
		h.text += d.Text
		if d.Moved != nil {
			h.moves = append(h.moves, *d.Moved)
		}
		h.finish, h.err = d.Finish, err
		if d.Usage != nil {
			h.usage = d.Usage
		}
	}
	return h
}

func list(t *testing.T, o Options, brains ...llm.Brain) *Brain {
	t.Helper()
	var named []Named
	for i, b := range brains {
		named = append(named, Named{Name: []string{"one", "two", "three"}[i], Brain: b})
	}
	b, err := New(o, named...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func good(text string) []llm.Delta {
	return []llm.Delta{{Text: text}, {Finish: llm.FinishStop, Usage: &llm.Usage{Input: 7}}}
}

func asking() llm.Request {
	return llm.Request{Conversation: "c", Messages: []llm.Message{{Role: llm.User, Text: "Hi"}}}
}

func TestMoves(t *testing.T) {
	broken := errors.New("broken")
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		one, two  *scripted
		text, err string
		move      string // "" when there is none
		took      time.Duration
	}{
		"the first answers":                {&scripted{deltas: good("one")}, &scripted{deltas: good("two")}, "one", "", "", 0},
		"the first fails":                  {&scripted{err: broken, wait: 80 * ms}, &scripted{deltas: good("two")}, "two", "", llm.MovedError, 80 * ms},
		"the first says nothing":           {&scripted{}, &scripted{deltas: good("two")}, "two", "", llm.MovedSilent, 0},
		"the first says only that it ends": {&scripted{deltas: []llm.Delta{{Text: " \n"}, {Finish: llm.FinishStop}}}, &scripted{deltas: good("two")}, "two", "", llm.MovedSilent, 0},
		"the first is slow":                {&scripted{deltas: good("one"), wait: 900 * ms}, &scripted{deltas: good("two")}, "two", "", llm.MovedTimeout, 600 * ms},
		"the first hangs":                  {&scripted{hang: true}, &scripted{deltas: good("two"), wait: 50 * ms}, "two", "", llm.MovedTimeout, 650 * ms},
		"the first times out itself":       {&scripted{err: &provider.Error{Kind: provider.Timeout}, wait: 100 * ms}, &scripted{deltas: good("two")}, "two", "", llm.MovedTimeout, 100 * ms},
		"slow after the first word":        {&scripted{deltas: good("one"), wait: 500 * ms, pause: 5 * time.Second}, &scripted{deltas: good("two")}, "one", "", "", 500 * ms},
		"the first fails in mid-sentence":  {&scripted{deltas: good("one")[:1], err: broken}, &scripted{deltas: good("two")}, "one", "broken", "", 0},
		"the first refuses":                {&scripted{deltas: []llm.Delta{{Finish: llm.FinishRefused}}}, &scripted{deltas: good("two")}, "", "", "", 0},
		"both fail":                        {&scripted{err: broken}, &scripted{err: broken}, "", "every brain failed", llm.MovedError, 0},
		"the last may be slow":             {&scripted{err: broken}, &scripted{deltas: good("two"), wait: time.Minute}, "two", "", llm.MovedError, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told moves
				b := list(t, Options{FirstToken: 600 * ms, Observer: &told}, c.one, c.two)
				got := listen(t.Context(), b, asking())
				if got.text != c.text || got.took != c.took || (got.err == nil) != (c.err == "") {
					t.Errorf("heard %q after %v, failed with %v", got.text, got.took, got.err)
				}
				if got.err != nil && !strings.Contains(got.err.Error(), c.err) {
					t.Errorf("error %q", got.err)
				}
				if c.move == "" && (len(got.moves) > 0 || len(told.all) > 0 || c.two.asked() > 0) {
					t.Errorf("moved: %v, %v", got.moves, told.all)
				}
				if c.move != "" && (len(got.moves) != 1 || got.moves[0].Reason != c.move || got.moves[0].From != "one" || got.moves[0].To != "two" ||
					!slices.Equal(told.all, []string{"c one>two " + c.move})) {
					t.Errorf("moves %+v, the observer was told %v", got.moves, told.all)
				}
				if got.finish == llm.FinishStop && got.usage == nil {
					t.Error("the usage was lost")
				}
			})
		})
	}
	if _, err := New(Options{}); err == nil {
		t.Error("no brain at all should be refused")
	}
}

// TestBudget has two brains hang: the last must be asked when the budget is over,
// however many there are.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two, three := &scripted{hang: true}, &scripted{hang: true}, &scripted{deltas: good("three")}
		b := list(t, Options{FirstToken: 2 * time.Second, Budget: 3 * time.Second}, one, two, three)
		if got := listen(t.Context(), b, asking()); got.text != "three" || got.took != 3*time.Second || len(got.moves) != 2 {
			t.Errorf("heard %q after %v with moves %v", got.text, got.took, got.moves)
		}
		b = list(t, Options{FirstToken: 3 * time.Second, Budget: 3 * time.Second}, one, two, three)
		asked := two.asked()
		got := listen(t.Context(), b, asking())
		if got.text != "three" || got.took != 3*time.Second || two.asked() != asked || got.moves[1].Reason != llm.MovedBudget {
			t.Errorf("heard %q after %v with moves %v", got.text, got.took, got.moves)
		}
	})
}

// TestBreaker opens a brain's breaker, waits for its trial, and closes it again.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := &scripted{err: &provider.Error{Kind: provider.Failed}}, &scripted{deltas: good("two")}
		b := list(t, Options{Failures: 2, Rest: 10 * time.Second}, one, two)
		for i := range 5 {
			got := listen(t.Context(), b, asking())
			want := llm.MovedError
			if i >= 2 {
				want = llm.MovedResting
			}
			if got.text != "two" || got.moves[0].Reason != want {
				t.Fatalf("turn %d: %q, %v", i, got.text, got.moves)
			}
		}
		if one.asked() != 2 {
			t.Errorf("asked %d times, want 2", one.asked())
		}
		if _ = b.Warm(t.Context()); one.warmed != 0 || two.warmed != 1 {
			t.Errorf("warmed %d and %d times", one.warmed, two.warmed)
		}
		<-time.After(11 * time.Second)
		listen(t.Context(), b, asking()) // on trial, and it fails again
		listen(t.Context(), b, asking())
		if one.asked() != 3 {
			t.Errorf("asked %d times, want one trial", one.asked())
		}
		<-time.After(11 * time.Second)
		one.err, one.deltas = nil, good("one")
		for range 2 {
			if got := listen(t.Context(), b, asking()); got.text != "one" {
				t.Errorf("after it was well again: %q", got.text)
			}
		}
	})
}

// TestTrialThatNobodyWaitsFor cancels turns while a brain is on trial: the trial
// must not be used up for good.
func TestTrialThatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := &scripted{err: errors.New("broken")}, &scripted{deltas: good("two")}
		b := list(t, Options{Failures: 1, Rest: time.Second}, one, two)
		listen(t.Context(), b, asking())
		one.err, one.hang = nil, true
		for range 3 {
			<-time.After(2 * time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			listen(ctx, b, asking())
			cancel()
		}
		<-time.After(2 * time.Second)
		one.hang, one.deltas = false, good("one")
		if got := listen(t.Context(), b, asking()); got.text != "one" {
			t.Errorf("heard %q, %v", got.text, got.moves)
		}
	})
}

// TestRetryAfter leaves a provider alone for as long as it asks.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := &scripted{err: &provider.Error{Kind: provider.Overloaded, RetryAfter: 30 * time.Second}}, &scripted{deltas: good("two")}
		b := list(t, Options{}, one, two)
		for range 4 {
			<-time.After(9 * time.Second)
			if got := listen(t.Context(), b, asking()); got.text != "two" {
				t.Fatalf("heard %q", got.text)
			}
		}
		if one.asked() != 1 {
			t.Errorf("asked %d times within 30 s", one.asked())
		}
		<-time.After(9 * time.Second)
		if listen(t.Context(), b, asking()); one.asked() != 2 {
			t.Errorf("asked %d times in all", one.asked())
		}
	})
}

// TestWhoIsToBlame: a request that is wrong says nothing about the brain.
func TestWhoIsToBlame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := &scripted{err: &provider.Error{Kind: provider.Rejected}}, &scripted{deltas: good("two")}
		b := list(t, Options{Failures: 2}, one, two)
		for range 10 {
			listen(t.Context(), b, asking())
		}
		if one.asked() != 10 {
			t.Errorf("asked %d times", one.asked())
		}
	})
}

// TestOverflow shortens the history once and asks the same brain again.
func TestOverflow(t *testing.T) {
	long := asking()
	for range 6 {
		long.Messages = append(long.Messages, llm.Message{Role: llm.Assistant, Text: "Yes?"}, llm.Message{Role: llm.User, Text: "More"})
	}
	for name, c := range map[string]struct {
		limit, asked int
		text         string
	}{"half is enough": {8, 2, "one"}, "half is not enough": {2, 2, "two"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				one, two := &scripted{limit: c.limit, deltas: good("one")}, &scripted{deltas: good("two")}
				got := listen(t.Context(), list(t, Options{}, one, two), long)
				if got.text != c.text || one.asked() != c.asked {
					t.Errorf("heard %q; asked %d times", got.text, one.asked())
				}
				if last := one.seen[1].Messages; len(last) != 7 || last[0].Role != llm.User {
					t.Errorf("asked again with %d messages", len(last))
				}
				if two.asked() > 0 && len(two.seen[0].Messages) != len(long.Messages) {
					t.Error("the next brain should have the whole history")
				}
			})
		})
	}
}

func TestNoMoveWhenTheTurnIsOver(t *testing.T) {
	cause := errors.New("the caller spoke")
	for name, one := range map[string]*scripted{"at once": {err: context.Canceled}, "while it thinks": {hang: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				two := &scripted{deltas: good("late")}
				time.AfterFunc(100*time.Millisecond, func() { cancel(cause) })
				if name == "at once" {
					cancel(cause)
				}
				began := time.Now()
				got := listen(ctx, list(t, Options{}, one, two), asking())
				if two.asked() != 0 || len(got.moves) != 0 || !errors.Is(got.err, cause) || time.Since(began) > 100*time.Millisecond {
					t.Errorf("a turn that was cancelled gave %+v after %v", got, time.Since(began))
				}
			})
		})
	}
}

// talker is a brain that can sum up.
type talker struct{ *scripted }

func (t talker) Summarize(ctx context.Context, earlier string, messages []llm.Message) (string, error) {
	return llm.Summarize(ctx, t, earlier, messages)
}

func TestSummarize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := &scripted{deltas: good("one")}, &scripted{deltas: good(" They want a refund. ")}
		got, err := list(t, Options{}, one, talker{two}).Summarize(t.Context(), "Before.", []llm.Message{{Role: llm.User, Text: "Refund me"}, {Role: llm.Assistant, Text: "Why?"}})
		if err != nil || got != "They want a refund." || one.asked() != 0 {
			t.Errorf("got %q, %v", got, err)
		}
		if asked := two.seen[0].Messages[1].Text; asked != "Before: Before.\nCustomer: Refund me\nAssistant: Why?\n" {
			t.Errorf("it was given %q", asked)
		}
		if _, err := list(t, Options{}, one).Summarize(t.Context(), "", nil); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
		two.deltas = []llm.Delta{{Text: strings.Repeat("long ", 1000)}, {Finish: llm.FinishStop}}
		if got, err := list(t, Options{}, talker{two}).Summarize(t.Context(), "", nil); err != nil || len(got) > 2100 {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		two.deltas = nil
		if _, err := list(t, Options{}, talker{two}).Summarize(t.Context(), "", nil); err == nil {
			t.Error("an empty summary should be an error")
		}
	})
}

// TestReaderStops leaves the answer at each of its deltas.
func TestReaderStops(t *testing.T) {
	for stop := range 3 {
		synctest.Test(t, func(t *testing.T) {
			one, two := &scripted{err: errors.New("broken")}, &scripted{deltas: good("two")}
			n := 0
			for range list(t, Options{}, one, two).Generate(t.Context(), asking()) {
				if n++; n > stop {
					break
				}
			}
		})
	}
}
