// Package native runs calls into libraries that cannot be interrupted (an ONNX
// model that computes for 200 ms whatever happens). A [Pool] bounds how many of
// them run at once, orders those that wait, and owns those that nobody waits
// for any more, so that a cancelled caller returns at once and nothing leaks.
package native

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"
)

var (
	// ErrFull says that a call could not even wait: too many do already, or it was
	// a background call and there is no slot to spare.
	ErrFull = errors.New("native: all slots are taken")
	// ErrClosed says that the pool takes no calls any more.
	ErrClosed = errors.New("native: closed")
)

// Pool runs at most a fixed number of calls at once. Its methods are safe for
// use by many goroutines.
type Pool struct {
	slots, queue int

	mu      sync.Mutex
	busy    int     // slots taken, by calls that run
	waiting waiters // calls that have no slot yet, the next one first
	arrived uint64  // calls so far, to keep the order among equals
	closed  bool
	running sync.WaitGroup
}

// NewPool returns a pool that runs at most slots calls at once, at least one,
// and lets at most queue calls wait.
func NewPool(slots, queue int) *Pool {
	return &Pool{slots: max(slots, 1), queue: max(queue, 0)}
}

// Start waits for a slot, starts work in a goroutine of the pool and returns.
// The slot stays taken until work returns. Of the calls that wait, the one with
// the earliest due goes first, and among equals the one that came first. Start
// fails with the cause of ctx when it ends first, with ErrFull when too many
// wait, and with ErrClosed; then work never runs.
func (p *Pool) Start(ctx context.Context, due time.Time, work func()) error {
	return p.start(ctx, &waiter{due: due}, work)
}

// StartIdle is Start for work that is in no hurry: it waits until nothing else
// waits, and never takes the last free slot of a pool that has several.
func (p *Pool) StartIdle(ctx context.Context, work func()) error {
	return p.start(ctx, &waiter{idle: true}, work)
}

// TryStart is StartIdle without the waiting: where StartIdle would have to wait,
// TryStart fails with ErrFull.
func (p *Pool) TryStart(work func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return ErrClosed
	case len(p.waiting) > 0 || !p.fits(true):
		return ErrFull
	}
	p.grant()
	go p.run(work)
	return nil
}

// Waiting returns how many calls of Start wait for a slot. Work that can be cut
// short asks this to make room.
func (p *Pool) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, w := range p.waiting {
		if !w.idle {
			n++
		}
	}
	return n
}

// Close refuses new calls, fails those that wait, and returns when all running
// work has returned. It may be called more than once.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	for _, w := range p.waiting {
		w.err = ErrClosed
		close(w.ready)
	}
	p.waiting = nil
	p.mu.Unlock()
	p.running.Wait()
}

func (p *Pool) start(ctx context.Context, w *waiter, work func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return ErrClosed
	case len(p.waiting) == 0 && p.fits(w.idle):
		p.grant()
		p.mu.Unlock()
		go p.run(work)
		return nil
	case len(p.waiting) >= p.queue:
		p.mu.Unlock()
		return ErrFull
	}
	p.arrived++
	w.order = p.arrived
	w.ready = make(chan struct{})
	heap.Push(&p.waiting, w)
	p.wake() // an idle call may have been all that waited, in front of a free slot
	p.mu.Unlock()

	select {
	case <-w.ready:
	case <-ctx.Done():
		p.mu.Lock()
		select {
		case <-w.ready: // granted or closed in the same moment
			if w.err == nil {
				p.release()
			}
		default:
			heap.Remove(&p.waiting, w.index)
			p.wake()
		}
		p.mu.Unlock()
		return context.Cause(ctx)
	}
	if w.err != nil {
		return w.err
	}
	go p.run(work)
	return nil
}

func (p *Pool) run(work func()) {
	defer func() {
		p.mu.Lock()
		p.release()
		p.mu.Unlock()
	}()
	work()
}

// fits says whether a call may start now. The lock is held.
func (p *Pool) fits(idle bool) bool {
	if idle {
		return p.busy < max(p.slots-1, 1)
	}
	return p.busy < p.slots
}

// grant takes a slot. The lock is held.
func (p *Pool) grant() {
	p.busy++
	p.running.Add(1)
}

// release gives a slot back and starts who waits for it. The lock is held.
func (p *Pool) release() {
	p.busy--
	p.running.Done()
	p.wake()
}

// wake grants free slots to those that wait. The lock is held.
func (p *Pool) wake() {
	for len(p.waiting) > 0 && p.fits(p.waiting[0].idle) {
		w := heap.Pop(&p.waiting).(*waiter)
		p.grant()
		close(w.ready)
	}
}

// waiter is a call that has no slot yet.
type waiter struct {
	due   time.Time
	idle  bool
	order uint64
	index int           // in the heap
	ready chan struct{} // closed when a slot was granted or err was set
	err   error
}

// waiters is a heap with the next call in front.
type waiters []*waiter

func (h waiters) Len() int { return len(h) }
func (h waiters) Less(i, j int) bool {
	a, b := h[i], h[j]
	if a.idle != b.idle {
		return b.idle
	}
	if !a.due.Equal(b.due) {
		return a.due.Before(b.due)
	}
	return a.order < b.order
}
func (h waiters) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *waiters) Push(x any) {
	w := x.(*waiter)
	w.index = len(*h)
	*h = append(*h, w)
}
func (h *waiters) Pop() any {
	old := *h
	w := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return w
}
