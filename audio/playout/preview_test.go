package playout

import (
	"slices"
	"testing"
)

// What is previewed is what comes, over the border of two clauses, and ends where
// it cannot be known.
func TestPreview(t *testing.T) {
	a, b, _, _ := sounds()
	s := newStage(t)
	buffer := make([]int16, len(a)+len(b))
	none := func(when string) {
		t.Helper()
		if n := s.Preview(buffer); n != 0 {
			t.Errorf("%s: %d samples are known", when, n)
		}
	}
	follows := func(want int) {
		t.Helper()
		n := s.Preview(buffer)
		if n != want {
			t.Errorf("%d ticks and %d samples are known, want %d ticks", n/tick, n%tick, want/tick)
		}
		from := len(s.out)
		s.tick(n / tick)
		if !slices.Equal(s.out[from:], buffer[:n]) {
			t.Error("what came is not what was previewed")
		}
	}
	none("before there is anything")
	s.say(words(1, lengthsA...), a)
	open := s.Begin(words(1, lengthsB...))
	none("before the first sound")
	s.tick(1)
	if n := s.Preview(buffer[:3*tick]); n != 3*tick {
		t.Errorf("%d of 3 ticks are known", n/tick)
	}
	s.Duck(true)
	none("when it is to be softer")
	s.tick(1)
	none("while it is softer")
	s.Duck(false)
	s.tick(2)
	s.Hold()
	none("when it is held")
	s.tick(2)
	none("while it is held")
	s.Resume()
	s.tick(1)
	// The second clause is there, but for its end: that may have to fade out.
	if err := s.Append(open, b[:len(b)-tick]); err != nil {
		t.Fatal(err)
	}
	follows((len(a) - int(s.queue[0].cursor) + len(b) - tick - fade) / tick * tick)
	if err := s.Append(open, b[len(b)-tick:]); err != nil {
		t.Fatal(err)
	}
	s.Finish(open)
	follows((len(b) - int(s.queue[0].cursor)) / tick * tick)
	s.EndTurn(1)
	s.tick(2)
	none("at the end")
	s.heard(1, "t1w0 t1w1 t1w2 t1w0 t1w1")
}
