package shop

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Memory is the path of a store that is gone when it is closed.
const Memory = ":memory:"

// readers bounds the connections that read at once. SQLite reads from the page
// cache; more than this many would wait for processors, not for disks.
const readers = 4

// busy is how long a connection waits for another's lock before it gives up,
// in milliseconds. It is shorter than a tool's timeout.
const busy = 3000

// Store is the shop's database. It is safe for use by many goroutines: writes
// go through one connection and so one after another, reads do not wait for
// them (write-ahead log).
type Store struct {
	write *sql.DB
	read  *sql.DB
	now   func() time.Time
}

// Open opens the store in the file at path, or in memory for [Memory], makes it
// when it is absent, and brings its tables up to date.
func Open(ctx context.Context, path string, log *slog.Logger) (*Store, error) {
	s := &Store{now: time.Now}
	var err error
	if s.write, err = open(path, 1); err != nil {
		return nil, err
	}
	s.read = s.write // a database in memory belongs to its one connection
	if err := migrate(ctx, s.write, log); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the store %s: %w", path, err), s.Close())
	}
	if path != Memory {
		if s.read, err = open(path, readers); err != nil {
			s.read = s.write
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func open(path string, connections int) (*sql.DB, error) {
	options := url.Values{}
	for _, pragma := range []string{
		fmt.Sprintf("busy_timeout(%d)", busy), "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
	} {
		options.Add("_pragma", pragma)
	}
	options.Set("_txlock", "immediate") // a write transaction takes its lock first, so two cannot deadlock
	source := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options.Encode()}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func migrate(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return err
	}
	for _, m := range done {
		log.DebugContext(ctx, "store migrated", "version", m.Source.Version, "took", m.Duration)
	}
	return nil
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

// tx runs do in one write transaction, which ends with all of its changes kept
// or, when do returns an error or panics, with none.
func (s *Store) tx(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
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
	if !seconds.Valid {
		return time.Time{}
	}
	return time.Unix(seconds.Int64, 0).UTC()
}

// seconds writes a time that may be missing.
func seconds(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.Unix(), Valid: !t.IsZero()}
}
