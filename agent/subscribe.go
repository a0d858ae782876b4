package agent

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// ErrSlowReader ends a subscription whose reader left so many events unread
// that one which must not be lost could not be delivered.
var ErrSlowReader = errors.New("agent: the reader of events was too slow")

// backlogSize bounds the events that a late subscriber is given first.
const backlogSize = 256

// Subscription is one reader's view of a conversation's events. Deltas may be
// dropped for a slow reader, results and state changes may not: a reader too
// slow for those loses the subscription, not single events.
type Subscription struct {
	broker  *broker
	events  chan Envelope
	dropped atomic.Int64
	err     error // set before events is closed
}

// Events yields the events in order. It is closed after the conversation's last
// event, after Close, or when the reader was too slow; see Err.
func (s *Subscription) Events() <-chan Envelope { return s.events }

// Dropped is how many deltas this reader missed.
func (s *Subscription) Dropped() int64 { return s.dropped.Load() }

// Err says, once Events is closed, whether the reader was too slow.
func (s *Subscription) Err() error {
	s.broker.mu.Lock()
	defer s.broker.mu.Unlock()
	return s.err
}

// Close ends the subscription. It may be called often and from any goroutine.
func (s *Subscription) Close() { s.broker.end(s, nil) }

// broker hands events to subscribers without ever waiting for one.
type broker struct {
	mu      sync.Mutex
	closed  bool
	readers map[*Subscription]struct{}
	backlog []Envelope // what a late subscriber must still learn, oldest first
}

func newBroker() *broker { return &broker{readers: make(map[*Subscription]struct{})} }

// subscribe adds a reader with room for buffer unread events; with replay it is
// first given what has happened so far, deltas left out.
func (b *broker) subscribe(buffer int, replay bool) *Subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	if replay {
		buffer += len(b.backlog)
	}
	s := &Subscription{broker: b, events: make(chan Envelope, max(buffer, 1))}
	if replay {
		for _, e := range b.backlog {
			s.events <- e
		}
	}
	if b.closed {
		close(s.events)
		return s
	}
	b.readers[s] = struct{}{}
	return s
}

// publish gives an event to every reader.
func (b *broker) publish(e Envelope) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	lossy := e.Event.lossy()
	b.keep(e)
	for s := range b.readers {
		// Deltas may use half of the buffer; the other half is kept for what must arrive.
		if lossy && len(s.events) >= (cap(s.events)+1)/2 {
			s.dropped.Add(1)
			continue
		}
		select {
		case s.events <- e:
		default:
			b.drop(s, ErrSlowReader)
		}
	}
}

// keep remembers what a late subscriber must learn; the lock is held. Of deltas
// that is the text so far of the answer under way, as one delta.
func (b *broker) keep(e Envelope) {
	if piece, ok := e.Event.(ReplyText); ok {
		if i := b.reply(e.Turn); i >= 0 {
			e.Event = ReplyText{b.backlog[i].Event.(ReplyText).Text + piece.Text}
			b.backlog = slices.Delete(b.backlog, i, i+1)
		}
	} else if e.Event.lossy() {
		return
	}
	if _, ok := e.Event.(ReplyDone); ok {
		if i := b.reply(e.Turn); i >= 0 {
			b.backlog = slices.Delete(b.backlog, i, i+1)
		}
	}
	if len(b.backlog) == backlogSize {
		b.backlog = slices.Delete(b.backlog, 0, 1)
	}
	b.backlog = append(b.backlog, e)
}

// reply is where the backlog holds the text of a turn's answer, -1 if it does not.
func (b *broker) reply(turn int64) int {
	return slices.IndexFunc(b.backlog, func(e Envelope) bool {
		_, ok := e.Event.(ReplyText)
		return ok && e.Turn == turn
	})
}

// close ends all subscriptions after what they have yet to read.
func (b *broker) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for s := range b.readers {
		b.drop(s, nil)
	}
}

func (b *broker) end(s *Subscription, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.readers[s]; ok {
		b.drop(s, err)
	}
}

// drop removes a reader; the lock is held.
func (b *broker) drop(s *Subscription, err error) {
	delete(b.readers, s)
	s.err = err
	close(s.events)
}
