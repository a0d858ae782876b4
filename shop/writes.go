package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parley/tools"
)

// errDry ends the transaction of a dry run.
var errDry = errors.New("a dry run keeps nothing")

// once makes a write idempotent. The first call with a key does the work and
// keeps its answer in the same transaction; any later one gets that answer and
// does nothing. So a call repeated after a crash or a time-out either finds the
// whole write done, with its answer, or nothing of it. A refusal is not kept:
// it changed nothing and may be right the next time. In a dry run all is rolled
// back and the answer is what it would have been.
//
// A key that another customer or tool has used is a fault of whoever made it,
// and an error. do may run more than once, see [Store.tx].
func (s *Store) once(ctx context.Context, call tools.Call, do func(*sql.Tx, time.Time) (any, error)) (json.RawMessage, error) {
	var answer json.RawMessage
	err := s.tx(ctx, func(tx *sql.Tx) error {
		now := s.now()
		// The row is taken first: whoever comes second waits here for the first, and
		// then finds its answer.
		taken, err := tx.ExecContext(ctx, `INSERT INTO writes (key, customer_id, tool, result, at) VALUES ($1, $2, $3, '', $4) ON CONFLICT (key) DO NOTHING`,
			call.Key, call.Caller.CustomerID, call.Name, now.Unix())
		if err != nil {
			return fmt.Errorf("taking the idempotency key: %w", err)
		}
		if n, err := taken.RowsAffected(); err != nil {
			return fmt.Errorf("taking the idempotency key: %w", err)
		} else if n == 0 {
			answer, err = kept(ctx, tx, call)
			return err
		}
		value, err := do(tx, now)
		if err != nil {
			return err
		}
		if answer, err = json.Marshal(value); err != nil {
			return fmt.Errorf("marshalling the answer: %w", err)
		}
		if tools.IsDryRun(ctx) {
			return errDry
		}
		if _, err = tx.ExecContext(ctx, `UPDATE writes SET result = $1 WHERE key = $2`, string(answer), call.Key); err != nil {
			return fmt.Errorf("keeping the answer: %w", err)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDry) {
		return nil, err
	}
	return answer, nil
}

// kept is the answer to an earlier write with the same key.
func kept(ctx context.Context, tx *sql.Tx, call tools.Call) (json.RawMessage, error) {
	var owner, used, answer string
	err := tx.QueryRowContext(ctx, `SELECT customer_id, tool, result FROM writes WHERE key = $1`, call.Key).Scan(&owner, &used, &answer)
	if err != nil {
		return nil, fmt.Errorf("reading the answer to an earlier write: %w", err)
	}
	if owner != call.Caller.CustomerID || used != call.Name {
		return nil, errors.New("the idempotency key belongs to another write")
	}
	return json.RawMessage(answer), nil
}

// changeOrder runs a write over one order that the caller reaches. What do makes
// of the order is the answer.
func (s *Store) changeOrder(ctx context.Context, call tools.Call, orderID string, do func(*sql.Tx, time.Time, *Order, *Customer) error) (any, error) {
	return s.once(ctx, call, func(tx *sql.Tx, now time.Time) (any, error) {
		o, err := order(ctx, tx, reachOf(call.Caller), orderID)
		if err != nil {
			return nil, err
		}
		c, err := customer(ctx, tx, o.CustomerID)
		if err != nil {
			return nil, err
		}
		if err := do(tx, now, &o, &c); err != nil {
			return nil, err
		}
		return viewOrder(o, c, !call.Caller.Staff), nil
	})
}
