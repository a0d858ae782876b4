package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"parley/agent"
	"parley/tools"
)

// uniqueViolation is the SQLSTATE code of a room that another conversation is in.
const uniqueViolation = "23505"

// save writes what waits of an entry, which the caller holds. [agent.ErrTakenUp] says
// that another server holds the conversation.
func (s *Store) save(ctx context.Context, e *Entry, what waiting) error {
	for _, w := range what.finished {
		if err := s.saveResult(ctx, e, w); err != nil {
			return err
		}
	}
	if what.story != nil {
		err := s.saveStory(ctx, e, what.story)
		if said, ok := errors.AsType[*pgconn.PgError](err); ok && said.Code == uniqueViolation {
			// The other's end was never written: who came later is there.
			if err = s.supersede(ctx, e); err == nil {
				err = s.saveStory(ctx, e, what.story)
			}
		}
		if err != nil {
			return err
		}
	}
	if !what.ended {
		return nil
	}
	_, err := s.db.ExecContext(ctx, `UPDATE record_conversations SET ended = clock_timestamp(), cause = $4
		WHERE id = $1 AND epoch = $2 AND node = $3 AND ended IS NULL`, e.id, e.epoch, s.node, plain(what.cause))
	if err != nil {
		return fmt.Errorf("recording the end of a conversation: %w", err)
	}
	return nil
}

func (s *Store) saveStory(ctx context.Context, e *Entry, story *agent.Story) error {
	text, err := json.Marshal(story)
	if err != nil {
		return fmt.Errorf("writing a conversation as JSON: %w", err)
	}
	done, err := s.db.ExecContext(ctx, `INSERT INTO record_conversations
			(id, room, shopper, agent, customer, errand, story, node, epoch, started, updated)
		VALUES ($1, NULLIF($2, ''), $3, $4, $5, $6, $7, $8, $9, clock_timestamp(), clock_timestamp())
		ON CONFLICT (id) DO UPDATE SET story = EXCLUDED.story, updated = EXCLUDED.updated
		WHERE record_conversations.epoch = EXCLUDED.epoch AND record_conversations.node = EXCLUDED.node AND record_conversations.ended IS NULL`,
		e.id, plain(e.place.Room), plain(e.place.Shopper), plain(e.place.Agent), plain(e.place.Customer), e.place.Errand, string(text), s.node, e.epoch)
	if err != nil {
		return fmt.Errorf("recording a conversation: %w", err)
	}
	if n, err := done.RowsAffected(); err == nil && n == 0 {
		return agent.ErrTakenUp
	}
	return nil
}

// supersede ends whatever stands recorded in an entry's room, and shuts out who holds it.
func (s *Store) supersede(ctx context.Context, e *Entry) error {
	_, err := s.db.ExecContext(ctx, `UPDATE record_conversations SET ended = clock_timestamp(), cause = 'another began in its room', epoch = epoch + 1
		WHERE room = $1 AND shopper = $2 AND id <> $3 AND ended IS NULL`, plain(e.place.Room), plain(e.place.Shopper), e.id)
	if err != nil {
		return fmt.Errorf("recording the end of a room's earlier conversation: %w", err)
	}
	return nil
}

// saveWrite keeps that a write is about to run. It shuts claims out meanwhile, so that a
// server that is no longer the holder cannot begin one.
func (s *Store) saveWrite(ctx context.Context, e *Entry, w agent.Write) error {
	done, err := s.db.ExecContext(ctx, `WITH held AS (
			SELECT id FROM record_conversations WHERE id = $1 AND epoch = $2 AND node = $3 FOR SHARE)
		INSERT INTO record_writes (conversation, key, name, arguments, serial, begun)
		SELECT id, $4, $5, $6, $7, clock_timestamp() FROM held
		ON CONFLICT (conversation, key) DO UPDATE SET begun = EXCLUDED.begun, finished = NULL, ok = false, result = '', caller = ''`,
		e.id, e.epoch, s.node, w.Key, plain(w.Name), plain(w.Arguments), w.Serial)
	if err != nil {
		return fmt.Errorf("recording a write: %w", err)
	}
	if n, err := done.RowsAffected(); err == nil && n == 0 {
		return agent.ErrTakenUp
	}
	return nil
}

// saveResult keeps what came of a write. It is the truth whoever holds the conversation
// now: under one key it happens once.
func (s *Store) saveResult(ctx context.Context, e *Entry, w agent.Write) error {
	caller := ""
	if w.Caller != nil {
		raw, err := json.Marshal(w.Caller)
		if err != nil {
			return fmt.Errorf("writing a caller as JSON: %w", err)
		}
		caller = string(raw)
	}
	_, err := s.db.ExecContext(ctx, `UPDATE record_writes SET finished = clock_timestamp(), ok = $3, result = $4, caller = $5
		WHERE conversation = $1 AND key = $2 AND finished IS NULL`, e.id, w.Key, w.OK, plain(w.Result), caller)
	if err != nil {
		return fmt.Errorf("recording the result of a write: %w", err)
	}
	return nil
}

// writesOf are the writes of a conversation, in the order in which they began.
func writesOf(ctx context.Context, q queryer, id string) ([]agent.Write, error) {
	rows, err := q.QueryContext(ctx, `SELECT key, name, arguments, serial, finished IS NOT NULL, ok, result, caller
		FROM record_writes WHERE conversation = $1 ORDER BY begun, number`, id)
	if err != nil {
		return nil, fmt.Errorf("reading the writes of a conversation: %w", err)
	}
	defer rows.Close()
	var all []agent.Write
	for rows.Next() {
		var w agent.Write
		var caller string
		if err := rows.Scan(&w.Key, &w.Name, &w.Arguments, &w.Serial, &w.Done, &w.OK, &w.Result, &caller); err != nil {
			return nil, fmt.Errorf("reading a write: %w", err)
		}
		if caller != "" {
			w.Caller = new(tools.Caller)
			if err := json.Unmarshal([]byte(caller), w.Caller); err != nil {
				return nil, fmt.Errorf("reading who a write found: %w", err)
			}
		}
		all = append(all, w)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the writes of a conversation: %w", err)
	}
	return all, nil
}

// plain is a text as PostgreSQL takes it. What others have written may be no UTF-8, or
// hold a zero byte.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
