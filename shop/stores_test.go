package shop

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/internal/pgtest"
)

// server is the PostgreSQL of these tests, started by the first that asks.
var server struct {
	sync.Mutex
	running *pgtest.Server
	err     error
}

type stoppingMain struct{ *testing.M }

func (m stoppingMain) Run() int {
	code := m.M.Run()
	if server.running != nil {
		if err := server.running.Stop(); err != nil {
			println(err.Error())
			return 1
		}
	}
	return code
}

func TestMain(m *testing.M) {
	if job, ok := os.LookupEnv(crashJob); ok { // this is a child of a test
		os.Exit(crashChild(job))
	}
	goleak.VerifyTestMain(stoppingMain{m})
}

// postgres is the DSN of an empty database. Where there is no PostgreSQL the test is
// skipped, or fails under PARLEY_TEST_ALL=1.
func postgres(t testing.TB) string {
	t.Helper()
	server.Lock()
	defer server.Unlock()
	if server.running == nil && server.err == nil {
		server.running, server.err = pgtest.Start()
	}
	if errors.Is(server.err, pgtest.ErrMissing) && os.Getenv("PARLEY_TEST_ALL") != "1" {
		t.Skip(server.err)
	}
	if server.err != nil {
		t.Fatal(server.err)
	}
	return server.running.Database(t)
}

// places are where a store can be, by name.
var places = map[string]func(testing.TB) string{
	"memory":   func(testing.TB) string { return Memory },
	"sqlite":   func(t testing.TB) string { return filepath.Join(t.TempDir(), "a shop?.db") },
	"postgres": postgres,
}

// openStore opens a store whose clock stands at noon.
func openStore(t testing.TB, place string) *Store {
	t.Helper()
	s, err := Open(t.Context(), place, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.now = func() time.Time { return noon }
	return s
}

// everywhere runs a test over the demo shop in each kind of store.
func everywhere(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	for name, place := range places {
		t.Run(name, func(t *testing.T) { test(t, demoStoreAt(t, place(t))) })
	}
}
