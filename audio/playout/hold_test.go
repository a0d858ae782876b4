package playout

import (
	"errors"
	"slices"
	"testing"
	"time"

	"parley/audio"
)

func TestHold(t *testing.T) {
	a, b, sa, sb := sounds()
	la, lb := len(a), len(b)
	// tickIn is the first tick that starts after a sample of the stream.
	tickIn := func(sample int64) int { return int(sample/tick) + 1 }
	tests := []struct {
		name    string
		ticks   int    // before the hold
		resume  int    // where the stream goes on
		sofar   string // heard while held
		noFade  bool
		heldFor int
	}{
		{"in the first word", tickIn(sa[0]), int(sa[0]), "", false, 3},
		{"in the second word", tickIn(sa[1]), int(sa[1]), "t1w0", false, 1},
		{"in the last word of a clause", tickIn(sa[2]), int(sa[2]), "t1w0 t1w1", false, 1},
		{"in the last word of all", tickIn(int64(la) + sb[1]), la + int(sb[1]), "t1w0 t1w1 t1w2 t1w0", false, 1},
		{"in the silence before the first word", 1, tick, "", false, 1},
		{"in the silence after the last", la/tick - 1, (la/tick - 1) * tick, "t1w0 t1w1 t1w2", false, 1},
		{"for two seconds", tickIn(sa[1]), int(sa[1]), "t1w0", false, 100},
		{"before anything", 0, 0, "", true, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			s.say(words(1, lengthsA...), a)
			s.say(words(1, lengthsB...), b)
			s.EndTurn(1)
			stream := slices.Concat(a, b)
			s.tick(tt.ticks)
			was := s.Hold()
			if was.Held || was.Sounding != (tt.ticks > 0) || was.Turn != 1 {
				t.Errorf("Hold found %+v", was)
			}
			if again := s.Hold(); !again.Held {
				t.Errorf("Hold twice found %+v", again)
			}
			events := len(s.events)
			s.tick(tt.heldFor)
			if len(s.events) != events+1 || s.events[events].Kind != Silent {
				t.Errorf("events of the hold: %+v", s.events[events:])
			}
			s.heard(1, tt.sofar)
			if s.Account(1).Complete {
				t.Error("complete while held")
			}
			cut := tt.ticks * tick
			before := slices.Clone(stream[:cut])
			out := ramp(stream[cut:cut+fade], 1, 0)
			in := slices.Concat(ramp(stream[tt.resume:tt.resume+fade], 0, 1), stream[tt.resume+fade:])
			if tt.noFade {
				out, in = silence(fade), stream[tt.resume:]
			} else if at := s.events[events].At; !at.Equal(epoch.Add(time.Duration(tt.ticks) * audio.Tick).Add(5 * ms)) {
				t.Errorf("silent at %v", at.Sub(epoch))
			}
			s.Resume()
			s.Resume()
			s.tick((la+lb)/tick + 2)
			s.wants(before, out, silence(tt.heldFor*tick-fade), in)
			s.heard(1, "t1w0 t1w1 t1w2 t1w0 t1w1")
			if acc := s.Account(1); !acc.Complete {
				t.Errorf("%+v", acc)
			}
			for i := tt.ticks + 1; i < tt.ticks+tt.heldFor; i++ {
				if !s.quiet[i] {
					t.Errorf("tick %d of the hold is sent as sound", i)
				}
			}
		})
	}
}

func TestHoldAtTheSeamOfClauses(t *testing.T) {
	// The first clause ends exactly with a tick: nothing is cut.
	a, b, _, _ := sounds()
	a = append(a, silence((tick-len(a)%tick)%tick)...)
	s := newStage(t)
	s.say(words(1, lengthsA...), a)
	s.say(words(1, lengthsB...), b)
	s.tick(len(a) / tick)
	s.Hold()
	s.tick(2)
	s.Resume()
	s.tick(len(b)/tick + 1)
	s.wants(a, silence(2*tick), b)
	s.told("first1 1.0 1.1 1.2 done1 silent 2.0 2.1 done2")
}

func TestHoldAcrossTheSeam(t *testing.T) {
	// 100 samples of the first clause, and of its last word, are left: the fade goes
	// on into the second clause, which is not said to have started.
	a, b, _, _ := sounds()
	a = append(a[:len(a)/tick*tick], a[12000:12100]...)
	s := newStage(t)
	s.say(words(1, lengthsA...), a)
	s.say(words(1, lengthsB...), b)
	s.tick(len(a) / tick)
	s.Hold()
	s.tick(1)
	s.told("first1 1.0 1.1 1.2 silent")
	s.Resume()
	s.tick(len(b)/tick + 20)
	cut, last := len(a)-100, Align(a, weights(lengthsA...))[2]
	in := slices.Concat(a[last:], b)
	s.wants(a[:cut], ramp(slices.Concat(a[cut:], b[:20]), 1, 0), silence(tick-fade), ramp(in[:fade], 0, 1), in[fade:])
}

func TestHoldWithoutATickIsNothing(t *testing.T) {
	a, _, sa, _ := sounds()
	s := newStage(t)
	s.say(words(1, lengthsA...), a)
	s.tick(int(sa[1]/tick) + 2)
	s.Hold()
	s.Resume()
	s.tick(len(a)/tick + 1)
	s.wants(a)
	s.told("first1 1.0 1.1 1.2 done1")
}

func TestTwoHoldsInARow(t *testing.T) {
	a, _, sa, _ := sounds()
	s := newStage(t)
	s.say(words(1, lengthsA...), a)
	n := int(sa[1]/tick) + 2
	s.tick(n)
	for range 3 { // each time the same word is tried again for one tick
		s.Hold()
		s.tick(2)
		s.Resume()
		s.tick(1)
	}
	s.Hold()
	s.tick(1)
	s.Resume()
	s.Hold() // resumed and held again before a tick
	s.tick(1)
	s.Resume()
	s.tick(len(a) / tick)
	w := int(sa[1])
	once := slices.Concat(ramp(a[w:w+fade], 0, 1), a[w+fade:w+tick], ramp(a[w+tick:w+tick+fade], 1, 0))
	pause := silence(2*tick - fade)
	s.wants(a[:n*tick], ramp(a[n*tick:n*tick+fade], 1, 0), pause, once, pause, once, pause, once, silence(2*tick-fade), ramp(a[w:w+fade], 0, 1), a[w+fade:])
	s.told("first1 1.0 1.1 silent 1.1 silent 1.1 silent 1.1 silent silent 1.1 1.2 done1")
	s.heard(1, "t1w0 t1w1 t1w2")
}

func TestHoldFlushNewTurn(t *testing.T) {
	a, b, sa, _ := sounds()
	for _, ticks := range []int{0, 1, 5} { // between hold and flush
		s := newStage(t)
		s.say(words(1, lengthsA...), a)
		n := int(sa[2]/tick) + 1
		s.tick(n)
		s.Hold()
		s.tick(ticks)
		acc := s.Flush(1)
		if acc.Heard() != "t1w0 t1w1" || acc.Complete || acc.Text() != "t1w0 t1w1 t1w2" {
			t.Errorf("%+v", acc)
		}
		if s.Begin(words(1, 1)) != 0 || !errors.Is(s.Append(0, b), ErrGone) || !errors.Is(s.Append(1, b), ErrGone) {
			t.Error("a flushed turn takes more sound")
		}
		s.Finish(0)
		s.EndTurn(1)
		s.say(words(2, lengthsB...), b)
		s.EndTurn(2)
		s.tick(len(b)/tick + 2)
		out := ramp(a[n*tick:n*tick+fade], 1, 0)
		if ticks > 0 {
			out = append(out, silence(ticks*tick-fade)...)
		}
		s.wants(a[:n*tick], out, b)
		s.told("first1 1.0 1.1 1.2 silent first2 2.0 2.1 done2 turn2")
		if !s.Idle() {
			t.Error("not idle")
		}
	}
}

func TestHoldInAnUnderrun(t *testing.T) {
	a, _, sa, _ := sounds()
	s := newStage(t)
	id := s.Begin(words(1, lengthsA...))
	n := int(sa[1]/tick) + 3
	_ = s.Append(id, a[:n*tick])
	s.tick(n + 2)
	s.Hold()
	s.tick(1)
	_ = s.Append(id, a[n*tick:]) // the queue grew while held
	s.Finish(id)
	s.tick(1)
	s.Resume()
	s.tick(len(a) / tick)
	w, cut := int(sa[1]), n*tick
	s.wants(a[:cut-fade], ramp(a[cut-fade:cut], 1, 0), silence(4*tick), ramp(a[w:w+fade], 0, 1), a[w+fade:])
	s.heard(1, "t1w0 t1w1 t1w2")
}
