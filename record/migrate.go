package record

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versions is the table of the migrations that were made. The shop's are counted in
// another: both may be in one database.
const versions = "record_versions"

const (
	// retryFirst and retryMost are how long is waited between tries at the database.
	retryFirst = 100 * time.Millisecond
	retryMost  = 2 * time.Second
)

// prepare brings the tables up to date, however long the database is away. It reports
// false when ctx has ended first.
func (s *Store) prepare(ctx context.Context) bool {
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		err := s.migrate(ctx)
		if ctx.Err() != nil {
			return false
		}
		s.reached(err)
		if err == nil {
			close(s.prepared)
			return true
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false
		}
	}
}

func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker() // two programs that start at once
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, s.pulse, files, goose.WithTableName(versions), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("preparing the record in PostgreSQL: %w", err)
	}
	return nil
}
