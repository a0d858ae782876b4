package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// once makes a write idempotent. The first call with a key does the work and
// keeps its answer in the same transaction; any later one gets that answer and
// does nothing. So a call repeated after a crash or a time-out either finds the
// whole write done, with its answer, or nothing of it. A refusal is not kept:
// it changed nothing and may be right the next time.
//
// A key that another customer or tool has used is a fault of whoever made it,
// and an error.
func (s *Store) once(ctx context.Context, key, customerID, tool string, do func(*sql.Tx, time.Time) (any, error)) (json.RawMessage, error) {
	var answer json.RawMessage
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var owner, used, kept string
		err := tx.QueryRowContext(ctx, `SELECT customer_id, tool, result FROM writes WHERE key = $1`, key).Scan(&owner, &used, &kept)
		switch {
		case err == nil && (owner != customerID || used != tool):
			return errors.New("the idempotency key belongs to another write")
		case err == nil:
			answer = json.RawMessage(kept)
			return nil
		case !errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("looking for an earlier write: %w", err)
		}
		now := s.now()
		value, err := do(tx, now)
		if err != nil {
			return err
		}
		if answer, err = json.Marshal(value); err != nil {
			return fmt.Errorf("marshalling the answer: %w", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO writes (key, customer_id, tool, result, at) VALUES ($1, $2, $3, $4, $5)`,
			key, customerID, tool, string(answer), now.Unix())
		if err != nil {
			return fmt.Errorf("keeping the answer: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}
