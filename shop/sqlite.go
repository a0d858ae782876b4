package shop

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// readers bounds the connections that read at once. SQLite reads from the page
// cache; more than this many would wait for processors, not for disks.
const readers = 4

// busy is how long a connection waits for another's lock before it gives up,
// in milliseconds. It is shorter than a tool's timeout.
const busy = 3000

// openSQLite opens a store in a file. Writes go through one connection and so
// one after another, reads do not wait for them (write-ahead log).
func openSQLite(ctx context.Context, path string, log *slog.Logger) (*Store, error) {
	s := &Store{now: time.Now, clash: func(error) bool { return false }}
	var err error
	if s.write, err = sqliteFile(path, 1); err != nil {
		return nil, err
	}
	s.read = s.write // a database in memory belongs to its one connection
	if err := migrate(ctx, s.write, log, goose.DialectSQLite3); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the store %s: %w", path, err), s.Close())
	}
	if path != Memory {
		if s.read, err = sqliteFile(path, readers); err != nil {
			s.read = s.write
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func sqliteFile(path string, connections int) (*sql.DB, error) {
	connector, err := sqliteConnector(path)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func sqliteConnector(path string) (driver.Connector, error) {
	options := url.Values{}
	for _, pragma := range []string{
		fmt.Sprintf("busy_timeout(%d)", busy), "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
	} {
		options.Add("_pragma", pragma)
	}
	options.Set("_txlock", "immediate") // a write transaction takes its lock first, so two cannot deadlock
	source := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options.Encode()}
	connector, err := sqlite.NewConnector(source.String())
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	return statements{connector}, nil
}
