package shop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Memory is the path of a store that is gone when it is closed.
const Memory = ":memory:"

// Store is the shop's database. It is safe for use by many goroutines.
type Store struct {
	write *sql.DB
	read  *sql.DB
	now   func() time.Time
	rules Rules
	wares wares
	// clash says whether an error means that two transactions were in each other's
	// way, and this one should begin again.
	clash func(error) bool
}

// Open opens the store at a place, makes it when it is absent, and brings its
// tables up to date. The place is a file for SQLite, [Memory], or a DSN of
// PostgreSQL such as postgres://user@host/database.
func Open(ctx context.Context, place string, log *slog.Logger) (*Store, error) {
	rules, err := DefaultRules()
	if err != nil {
		return nil, err
	}
	open := openSQLite
	if strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://") {
		open = openPostgres
	}
	s, err := open(ctx, place, log)
	if err != nil {
		return nil, err
	}
	s.rules = rules
	return s, nil
}

// Close waits for queries under way and closes the store.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	return err
}

// Ping says whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return fmt.Errorf("reaching the store: %w", err)
	}
	return nil
}

// queryer is what a query needs, be it inside a transaction or not.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// attempts bounds how often a write that was in another's way begins again.
const attempts = 20

// tx runs do in one write transaction, which ends with all of its changes kept
// or, when do returns an error or panics, with none. Transactions are
// serializable: on SQLite they come one after another, on PostgreSQL one that
// was in another's way begins again, so do may run more than once.
func (s *Store) tx(ctx context.Context, do func(*sql.Tx) error) error {
	for n := 1; ; n++ {
		err := s.try(ctx, do)
		if err == nil || n == attempts || !s.clash(err) || ctx.Err() != nil {
			return err
		}
	}
}

func (s *Store) try(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return fmt.Errorf("beginning a write: %w", err)
	}
	defer tx.Rollback() // does nothing after a commit
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing a write: %w", err)
	}
	return nil
}

// view runs do over the store as it is at one moment.
func (s *Store) view(ctx context.Context, do func(queryer) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return fmt.Errorf("beginning a read: %w", err)
	}
	defer tx.Rollback()
	return do(tx)
}

// rows runs a query and hands each row to scan.
func rows(ctx context.Context, q queryer, scan func(*sql.Rows) error, query string, args ...any) error {
	r, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		if err := scan(r); err != nil {
			return err
		}
	}
	return r.Err()
}

// moment reads a time that may be missing.
func moment(seconds sql.NullInt64) time.Time {
	if !seconds.Valid || seconds.Int64 == 0 {
		return time.Time{}
	}
	return time.Unix(seconds.Int64, 0).UTC()
}

// seconds writes a time that may be missing.
func seconds(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.Unix(), Valid: !t.IsZero()}
}

// since writes a time that may be missing, as 0 then.
func since(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
