package playout

import (
	"math/rand/v2"
	"sync"
	"testing"
)

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
