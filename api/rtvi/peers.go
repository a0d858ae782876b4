package rtvi

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"parley/agent"
	"parley/room"
)

const (
	// keepEnded is how long it is known that a peer's conversation has ended, maxEnded
	// of how many: a client that tries to come back is told so.
	keepEnded = 10 * time.Minute
	maxEnded  = 1024
)

var (
	errReplaced = errors.New("the client made another connection")
	errGone     = errors.New("the client did not come back")
	errClosed   = errors.New("the client closed the conversation")
)

// peer is one client, for as long as its conversation. Its connection may be made
// anew meanwhile.
type peer struct {
	id           string // the protocol's pc_id
	who          string // who began it
	conversation *agent.Conversation
	functions    *functions
	// negotiating is held, as its one token, by whoever exchanges descriptions.
	negotiating chan struct{}
	ended       time.Time // zero while it goes on; under Protocol.mu

	mu   sync.Mutex
	seat *seat // the newest

	// What follows belongs to whoever serves the channel; a seat's service begins when
	// that of the seat before it is over.
	translator *translator // nil until the client is ready
	told       int64       // the last event that the client was told of
}

// seat is one connection of a peer.
type seat struct {
	before *seat         // the one it took the place of; nil for the first
	gone   chan struct{} // closed when the call is over

	mu sync.Mutex
	// served is closed when the channel is served no more; nil before it is opened.
	served chan struct{}
}

// addPeer makes a conversation known by an id that cannot be guessed, until some
// time after its end.
func (p *Protocol) addPeer(who string, c *agent.Conversation, own *functions) *peer {
	one := &peer{id: "pc-" + rand.Text(), who: who, conversation: c, functions: own, negotiating: make(chan struct{}, 1)}
	p.mu.Lock()
	p.forgetEnded(time.Now())
	p.peers[one.id] = one
	p.mu.Unlock()
	p.hall.Go(func() {
		<-c.Done()
		close(own.gone)
		p.mu.Lock()
		defer p.mu.Unlock()
		one.ended = time.Now()
		p.ended = append(p.ended, one)
		p.forgetEnded(one.ended)
	})
	return one
}

// forgetEnded drops what need not be known any more. The lock is held.
func (p *Protocol) forgetEnded(now time.Time) {
	for len(p.ended) > 0 && (len(p.ended) > maxEnded || now.Sub(p.ended[0].ended) > keepEnded) {
		delete(p.peers, p.ended[0].id)
		p.ended = p.ended[1:]
	}
}

// findPeer is the peer of this id, nil when there is none that who began.
func (p *Protocol) findPeer(id, who string) *peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.peers[id]; one != nil && one.who == who {
		return one
	}
	return nil
}

// over says whether the peer's conversation has ended.
func (one *peer) over() bool {
	select {
	case <-one.conversation.Done():
		return true
	default:
		return false
	}
}

// negotiate takes the token of negotiations; release gives it back.
func (one *peer) negotiate(ctx context.Context) (release func(), err error) {
	select {
	case one.negotiating <- struct{}{}:
		return func() { <-one.negotiating }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// sit begins another connection of the peer.
func (one *peer) sit() *seat {
	one.mu.Lock()
	defer one.mu.Unlock()
	one.seat = &seat{before: one.seat, gone: make(chan struct{})}
	return one.seat
}

// sits says whether s is the peer's newest connection.
func (one *peer) sits(s *seat) bool {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.seat == s
}

// left is told that the call of a seat is over. A conversation whose call was lost
// waits for its client; one whose client has hung up ends.
func (p *Protocol) left(one *peer, s *seat, cause error) {
	wait := p.linger
	close(s.gone)
	switch {
	case errors.Is(cause, errReplaced):
	case errors.Is(cause, room.ErrHungUp), errors.Is(cause, room.ErrShutdown):
		if one.sits(s) {
			p.hall.End(one.conversation, cause)
		}
	default:
		p.hall.Go(func() {
			patience := time.NewTimer(wait)
			defer patience.Stop()
			select {
			case <-patience.C:
				if one.sits(s) {
					p.hall.End(one.conversation, errGone)
				}
			case <-one.conversation.Done():
			}
		})
	}
}

// open takes the channel of a seat: there is one. It returns what ends its service,
// nil when there was a channel before.
func (s *seat) open() (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.served != nil {
		return nil
	}
	served := make(chan struct{})
	s.served = served
	return func() { close(served) }
}

// follow waits until the seat before this one is served no more.
func (s *seat) follow() {
	if s.before != nil {
		<-s.before.gone
		s.before.mu.Lock()
		served := s.before.served
		s.before.mu.Unlock()
		if served != nil {
			<-served // its channel is closed
		}
		s.before = nil
	}
}

// farewell waits until the client has been told that the conversation is over, and
// has gone.
func (s *seat) farewell(ctx context.Context) {
	s.mu.Lock()
	served := s.served
	s.mu.Unlock()
	if served == nil {
		return // nobody can be told
	}
	patience := time.NewTimer(farewell)
	defer patience.Stop()
	select {
	case <-served:
	case <-s.gone:
	case <-patience.C:
	case <-ctx.Done():
	}
}
