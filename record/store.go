package record

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// connections bounds those that write stories, pulses those for signs of life and
	// claims, which must not wait behind the others.
	connections, pulses = 8, 2
	// writers is how many stories are written at once.
	writers = 4
	// attempt bounds one try at the database.
	attempt = 2 * time.Second
	// beatEvery is how often a server says that it lives.
	beatEvery = 500 * time.Millisecond
	// DefaultLease is the silence after which a server is dead.
	DefaultLease = 1500 * time.Millisecond
	// Resumable is how long after its server's death a conversation can be taken up.
	Resumable = 5 * time.Minute
	// flushTime is how long the end of the program waits for what is not written yet.
	flushTime = 3 * time.Second
)

// Options make a [Store].
type Options struct {
	// DSN is where PostgreSQL is, such as postgres://user@host/database.
	DSN string
	// Keep is how long a conversation is kept after its end.
	Keep time.Duration
	// Lease is the silence after which another server is dead; DefaultLease if zero.
	Lease time.Duration
	// Log is told what happens; nothing if nil.
	Log *slog.Logger
}

// Store is the record of all conversations of this server. It is safe for use by many
// goroutines. Nothing is written, and nothing is claimed, before Run.
type Store struct {
	opts  Options
	log   *slog.Logger
	node  string // names this run of the program
	db    *sql.DB
	pulse *sql.DB

	prepared chan struct{} // closed when the tables are there
	work     chan struct{} // says that the queue is not empty

	mu      sync.Mutex
	queue   []*Entry            // what is to be written, the longest waiting first
	open    map[*Entry]struct{} // those under way
	busy    int                 // entries that are being written
	steady  time.Time           // since when this server's signs of life came in time; zero when they do not
	beaten  time.Time           // the last of them
	away    time.Time           // since when the database cannot be reached; zero when it can
	counted Stats
}

// Stats is how a store stands.
type Stats struct {
	// Waiting conversations are not written yet, the first of them for Lag.
	Waiting int
	Lag     time.Duration
	// Reachable says that the database has answered last.
	Reachable bool
	// Failures counts tries at the database that failed, Dropped what was never
	// written because too much waited, TakenUp the conversations taken up from other
	// servers and Lost those that others have taken up.
	Failures, Dropped, TakenUp, Lost uint64
}

// Open prepares a store. The database need not be there yet: conversations go on
// without it. The error says that the DSN is wrong.
func Open(o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Lease = cmp.Or(o.Lease, DefaultLease)
	db, err := openDB(o.DSN, connections)
	if err != nil {
		return nil, err
	}
	pulse, err := openDB(o.DSN, pulses)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return &Store{
		opts: o, log: o.Log, node: host + "-" + rand.Text(), db: db, pulse: pulse,
		prepared: make(chan struct{}), work: make(chan struct{}, writers), open: make(map[*Entry]struct{}),
	}, nil
}

func openDB(dsn string, most int) (*sql.DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil { // which may repeat the password
		return nil, errors.New("opening the record: the DSN of PostgreSQL cannot be read; it looks like postgres://user:password@host:5432/database")
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db, nil
}

// Probe says whether the database at a DSN answers.
func Probe(ctx context.Context, dsn string) error {
	db, err := openDB(dsn, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("reaching the record's database: %w", err)
	}
	return nil
}

// Close closes the connections, after Run has returned.
func (s *Store) Close() error {
	if err := errors.Join(s.db.Close(), s.pulse.Close()); err != nil {
		return fmt.Errorf("closing the record: %w", err)
	}
	return nil
}

// Run writes what conversations tell, and says that this server lives, until ctx ends.
// Then it writes what is left, for a few seconds at most, and returns.
func (s *Store) Run(ctx context.Context) {
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() {
		if s.prepare(life) {
			running.Go(func() { s.sweepEvery(life) })
			s.beat(life)
		}
	})
	for range writers {
		running.Go(func() { s.write(life) })
	}
	<-ctx.Done()
	late := time.NewTimer(flushTime)
	defer late.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for s.unwritten() > 0 {
		select {
		case <-look.C:
		case <-late.C:
			s.log.Warn("what is left is not recorded", "conversations", s.unwritten())
			return
		}
	}
	s.leave(life)
}

func (s *Store) unwritten() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue) + s.busy
}

// Stats is how the store stands now.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.counted
	now.Waiting, now.Reachable = len(s.queue)+s.busy, s.away.IsZero()
	for _, e := range s.queue {
		now.Lag = max(now.Lag, time.Since(e.since))
	}
	return now
}

// reached takes what came of a try at the database, and tells of changes.
func (s *Store) reached(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil && !s.away.IsZero():
		s.log.Info("the record can be written again", "after", time.Since(s.away).Round(time.Millisecond), "waiting", len(s.queue))
		s.away = time.Time{}
	case err != nil:
		s.counted.Failures++
		if s.away.IsZero() {
			s.away = time.Now()
			s.log.Warn("the record cannot be written; conversations go on, and writes wait", "err", err)
		}
	}
}
