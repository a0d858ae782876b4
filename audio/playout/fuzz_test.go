package playout

import (
	"slices"
	"testing"

	"parley/audio"
)

// FuzzCalls makes any calls in any order, and checks after each tick what must
// always hold.
func FuzzCalls(f *testing.F) {
	f.Add([]byte{0, 10, 1, 40, 9, 9, 2, 9, 9, 5, 9, 6, 9, 9, 9, 3, 9, 9})
	f.Add([]byte{0, 1, 2, 0, 1, 2, 9, 9, 5, 7, 9, 0, 1, 2, 9, 9, 9, 3, 9, 9, 9, 9, 9, 9, 9})
	f.Add([]byte{8, 1, 1, 9, 5, 9, 2, 9, 6, 5, 9, 7, 0, 9, 9})
	f.Fuzz(func(t *testing.T, calls []byte) {
		s := newStage(t)
		c := &checker{t: t, words: make(map[int64]int), turns: make(map[int64]bool)}
		s.observer = c
		dst, preview := make([]int16, audio.SpeakTick), make([]int16, 3*audio.SpeakTick)
		turn, open := int64(1), int64(0)
		sounds := [][]int16{speech(1, 40, 30), speech(2, 100), speech(3, 20, 20, 20), nil, speech(4, 300)[:777]}
		begin := func(protected bool) {
			open = s.Begin(Clause{Turn: turn, Protected: protected, Words: []Word{{"a", 4}, {"b", 3}, {"c", 5}}})
		}
		for i, b := range calls {
			switch b % 12 {
			case 0:
				begin(false)
			case 1:
				_ = s.Append(open, sounds[i%len(sounds)])
			case 2:
				s.Finish(open)
			case 3:
				s.EndTurn(turn)
				turn++
			case 4:
				s.Duck(i%2 == 0)
			case 5:
				s.Hold()
			case 6:
				s.Resume()
			case 7:
				if a := s.Flush(turn); len(a.Heard()) > len(a.Text()) {
					t.Fatal("more heard than there was")
				}
				turn++
			case 8:
				begin(true)
			default:
				held := s.held && s.silent && (len(s.queue) == 0 || !s.queue[0].Protected) && s.tailLen == 0
				known := s.Preview(preview)
				sounds := s.Next(dst)
				if sounds && held {
					t.Fatal("sound in a hold")
				}
				if known > 0 && (!sounds || !slices.Equal(dst, preview[:len(dst)])) {
					t.Fatal("what was previewed did not come")
				}
				s.ticks++
			}
			if s.stored < 0 || s.gain.value < 0 || s.gain.value > 1 {
				t.Fatalf("%d samples, gain %v", s.stored, s.gain.value)
			}
			var stored int64
			for _, k := range s.queue {
				stored += k.length
				if k.cursor > k.length || k.heard() > len(k.Words) {
					t.Fatalf("%+v", k)
				}
			}
			if stored != s.stored {
				t.Fatalf("%d samples stored, counted %d", stored, s.stored)
			}
		}
		// Whatever went before, the playout comes to an end.
		s.Resume()
		for id := int64(1); id <= turn; id++ {
			s.EndTurn(id)
			for _, k := range s.Account(id).Clauses {
				s.Finish(k.ID) // a protected one of a flushed turn may be open
			}
		}
		for n := 0; !s.Idle(); n++ {
			if n > len(calls)*20+10 {
				t.Fatalf("it does not end: %+v", s.queue)
			}
			s.Next(dst)
		}
		for id := int64(1); id < turn; id++ {
			if a := s.Account(id); a.Complete && a.Heard() != a.Text() {
				t.Fatalf("turn %d is complete: %+v", id, a)
			}
		}
	})
}

// checker checks the order of events.
type checker struct {
	t     *testing.T
	words map[int64]int // next word of a clause, at most
	turns map[int64]bool
}

func (c *checker) PlayoutEvent(e Event) {
	switch e.Kind {
	case FirstSound:
		if _, ok := c.turns[e.Turn]; ok {
			c.t.Fatalf("two beginnings of turn %d", e.Turn)
		}
		c.turns[e.Turn] = false
	case WordStarted:
		if e.Word > c.words[e.Clause] {
			c.t.Fatalf("word %d of clause %d was left out", c.words[e.Clause], e.Clause)
		}
		c.words[e.Clause] = e.Word + 1
	case ClauseDone:
		if c.words[e.Clause] != 3 {
			c.t.Fatalf("clause %d is done after %d words", e.Clause, c.words[e.Clause])
		}
	case TurnDone:
		if c.turns[e.Turn] {
			c.t.Fatalf("turn %d is done twice", e.Turn)
		}
		c.turns[e.Turn] = true
	}
}
