package shop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// postgresConnections bounds the connections to PostgreSQL. A tool holds one for
// a millisecond; a server has about a hundred to give to all.
const postgresConnections = 16

// The SQLSTATE codes after which a transaction should begin again.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

func openPostgres(ctx context.Context, dsn string, log *slog.Logger) (*Store, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, errors.New("opening the store: the DSN of PostgreSQL cannot be read; it looks like postgres://user:password@host:5432/database")
	}
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	s := &Store{write: db, read: db, now: time.Now, clash: clashed}
	locker, err := lock.NewPostgresSessionLocker() // two programs that start at once
	if err == nil {
		err = migrate(ctx, db, log, goose.DialectPostgres, goose.WithSessionLocker(locker))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the store in PostgreSQL: %w", err), s.Close())
	}
	return s, nil
}

func clashed(err error) bool {
	said, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (said.Code == serializationFailure || said.Code == deadlockDetected)
}
