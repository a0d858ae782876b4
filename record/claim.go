package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parley/agent"
)

const (
	// watchEvery is how often the conversations of dead servers are looked for.
	watchEvery = 250 * time.Millisecond
	// maxClaims is how many are claimed at once, so that other servers get theirs.
	maxClaims = 4
	// enterEvery is how often a room's holder is looked at while it may be dead.
	enterEvery = 100 * time.Millisecond
)

// ErrHeld says that another server is in the room already, and lives.
var ErrHeld = errors.New("the room's conversation is held by a server that lives")

// Taken is a conversation that this server holds from now on. Whoever is given it
// begins it from its story or ends its entry.
type Taken struct {
	Entry *Entry
	Story *agent.Story
	Place Place
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Watch claims conversations in rooms whose server is dead, and gives each to take,
// which returns soon, until ctx ends. free says how many this server has room for.
func (s *Store) Watch(ctx context.Context, free func() int, take func(Taken)) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		n := min(free(), maxClaims)
		if n <= 0 || !s.sure() {
			continue
		}
		taken, err := s.claim(ctx, n)
		if err != nil && ctx.Err() == nil {
			s.reached(err)
		}
		for _, t := range taken {
			take(t)
		}
	}
}

// held is a conversation as it stands recorded.
type held struct {
	id, story, node string
	epoch           int64
	place           Place
	alive, fresh    bool // its server lives; its server has not been dead for long
}

const heldColumns = `c.id, COALESCE(c.room, ''), c.shopper, c.agent, c.customer, c.errand, c.story, c.node, c.epoch,
	COALESCE(n.seen > clock_timestamp() - make_interval(secs => $1), false), COALESCE(n.seen, c.updated) > clock_timestamp() - make_interval(secs => $2)
	FROM record_conversations c LEFT JOIN record_nodes n ON n.id = c.node
	WHERE c.ended IS NULL AND c.room IS NOT NULL`

func readHeld(ctx context.Context, q queryer, query string, args ...any) ([]held, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("looking for conversations: %w", err)
	}
	defer rows.Close()
	var all []held
	for rows.Next() {
		var h held
		p := &h.place
		if err := rows.Scan(&h.id, &p.Room, &p.Shopper, &p.Agent, &p.Customer, &p.Errand, &h.story, &h.node, &h.epoch, &h.alive, &h.fresh); err != nil {
			return nil, fmt.Errorf("reading a conversation: %w", err)
		}
		all = append(all, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("looking for conversations: %w", err)
	}
	return all, nil
}

// claim makes up to n conversations of dead servers this server's.
func (s *Store) claim(ctx context.Context, n int) (taken []Taken, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		dead, err := readHeld(ctx, tx, `SELECT `+heldColumns+` AND c.node <> $3
			AND COALESCE(n.seen < clock_timestamp() - make_interval(secs => $1), true)
			AND COALESCE(n.seen, c.updated) > clock_timestamp() - make_interval(secs => $2)
			ORDER BY c.updated DESC LIMIT $4 FOR UPDATE OF c SKIP LOCKED`, s.opts.Lease.Seconds(), Resumable.Seconds(), s.node, n)
		if err != nil {
			return err
		}
		for _, h := range dead {
			t, err := s.hold(ctx, tx, h)
			if err != nil {
				return err
			}
			if t != nil {
				taken = append(taken, *t)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.took(len(taken))
	return taken, nil
}

func (s *Store) took(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counted.TakenUp += uint64(n)
}

// hold makes a conversation this server's, whose row is locked. One whose story cannot be
// read is given up, and nil: it would come again and again, and keep others from being
// claimed.
func (s *Store) hold(ctx context.Context, tx *sql.Tx, h held) (*Taken, error) {
	story := new(agent.Story)
	if err := json.Unmarshal([]byte(h.story), story); err != nil {
		s.log.Warn("a conversation cannot be taken up: its story cannot be read", "conversation", h.id, "err", err)
		return nil, giveUp(ctx, tx, h.id)
	}
	_, err := tx.ExecContext(ctx, `UPDATE record_conversations SET node = $2, epoch = $3, agent = $4, errand = $5, updated = clock_timestamp() WHERE id = $1`,
		h.id, s.node, h.epoch+1, plain(h.place.Agent), h.place.Errand)
	if err != nil {
		return nil, fmt.Errorf("claiming a conversation: %w", err)
	}
	if story.Writes, err = writesOf(ctx, tx, h.id); err != nil {
		return nil, err
	}
	story.ID = h.id
	return &Taken{s.entry(h.id, h.place, h.epoch+1), story, h.place}, nil
}

// giveUp ends a conversation that nobody can take up, whose row is locked.
func giveUp(ctx context.Context, tx *sql.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `UPDATE record_conversations SET ended = clock_timestamp(), cause = 'its server is gone', epoch = epoch + 1 WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("ending what nobody can take up: %w", err)
	}
	return nil
}

// Enter looks for a conversation that was cut off in a room, and was with the same
// person, and makes it this server's. nil says that there is none, or no database: the
// conversation begins anew. [ErrHeld] says that the room has its agent.
func (s *Store) Enter(ctx context.Context, p Place) (*Taken, error) {
	select {
	case <-s.prepared:
		if !s.Stats().Reachable { // nobody waits for it to answer
			return nil, nil
		}
	default:
		return nil, nil
	}
	late := time.NewTimer(s.opts.Lease + time.Second)
	defer late.Stop()
	for {
		t, wait, err := s.enter(ctx, p)
		switch {
		case err != nil && ctx.Err() == nil:
			s.reached(err)
			return nil, nil
		case err != nil:
			return nil, err
		case t != nil:
			s.took(1)
			return t, nil
		case !wait:
			return nil, nil
		}
		select {
		case <-time.After(enterEvery):
		case <-late.C:
			return nil, ErrHeld
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// enter looks once. wait says that the holder may live.
func (s *Store) enter(ctx context.Context, p Place) (t *Taken, wait bool, err error) {
	sure := s.sure()
	err = s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		found, err := readHeld(ctx, tx, `SELECT `+heldColumns+` AND c.room = $3 AND c.shopper = $4 FOR UPDATE OF c`,
			s.opts.Lease.Seconds(), Resumable.Seconds(), plain(p.Room), plain(p.Shopper))
		if err != nil || len(found) == 0 {
			return err
		}
		h := found[0]
		switch {
		case h.alive || !sure && h.fresh:
			wait = true
			return nil
		case !h.fresh || h.place.Customer != plain(p.Customer):
			return giveUp(ctx, tx, h.id)
		}
		h.place = p // the agent has another identity, and the token may be a newer one
		t, err = s.hold(ctx, tx, h)
		return err
	})
	return t, wait, err
}

// tx runs do in a transaction, which is bounded in time.
func (s *Store) tx(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	tx, err := s.pulse.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer tx.Rollback() // does nothing after a commit
	if err := do(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}
