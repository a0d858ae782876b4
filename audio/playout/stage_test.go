package playout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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
