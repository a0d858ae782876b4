package playout

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/audio"
)

const tick = audio.SpeakTick

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// speech makes the sound of words of the given lengths in ms, with soft gaps of
// 20 ms between them, 30 ms of silence before and 40 ms after.
func speech(seed uint64, words ...int) []int16 {
	rng := rand.New(rand.NewPCG(seed, 7))
	var pcm []int16
	add := func(ms int, loud float64) {
		for range ms * 24 {
			pcm = append(pcm, int16((rng.Float64()*2-1)*loud))
		}
	}
	add(30, 0)
	for i, w := range words {
		if i > 0 {
			add(20, 60)
		}
		add(w, 9000)
	}
	add(40, 0)
	return pcm
}

func weights(words ...int) (w []float64) {
	for _, n := range words {
		w = append(w, float64(n))
	}
	return w
}

func words(turn int64, words ...int) Clause {
	c := Clause{Turn: turn}
	for i, n := range words {
		c.Words = append(c.Words, Word{Text: fmt.Sprintf("t%dw%d", turn, i), Weight: float64(n)})
	}
	return c
}

// stage is a playout with a clock, whose output and events are kept.
type stage struct {
	*Playout
	t      testing.TB
	ticks  int
	out    []int16
	quiet  []bool // ticks for which Next said no
	events []Event
}

func newStage(t testing.TB) *stage {
	s := &stage{t: t}
	s.Playout = New(func() time.Time { return epoch.Add(time.Duration(s.ticks) * audio.Tick) }, s)
	return s
}

func (s *stage) PlayoutEvent(e Event) { s.events = append(s.events, e) }

// say queues a whole clause.
func (s *stage) say(c Clause, pcm []int16) int64 {
	s.t.Helper()
	id := s.Begin(c)
	if err := s.Append(id, pcm); err != nil {
		s.t.Fatal(err)
	}
	s.Finish(id)
	return id
}

// tick plays n ticks.
func (s *stage) tick(n int) {
	s.t.Helper()
	for range n {
		dst := make([]int16, tick)
		for i := range dst {
			dst[i] = 12345
		}
		audible := s.Next(dst)
		if !audible {
			for _, v := range dst {
				if v != 12345 {
					s.t.Fatal("Next said no and wrote something")
				}
			}
			clear(dst)
		}
		s.quiet = append(s.quiet, !audible)
		s.out = append(s.out, dst...)
		s.ticks++
	}
}

// wants compares all that was played.
func (s *stage) wants(parts ...[]int16) {
	s.t.Helper()
	want := slices.Concat(parts...)
	if len(want) < len(s.out) {
		want = append(want, make([]int16, len(s.out)-len(want))...)
	}
	want = want[:len(s.out)]
	for i, v := range s.out {
		if off := int(v) - int(want[i]); off > 1 || off < -1 || (want[i] == 0 && v != 0) {
			s.t.Fatalf("sample %d (tick %d, sample %d) is %d, want %d", i, i/tick, i%tick, v, want[i])
		}
	}
}

// ramp is pcm with the gain going from one value to the other over its length.
func ramp(pcm []int16, from, to float64) []int16 {
	out := make([]int16, len(pcm))
	for i, v := range pcm {
		out[i] = int16(float64(v) * (from + (to-from)*float64(i+1)/float64(len(pcm))))
	}
	return out
}

func at(pcm []int16, gain float64) []int16 { return ramp(pcm, gain, gain) }

func silence(n int) []int16 { return make([]int16, n) }

// heard checks the words of a turn.
func (s *stage) heard(turn int64, want string) {
	s.t.Helper()
	if got := s.Account(turn).Heard(); got != want {
		s.t.Errorf("heard of turn %d: %q, want %q", turn, got, want)
	}
}

func (s *stage) kinds() string {
	var b strings.Builder
	for _, e := range s.events {
		switch e.Kind {
		case FirstSound:
			fmt.Fprintf(&b, "first%d ", e.Turn)
		case WordStarted:
			fmt.Fprintf(&b, "%d.%d ", e.Clause, e.Word)
		case ClauseDone:
			fmt.Fprintf(&b, "done%d ", e.Clause)
		case TurnDone:
			fmt.Fprintf(&b, "turn%d ", e.Turn)
		case Silent:
			b.WriteString("silent ")
		}
	}
	return strings.TrimSpace(b.String())
}

func (s *stage) told(want string) {
	s.t.Helper()
	if got := s.kinds(); got != want {
		s.t.Errorf("events %q, want %q", got, want)
	}
}

// The clauses of the tests, their words and where those start.
var (
	lengthsA = []int{200, 300, 150}
	lengthsB = []int{250, 120}
)

func sounds() (a, b []int16, startsA, startsB []int64) {
	a, b = speech(1, lengthsA...), speech(2, lengthsB...)
	return a, b, Align(a, weights(lengthsA...)), Align(b, weights(lengthsB...))
}

func TestPlaysEverySampleOnce(t *testing.T) {
	a, b, sa, sb := sounds()
	s := newStage(t)
	s.tick(1)
	s.say(words(1, lengthsA...), a)
	s.say(words(1, lengthsB...), b)
	s.EndTurn(1)
	if s.Idle() || s.Speaking(1) {
		t.Error("idle, or speaking before the first sample")
	}
	s.tick(1)
	if !s.Speaking(1) || s.Queued() != duration(int64(len(a)+len(b)-tick)) {
		t.Errorf("speaking %v, queued %v", s.Speaking(1), s.Queued())
	}
	s.tick(100)
	s.wants(silence(tick), a, b)
	s.told("first1 1.0 1.1 1.2 done1 2.0 2.1 done2 turn1")
	s.heard(1, "t1w0 t1w1 t1w2 t1w0 t1w1")
	// Each event has the time of its sample.
	from := epoch.Add(audio.Tick)
	when := func(sample int64) time.Time {
		// Next is asked at the start of the tick; a sample is sent so much later.
		n := sample / tick
		return from.Add(time.Duration(n) * audio.Tick).Add(duration(sample % tick))
	}
	la := int64(len(a))
	for i, want := range []int64{0, sa[0], sa[1], sa[2], la, la + sb[0], la + sb[1], la + int64(len(b)), la + int64(len(b))} {
		if got := s.events[i].At; !got.Equal(when(want)) && !got.Equal(when(want-1).Add(duration(1))) {
			t.Errorf("event %d is at %v, want %v", i, got.Sub(from), when(want).Sub(from))
		}
	}
	acc := s.Account(1)
	if !acc.Complete || acc.Sent != la+int64(len(b)) || acc.Gaps != 0 || !acc.FirstSound.Equal(from) || acc.Heard() != acc.Text() {
		t.Errorf("%+v", acc)
	}
	if c := acc.Clauses[1]; !c.Complete || c.Heard != 2 || c.Position != int64(len(b)) || !c.FirstSound.Equal(when(la)) {
		t.Errorf("%+v", c)
	}
	if !s.Idle() || s.Speaking(1) || s.Queued() != 0 {
		t.Error("not idle at the end")
	}
	for _, c := range s.turns[0].clauses {
		if c.pieces != nil {
			t.Error("sound is kept after it was played")
		}
	}
}

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

func TestFlush(t *testing.T) {
	a, b, sa, _ := sounds()
	n := int(sa[1]/tick) + 1
	t.Run("sounding", func(t *testing.T) {
		s := newStage(t)
		s.say(words(1, lengthsA...), a)
		s.say(words(1, lengthsB...), b)
		s.tick(n)
		acc := s.Flush(1)
		s.Flush(1) // again, before the next tick: nothing changes
		s.tick(3)
		s.wants(a[:n*tick], ramp(a[n*tick:n*tick+fade], 1, 0))
		s.told("first1 1.0 1.1 silent")
		if acc.Heard() != "t1w0" || acc.Sent != int64(n*tick+fade) || s.stored != 0 || !s.Idle() {
			t.Errorf("%+v", acc)
		}
	})
	t.Run("stale", func(t *testing.T) {
		s := newStage(t)
		s.say(words(2, lengthsA...), a)
		s.tick(n)
		s.Hold()
		s.tick(1)
		if acc := s.Flush(1); acc.Heard() != "" || len(acc.Clauses) != 0 {
			t.Errorf("%+v", acc)
		}
		s.tick(1)
		s.Resume()
		s.tick(len(a) / tick)
		w := int(sa[1])
		s.wants(a[:n*tick], ramp(a[n*tick:n*tick+fade], 1, 0), silence(2*tick-fade), ramp(a[w:w+fade], 0, 1), a[w+fade:])
	})
	t.Run("an older turn than the one queued", func(t *testing.T) {
		s := newStage(t)
		s.say(words(1, lengthsA...), a)
		s.say(words(2, lengthsB...), b)
		s.tick(n)
		s.Flush(1)
		s.tick(len(b)/tick + 2)
		s.wants(a[:n*tick], ramp(a[n*tick:n*tick+fade], 1, 0), b)
	})
	t.Run("all was said", func(t *testing.T) {
		s := newStage(t)
		s.say(words(1, lengthsA...), a)
		s.EndTurn(1)
		s.tick(len(a)/tick + 1)
		if acc := s.Flush(1); !acc.Complete || acc.Heard() != acc.Text() {
			t.Errorf("%+v", acc)
		}
		s.tick(1)
		s.told("first1 1.0 1.1 1.2 done1 turn1")
	})
	t.Run("while it is being prepared", func(t *testing.T) {
		s := newStage(t)
		id := s.Begin(words(1, lengthsA...))
		s.Hold()
		s.tick(1)
		s.Flush(1)
		if err := s.Append(id, a); !errors.Is(err, ErrGone) {
			t.Errorf("Append: %v", err)
		}
		s.say(words(2, lengthsB...), b)
		s.tick(len(b)/tick + 1)
		s.wants(silence(tick), b)
	})
}

func TestProtected(t *testing.T) {
	a, b, sa, _ := sounds()
	protected := words(1, lengthsA...)
	protected.Protected = true
	n := int(sa[1]/tick) + 1
	soft := math.Pow(10, -12.0/20)
	t.Run("hold makes it softer and stops what follows", func(t *testing.T) {
		s := newStage(t)
		s.say(protected, a)
		s.say(words(1, lengthsB...), b)
		s.tick(n)
		s.Hold()
		s.tick(len(a)/tick - n + 3)
		s.told("first1 1.0 1.1 1.2 done1 silent")
		s.Resume()
		s.tick(len(b)/tick + 1)
		cut := n * tick
		held := len(a)/tick + 3
		s.wants(a[:cut], ramp(a[cut:cut+fade], 1, soft), at(a[cut+fade:], soft), silence(held*tick-len(a)), b)
	})
	t.Run("hold and resume within it", func(t *testing.T) {
		s := newStage(t)
		s.say(protected, a)
		s.tick(n)
		s.Hold()
		s.tick(1)
		s.Resume()
		s.tick(len(a) / tick)
		cut := n * tick
		back := cut + tick
		s.wants(a[:cut], ramp(a[cut:cut+fade], 1, soft), at(a[cut+fade:back], soft), ramp(a[back:back+fade], soft, 1), a[back+fade:])
	})
	t.Run("flush lets it finish", func(t *testing.T) {
		s := newStage(t)
		s.say(words(1, lengthsB...), b)
		s.say(protected, a)
		s.say(words(1, lengthsB...), b)
		s.tick(4)
		acc := s.Flush(1)
		if acc.Heard() != "" || acc.Complete {
			t.Errorf("%+v", acc)
		}
		s.say(words(2, lengthsB...), b)
		s.tick(len(a)/tick + len(b)/tick + 2)
		s.wants(b[:4*tick], ramp(b[4*tick:4*tick+fade], 1, 0), a, b)
		s.heard(1, "t1w0 t1w1 t1w2")
		if !strings.Contains(s.kinds(), "done2 turn1 first2") {
			t.Errorf("events %q", s.kinds())
		}
	})
	t.Run("flush all does not", func(t *testing.T) {
		s := newStage(t)
		s.say(protected, a)
		s.tick(n)
		s.Flush(1)
		s.tick(1)
		acc := s.FlushAll(1)
		s.tick(2)
		cut := (n + 1) * tick
		s.wants(a[:cut], ramp(a[cut:cut+fade], 1, 0))
		if acc.Heard() != "t1w0" {
			t.Errorf("%+v", acc)
		}
	})
}

func TestDuck(t *testing.T) {
	a, _, _, _ := sounds()
	soft := math.Pow(10, -15.0/20)
	s := newStage(t)
	s.Duck(true)
	s.say(words(1, lengthsA...), a)
	s.tick(5)
	s.Duck(false)
	s.tick(5)
	s.Duck(true)
	s.tick(5)
	s.Duck(false)
	s.Hold() // the duck that is lifted is never heard
	s.tick(1)
	c := func(n int) int { return n * tick }
	s.wants(at(a[:c(5)], soft), ramp(a[c(5):c(5)+fade], soft, 1), a[c(5)+fade:c(10)],
		ramp(a[c(10):c(10)+fade], 1, soft), at(a[c(10)+fade:c(15)], soft), ramp(a[c(15):c(15)+fade], soft, 0))
}

func TestUnderrun(t *testing.T) {
	a, b, _, _ := sounds()
	s := newStage(t)
	id := s.Begin(words(1, lengthsA...))
	s.tick(1)
	_ = s.Append(id, a[:500]) // not enough to begin with
	s.tick(1)
	_ = s.Append(id, a[500:2000])
	s.tick(8) // 4 ticks and 80 samples, the last faded in the fourth
	_ = s.Append(id, a[2000:2500])
	s.tick(1) // not enough to go on with
	if s.Account(1).Gaps != 1 || s.Speaking(1) != true || s.Idle() {
		t.Errorf("%+v", s.Account(1))
	}
	_ = s.Append(id, a[2500:])
	s.tick(3)
	s.Finish(id)
	s.tick(40)
	s.told("first1 1.0 1.1 1.2 done1")
	if acc := s.Account(1); acc.Complete || acc.Gaps != 2 || acc.Sent != int64(len(a)) {
		t.Errorf("the turn has not ended: %+v", acc)
	}
	s.say(words(1, lengthsB...), b)
	s.tick(1)
	s.EndTurn(1)
	s.tick(40)
	cut := 4 * tick
	used := 2*tick + cut + 5*tick + len(a) - cut
	s.wants(silence(2*tick), a[:cut-fade], ramp(a[cut-fade:cut], 1, 0), silence(5*tick),
		ramp(a[cut:cut+fade], 0, 1), a[cut+fade:], silence(54*tick-used), b)
	if acc := s.Account(1); !acc.Complete || acc.Gaps != 2 {
		t.Errorf("%+v", acc)
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

func TestWordsAreGuessedUntilFinished(t *testing.T) {
	s := newStage(t)
	c := Clause{Turn: 1, Words: []Word{{"seven", 7}, {"letters", 7}, {"more", 7}}}
	pcm := noise(part{1500 * ms, 5000})
	id := s.Begin(c)
	_ = s.Append(id, pcm)
	s.tick(30) // 600 ms: at 14 a second one word of 500 ms is over
	s.heard(1, "seven")
	s.tick(44)
	s.heard(1, "seven letters") // the last is not known to be over
	s.Finish(id)
	s.tick(2)
	s.heard(1, "seven letters more")
	// The rate is learned: 21 in 1.5 s are 14 a second; a slow clause changes it.
	slow := s.rate
	s.say(Clause{Turn: 1, Words: []Word{{"slow", 7}}}, pcm)
	if s.rate >= slow-1 {
		t.Errorf("rate %v after %v", s.rate, slow)
	}
}

func TestEndTurn(t *testing.T) {
	a, _, _, _ := sounds()
	s := newStage(t)
	s.EndTurn(1) // nothing to say
	s.told("turn1")
	if !s.Account(1).Complete || !s.Idle() {
		t.Errorf("%+v", s.Account(1))
	}
	if s.Begin(words(1, 1)) != 0 {
		t.Error("a turn that has ended takes a clause")
	}
	id := s.Begin(words(2, lengthsA...))
	_ = s.Append(id, a)
	s.tick(3)
	s.EndTurn(2) // finishes what is open
	s.tick(len(a)/tick + 1)
	s.wants(a)
	s.EndTurn(2)
	s.told("turn1 first2 1.0 1.1 1.2 done1 turn2")
}

func TestBounds(t *testing.T) {
	s := newStage(t)
	id := s.Begin(words(1, 1))
	second := silence(audio.SpeakRate)
	for range 120 {
		if err := s.Append(id, second); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Append(id, second[:1]); !errors.Is(err, ErrFull) {
		t.Errorf("Append to a full playout: %v", err)
	}
	s.FlushAll(1)
	for turn := int64(2); turn < 100; turn++ {
		s.say(words(turn, 1), second)
		s.EndTurn(turn)
		s.FlushAll(turn)
	}
	if len(s.turns) != keepTurns || s.stored != 0 || len(s.queue) != 0 {
		t.Errorf("%d turns, %d samples", len(s.turns), s.stored)
	}
	if acc := s.Account(99); len(acc.Clauses) != 1 {
		t.Errorf("%+v", acc)
	}
	if acc := s.Account(1); acc.Turn != 1 || len(acc.Clauses) != 0 {
		t.Errorf("%+v", acc)
	}
}

func TestHeardText(t *testing.T) {
	tests := []struct {
		words []string
		want  string
	}{
		{[]string{"Hello,", "world."}, "Hello, world."},
		{[]string{"a ", "b", "\nc", "", "d"}, "a b\nc d"},
		{[]string{"您好", "，", "订单", "W10002", "在", "路上"}, "您好，订单 W10002 在路上"},
		{[]string{"สวัสดี", "ครับ"}, "สวัสดีครับ"},
		{nil, ""},
	}
	for _, tt := range tests {
		c := ClauseAccount{Heard: len(tt.words)}
		for _, w := range tt.words {
			c.Words = append(c.Words, Word{Text: w})
		}
		if got := (Account{Clauses: []ClauseAccount{c}}).Heard(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestTogether lets a sender and a conversation use the playout at once, for the
// race detector, and checks that the account stays consistent.
func TestTogether(t *testing.T) {
	var mu sync.Mutex
	var first, done int
	p := New(nil, observe(func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		switch e.Kind {
		case FirstSound:
			first++
		case TurnDone:
			done++
		}
	}))
	a, b, _, _ := sounds()
	stop := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		dst := make([]int16, tick)
		for {
			select {
			case <-stop:
				return
			default:
				p.Next(dst)
			}
		}
	})
	rng := rand.New(rand.NewPCG(9, 9))
	for turn := int64(1); turn <= 300; turn++ {
		id := p.Begin(words(turn, lengthsA...))
		group.Go(func() {
			_ = p.Append(id, a[:3000])
			_ = p.Append(id, a[3000:])
			p.Finish(id)
		})
		id2 := p.Begin(words(turn, lengthsB...))
		_ = p.Append(id2, b)
		p.Finish(id2)
		for range rng.IntN(5) {
			p.Hold()
			p.Duck(rng.IntN(2) == 0)
			p.Resume()
		}
		if rng.IntN(2) == 0 {
			acc := p.Flush(turn)
			if acc.Sent > int64(len(a)+len(b))*6 || len(acc.Heard()) > len(acc.Text()) {
				t.Errorf("%+v", acc)
			}
		} else {
			p.EndTurn(turn)
		}
	}
	for !p.Idle() {
		p.Resume()
	}
	close(stop)
	group.Wait()
	mu.Lock()
	defer mu.Unlock()
	if done == 0 || first < done {
		t.Errorf("%d turns done, %d begun", done, first)
	}
}

type observe func(Event)

func (o observe) PlayoutEvent(e Event) { o(e) }

func TestNextDoesNotAllocate(t *testing.T) {
	p := New(nil, observe(func(Event) {}))
	dst := make([]int16, tick)
	a := speech(1, 300, 300, 300)
	for range 30 {
		id := p.Begin(words(1, 300, 300, 300))
		_ = p.Append(id, a)
		p.Finish(id)
	}
	n := 0
	if allocs := testing.AllocsPerRun(1000, func() {
		switch n++; n % 40 {
		case 10:
			p.Hold()
		case 15:
			p.Resume()
		case 30:
			p.Duck(n%80 == 30)
		}
		p.Next(dst)
	}); allocs != 0 {
		t.Errorf("%v allocations a tick", allocs)
	}
}

func BenchmarkNext(b *testing.B) {
	lengths := slices.Repeat([]int{300}, 60) // 19 s
	a := speech(1, lengths...)
	for _, ducked := range []bool{false, true} {
		b.Run(map[bool]string{false: "full", true: "ducked"}[ducked], func(b *testing.B) {
			p := New(nil, observe(func(Event) {}))
			p.Duck(ducked)
			dst := make([]int16, tick)
			b.ReportAllocs()
			for b.Loop() {
				if !p.Next(dst) {
					b.StopTimer()
					for range 5 {
						id := p.Begin(words(1, lengths...))
						_ = p.Append(id, a)
						p.Finish(id)
					}
					b.StartTimer()
				}
			}
		})
	}
	b.Run("idle", func(b *testing.B) {
		p := New(nil, nil)
		dst := make([]int16, tick)
		b.ReportAllocs()
		for b.Loop() {
			p.Next(dst)
		}
	})
}

func BenchmarkFinish(b *testing.B) {
	a := speech(1, 300, 300, 300)
	b.ReportAllocs()
	for b.Loop() {
		p := New(nil, nil)
		id := p.Begin(words(1, 300, 300, 300))
		_ = p.Append(id, a)
		p.Finish(id)
	}
}
