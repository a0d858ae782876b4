package agent

import (
	"sync"

	"parley/audio/playout"
)

// progress passes the playout's events to the conversation's goroutine without
// making the playout wait: it is told of them in the 20 ms path, and by the
// conversation's own calls.
type progress struct {
	mu     sync.Mutex
	events []playout.Event
	spare  []playout.Event
	signal chan struct{} // has room for one
}

// PlayoutEvent implements playout.Observer.
func (p *progress) PlayoutEvent(e playout.Event) {
	p.mu.Lock()
	p.events = append(p.events, e)
	p.mu.Unlock()
	select {
	case p.signal <- struct{}{}:
	default: // it will find this event as well
	}
}

// take returns what has been told since the last call; it is valid until the next.
func (p *progress) take() []playout.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	events := p.events
	p.events, p.spare = p.spare[:0], events
	return events
}
