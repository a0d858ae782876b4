package record

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"parley/agent"
)

// maxWaiting bounds the conversations that wait to be written. Those under way are
// bounded elsewhere; past it, ended ones are dropped, which nobody could take up.
const maxWaiting = 2000

// enqueue changes what is to be written of an entry, and has it written.
func (s *Store) enqueue(e *Entry, change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	s.line(e)
}

// line puts an entry into the queue. The lock is held.
func (s *Store) line(e *Entry) {
	if e.queued {
		return
	}
	if len(s.queue) >= maxWaiting {
		if i := slices.IndexFunc(s.queue, func(e *Entry) bool { return e.ended }); i >= 0 {
			s.queue[i].waiting, s.queue[i].queued = waiting{}, false
			s.queue = slices.Delete(s.queue, i, i+1)
			s.counted.Dropped++
		}
	}
	e.queued = true
	if e.since.IsZero() {
		e.since = time.Now()
	}
	s.queue = append(s.queue, e)
	select {
	case s.work <- struct{}{}:
	default: // all writers are awake
	}
}

// next is the entry that has waited longest; nil when none does.
func (s *Store) next() *Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil
	}
	e := s.queue[0]
	s.queue[0] = nil
	s.queue = s.queue[1:]
	e.queued = false
	s.busy++
	return e
}

// write writes what waits until ctx ends.
func (s *Store) write(ctx context.Context) {
	select {
	case <-s.prepared:
	case <-ctx.Done():
		return
	}
	wait := retryFirst
	for {
		e := s.next()
		if e == nil {
			select {
			case <-s.work:
				continue
			case <-ctx.Done():
				return
			}
		}
		err := s.writeOne(ctx, e)
		s.mu.Lock()
		s.busy--
		s.mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		if err == nil || errors.Is(err, agent.ErrTakenUp) {
			wait = retryFirst
			continue
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, retryMost)
	}
}

func (s *Store) writeOne(ctx context.Context, e *Entry) error {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	if err := e.hold(ctx); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.line(e)
		return err
	}
	defer e.release()
	what := s.claimWaiting(e)
	return s.settle(ctx, e, what, s.save(ctx, e, what))
}

// claimWaiting takes what is to be written of an entry, which the caller holds.
func (s *Store) claimWaiting(e *Entry) waiting {
	s.mu.Lock()
	defer s.mu.Unlock()
	what := e.waiting
	e.waiting = waiting{}
	return what
}

// settle takes what came of writing something of an entry. What failed waits again,
// unless there is something newer.
func (s *Store) settle(ctx context.Context, e *Entry, what waiting, err error) error {
	switch {
	case err == nil:
		s.mu.Lock()
		if !e.queued {
			e.since = time.Time{}
		}
		s.mu.Unlock()
		s.reached(nil)
	case errors.Is(err, agent.ErrTakenUp):
		e.lose()
	default:
		s.reached(err)
		s.mu.Lock()
		defer s.mu.Unlock()
		if e.story == nil {
			e.story = what.story
		}
		if what.ended {
			e.ended, e.cause = true, what.cause
		}
		e.finished = append(what.finished, e.finished...)
		s.line(e)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return err
}

// beat says that this server lives, until ctx ends.
func (s *Store) beat(ctx context.Context) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		err := s.beatOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		s.reached(err)
		if err == nil {
			s.lived(time.Now())
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Store) beatOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, attempt/2)
	defer cancel()
	_, err := s.pulse.ExecContext(ctx, `INSERT INTO record_nodes (id, seen) VALUES ($1, clock_timestamp())
		ON CONFLICT (id) DO UPDATE SET seen = EXCLUDED.seen`, s.node)
	if err != nil {
		return fmt.Errorf("saying that this server lives: %w", err)
	}
	return nil
}

// lived takes a sign of life that was given. After a silence in which others may have
// claimed them, what this server holds is written again: if it is refused, somebody has.
func (s *Store) lived(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	late := now.Sub(s.beaten) > s.opts.Lease
	if late {
		s.steady = now
	}
	if late && !s.beaten.IsZero() {
		for e := range s.open {
			if e.story == nil && e.last != nil {
				e.story = e.last
				s.line(e)
			}
		}
	}
	s.beaten = now
}

// sure says that this server may judge others by their silence: its own signs of life
// have come in time for long enough that those of others, after a silence of the
// database's, would have come as well.
func (s *Store) sure() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	return !s.beaten.IsZero() && now.Sub(s.beaten) < s.opts.Lease && now.Sub(s.steady) > 2*s.opts.Lease
}
