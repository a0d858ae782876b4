package failover

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"strings"
	"testing"

	"parley/llm"
)

// scripted gives its deltas, then its error.
type scripted struct {
	deltas []llm.Delta
	err    error
	asked  int
}

func (s *scripted) Generate(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
	s.asked++
	return func(yield func(llm.Delta, error) bool) {
		for _, d := range s.deltas {
			if !yield(d, nil) {
				return
			}
		}
		if s.err != nil {
			yield(llm.Delta{}, s.err)
		}
	}
}

func TestFailover(t *testing.T) {
	broken := errors.New("broken")
	good := []llm.Delta{{Text: "good"}, {Finish: llm.FinishStop}}
	for name, c := range map[string]struct {
		first, second scripted
		text, err     string
		asked         int // of the second
	}{
		"the first answers":               {scripted{deltas: good}, scripted{deltas: good}, "good", "", 0},
		"the first fails":                 {scripted{err: broken}, scripted{deltas: good}, "good", "", 1},
		"the first says nothing":          {scripted{}, scripted{deltas: good}, "good", "", 1},
		"the first fails in mid-sentence": {scripted{deltas: good[:1], err: broken}, scripted{deltas: good}, "good", "broken", 0},
		"both fail":                       {scripted{err: broken}, scripted{err: broken}, "", "every brain failed", 1},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := New(slog.New(slog.DiscardHandler), Named{"one", &c.first}, Named{"two", &c.second})
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			var failure error
			for d, err := range b.Generate(context.Background(), llm.Request{}) {
				failure = err
				text.WriteString(d.Text)
			}
			if text.String() != c.text || (failure == nil) != (c.err == "") || c.second.asked != c.asked {
				t.Errorf("said %q, failed with %v, asked the second %d times", text.String(), failure, c.second.asked)
			}
			if failure != nil && !strings.Contains(failure.Error(), c.err) {
				t.Errorf("error %q", failure)
			}
		})
	}
	if _, err := New(nil); err == nil {
		t.Error("no brain at all should be refused")
	}
}

func TestNoFailoverWhenTheTurnIsOver(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	second := &scripted{deltas: []llm.Delta{{Text: "late", Finish: llm.FinishStop}}}
	b, err := New(slog.New(slog.DiscardHandler), Named{"one", &scripted{err: context.Canceled}}, Named{"two", second})
	if err != nil {
		t.Fatal(err)
	}
	for range b.Generate(ctx, llm.Request{}) {
	}
	if second.asked != 0 {
		t.Error("a turn that was cancelled should not be answered by the next brain")
	}
}
