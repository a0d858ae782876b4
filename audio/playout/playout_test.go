package playout

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"parley/audio"
)

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
