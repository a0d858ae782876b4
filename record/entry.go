package record

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"parley/agent"
	"parley/room"
)

// Place is where and for whom a conversation is held. The zero Place is a conversation
// that nobody else can take up: its connection ends in this process.
type Place struct {
	// Room is the room's name, Shopper the identity of the person there whom the
	// conversation is with, "" for the first who is there, and Agent the agent's own.
	Room, Shopper, Agent string
	// Customer is whom the conversation began with; "" is a stranger.
	Customer string
	// Errand is what a server needs to know of who began it, and means nothing here.
	Errand string
}

// Entry is the record of one conversation. It implements agent.Record.
type Entry struct {
	store *Store
	id    string
	place Place
	lost  chan struct{}

	// io is held by who writes the entry, one at a time; it guards epoch.
	io    chan struct{}
	epoch int64

	// All below is guarded by the store's mutex.
	waiting
	last   *agent.Story // the newest that was ever told
	queued bool
	since  time.Time // since when something waits
	fenced sync.Once
}

// waiting is what is to be written of an entry.
type waiting struct {
	story    *agent.Story
	finished []agent.Write
	ended    bool
	cause    string
}

var _ agent.Record = (*Entry)(nil)

// New is the record of a new conversation. Nothing is written before its first story.
func (s *Store) New(id string, p Place) *Entry { return s.entry(id, p, 1) }

func (s *Store) entry(id string, p Place, epoch int64) *Entry {
	return &Entry{store: s, id: id, place: p, epoch: epoch, lost: make(chan struct{}), io: make(chan struct{}, 1)}
}

// Keep implements agent.Record.
func (e *Entry) Keep(story agent.Story) {
	e.store.enqueue(e, func() {
		e.story, e.last = &story, &story
		e.store.open[e] = struct{}{}
	})
}

// Finish implements agent.Record.
func (e *Entry) Finish(w agent.Write) {
	e.store.enqueue(e, func() { e.finished = append(e.finished, w) })
}

// End implements agent.Record. A conversation in a room whose server is shutting down
// has not ended: it is left for another, or for this one when it starts again.
func (e *Entry) End(cause error) {
	e.store.enqueue(e, func() {
		e.last = nil
		delete(e.store.open, e)
		if e.place.Room != "" && errors.Is(cause, room.ErrShutdown) {
			return
		}
		e.ended = true
		if cause != nil {
			e.cause = cause.Error()
		}
	})
}

// Lost implements agent.Record.
func (e *Entry) Lost() <-chan struct{} { return e.lost }

// lose says that somebody else holds the conversation.
func (e *Entry) lose() {
	e.fenced.Do(func() {
		close(e.lost)
		e.store.mu.Lock()
		defer e.store.mu.Unlock()
		delete(e.store.open, e)
		e.story, e.ended = nil, false
		e.store.counted.Lost++
		e.store.log.Warn("another server holds a conversation of this one", "conversation", e.id)
	})
}

// hold waits until nobody else writes the entry.
func (e *Entry) hold(ctx context.Context) error {
	select {
	case e.io <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (e *Entry) release() { <-e.io }

// Begin implements agent.Record: what is known of the conversation, and the write, are
// in the database when it returns nil.
func (e *Entry) Begin(ctx context.Context, w agent.Write) error {
	select {
	case <-e.store.prepared:
	case <-e.lost:
		return agent.ErrTakenUp
	case <-ctx.Done():
		return fmt.Errorf("the record has not been reached yet: %w", context.Cause(ctx))
	}
	if err := e.hold(ctx); err != nil {
		return err
	}
	defer e.release()
	what := e.store.claimWaiting(e)
	err := e.store.save(ctx, e, what)
	if err == nil {
		what = waiting{}
		err = e.store.saveWrite(ctx, e, w)
	}
	return e.store.settle(ctx, e, what, err)
}
