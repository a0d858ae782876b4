package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/agent"
	"parley/internal/pgtest"
	"parley/llm"
	"parley/room"
	"parley/tools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// database starts a PostgreSQL for one test and gives its DSN.
func database(t *testing.T) (*pgtest.Server, string) {
	t.Helper()
	server, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrMissing) && os.Getenv("PARLEY_TEST_ALL") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server, server.Database(t)
}

// lease is that of these tests.
const lease = 1200 * time.Millisecond

// node is one server with its store.
type node struct {
	*Store
	t     *testing.T
	stop  func()
	taken chan Taken
}

// newNode runs a store, which watches when it has room for others' conversations.
func newNode(t *testing.T, dsn string, places int) *node {
	t.Helper()
	s, err := Open(Options{DSN: dsn, Keep: time.Hour, Lease: lease})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{Store: s, t: t, taken: make(chan Taken, 100)}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	running.Go(func() { s.Watch(ctx, func() int { return places }, func(k Taken) { n.taken <- k }) })
	n.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(n.stop)
	select {
	case <-s.prepared:
	case <-time.After(20 * time.Second):
		t.Fatal("the tables are not there")
	}
	return n
}

// die makes others believe that the server is dead, although it goes on.
func (n *node) die() {
	n.t.Helper()
	if err := n.pulse.Close(); err != nil {
		n.t.Fatal(err)
	}
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for began := time.Now(); !is(); {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%s did not come", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func (n *node) next(what string) Taken {
	n.t.Helper()
	select {
	case k := <-n.taken:
		return k
	case <-time.After(20 * time.Second):
		n.t.Fatalf("%s was not taken up", what)
		return Taken{}
	}
}

// written waits until all that was told is in the database.
func (n *node) written() {
	n.t.Helper()
	until(n.t, "the writing of all", func() bool { return n.unwritten() == 0 && n.Stats().Reachable })
}

func story(id, text string) agent.Story {
	return agent.Story{
		ID: id, Language: "en", Caller: tools.Caller{CustomerID: "maya", Verified: true}, Turns: 3, Serials: 5,
		Messages: []llm.Message{{Role: llm.User, Text: text}}, Pending: &agent.Question{Name: "pay", Arguments: "{}", Text: "Shall I?"},
	}
}

var aisle = Place{Room: "aisle", Shopper: "ann", Agent: "agent-1", Customer: "maya", Errand: `{"a":1}`}

func TestADeadServersConversationIsTakenUp(t *testing.T) {
	_, dsn := database(t)
	a, b := newNode(t, dsn, 0), newNode(t, dsn, 4)
	e := a.New("c1", aisle)
	direct := a.New("c2", Place{}) // which nobody can take up
	direct.Keep(story("c2", "hello"))
	e.Keep(story("c1", "where is \x00 it?"))
	for _, w := range []agent.Write{{Key: "k1", Name: "pay", Arguments: "{}", Serial: 4}, {Key: "k2", Name: "pay", Arguments: `{"a":1}`, Serial: 5}} {
		if err := e.Begin(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	e.Finish(agent.Write{Key: "k1", Name: "pay", Arguments: "{}", Serial: 4, Done: true, OK: true, Result: `"paid"`, Caller: &tools.Caller{CustomerID: "maya"}})
	a.written()
	a.die()
	died := time.Now()
	k := b.next("the conversation")
	t.Logf("taken up %v after the last sign of life", time.Since(died).Round(time.Millisecond))
	s := k.Story
	if k.Place != aisle || s.ID != "c1" || s.Turns != 3 || s.Serials != 5 || s.Messages[0].Text != "where is \x00 it?" || s.Pending == nil || s.Pending.Text != "Shall I?" {
		t.Errorf("taken up %+v: %+v", k.Place, s)
	}
	if len(s.Writes) != 2 || !s.Writes[0].Done || s.Writes[0].Result != `"paid"` || s.Writes[0].Caller.CustomerID != "maya" || s.Writes[1].Done || s.Writes[1].Key != "k2" {
		t.Errorf("writes %+v", s.Writes)
	}

	// The first server still lives. It can neither write nor begin a write, and is told.
	if err := e.Begin(t.Context(), agent.Write{Key: "k3", Name: "pay", Arguments: "[]"}); !errors.Is(err, agent.ErrTakenUp) {
		t.Errorf("a server that was shut out may begin a write: %v", err)
	}
	e.Keep(story("c1", "an older story"))
	select {
	case <-e.Lost():
	case <-time.After(10 * time.Second):
		t.Fatal("it was not told that the conversation is another's")
	}
	// What came of a write that it had begun is the truth all the same.
	e.Finish(agent.Write{Key: "k2", Done: true, OK: true, Result: `"paid, too"`})
	k.Entry.Keep(story("c1", "and now?"))
	until(t, "the result", func() bool {
		all, err := writesOf(t.Context(), b.db, "c1")
		return err == nil && len(all) == 2 && all[1].Result == `"paid, too"`
	})
	b.written()
	if text := read(t, b, `SELECT story FROM record_conversations WHERE id = 'c1'`); !strings.Contains(text, "and now?") {
		t.Errorf("recorded %s", text)
	}
	select {
	case k := <-b.taken:
		t.Errorf("%s was taken up as well", k.Story.ID)
	default:
	}
	if got := b.Stats(); got.TakenUp != 1 || a.Stats().Lost != 1 {
		t.Errorf("%+v, %+v", got, a.Stats())
	}
}

// read is one text from the database.
func read(t *testing.T, n *node, query string, args ...any) (text string) {
	t.Helper()
	if err := n.db.QueryRowContext(t.Context(), query, args...).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestEachConversationIsTakenUpByOneServer(t *testing.T) {
	_, dsn := database(t)
	a, b, c := newNode(t, dsn, 0), newNode(t, dsn, 2), newNode(t, dsn, 2)
	const n = 30
	for i := range n {
		id := fmt.Sprint("c", i)
		a.New(id, Place{Room: id}).Keep(story(id, "hello"))
	}
	a.written()
	a.die()
	seen := make(map[string]int)
	for range n {
		select {
		case k := <-b.taken:
			seen[k.Story.ID]++
		case k := <-c.taken:
			seen[k.Story.ID]++
		case <-time.After(20 * time.Second):
			t.Fatalf("only %d were taken up", len(seen))
		}
	}
	if len(seen) != n || len(b.taken)+len(c.taken) > 0 {
		t.Errorf("taken up: %v", seen)
	}
}

func TestConversationsGoOnWithoutTheDatabase(t *testing.T) {
	server, dsn := database(t)
	if err := Probe(t.Context(), dsn); err != nil {
		t.Error(err)
	}
	a, b := newNode(t, dsn, 0), newNode(t, dsn, 4)
	e := a.New("c1", aisle)
	e.Keep(story("c1", "before"))
	a.written()
	until(t, "certainty", b.sure)
	if err := server.Halt(); err != nil {
		t.Fatal(err)
	}
	if err := Probe(t.Context(), dsn); err == nil {
		t.Error("a database that is gone answers")
	}
	slowest := time.Duration(0)
	for i := range 5000 {
		began := time.Now()
		e.Keep(story("c1", fmt.Sprint("meanwhile ", i)))
		slowest = max(slowest, time.Since(began))
	}
	t.Logf("the slowest of 5000 stories was taken in %v", slowest)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := e.Begin(ctx, agent.Write{Key: "k", Name: "pay"}); err == nil || errors.Is(err, agent.ErrTakenUp) {
		t.Errorf("a write may begin: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a write waited %v", took)
	}
	until(t, "the loss", func() bool { return !a.Stats().Reachable && !b.sure() })
	if got := a.Stats(); got.Waiting != 1 || got.Failures == 0 || got.Lag <= 0 {
		t.Errorf("%+v", got)
	}
	if err := server.Continue(); err != nil {
		t.Fatal(err)
	}
	a.written()
	if text := read(t, a, `SELECT story FROM record_conversations WHERE id = 'c1'`); !strings.Contains(text, "meanwhile 4999") {
		t.Errorf("recorded %s", text)
	}
	if err := e.Begin(t.Context(), agent.Write{Key: "k", Name: "pay"}); err != nil {
		t.Error(err)
	}
	// The silence was the database's. Nobody is taken for dead for that.
	until(t, "certainty again", b.sure)
	if len(b.taken) > 0 || a.Stats().Lost > 0 {
		t.Error("a conversation was taken from a server that lives")
	}
	t.Logf("%+v", a.Stats())
}

func TestEnteringARoom(t *testing.T) {
	_, dsn := database(t)
	a, b := newNode(t, dsn, 0), newNode(t, dsn, 0)
	enter := func(n *node, p Place) (*Entry, *agent.Story) {
		t.Helper()
		k, err := n.Enter(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if k == nil {
			return n.New("new-"+rand.Text(), p), nil
		}
		return k.Entry, k.Story
	}
	e, s := enter(a, aisle)
	if s != nil {
		t.Errorf("there was %+v", s)
	}
	e.Keep(story("new", "hello"))
	a.written()
	if _, err := b.Enter(t.Context(), aisle); !errors.Is(err, ErrHeld) {
		t.Errorf("a room that has its agent: %v", err)
	}
	until(t, "certainty", b.sure)
	a.die()
	moved := aisle
	moved.Agent = "agent-2"
	if e, s = enter(b, moved); s == nil || s.Messages[0].Text != "hello" {
		t.Fatalf("entered with %+v", s)
	}
	e.Keep(*s)
	b.written()
	if agent := read(t, b, `SELECT agent FROM record_conversations`); agent != "agent-2" {
		t.Errorf("the agent is %s", agent)
	}

	c := newNode(t, dsn, 0)
	until(t, "certainty", c.sure)
	b.die()
	other := aisle
	other.Customer = "bob"
	if e, s = enter(c, other); s != nil {
		t.Errorf("another customer was given %+v", s)
	}
	e.Keep(story("new2", "hello"))
	e.End(errors.New("all was said"))
	c.written()
	if e, s = enter(c, aisle); s != nil {
		t.Errorf("what had ended was given: %+v", s)
	}
	e.Keep(story("new3", "hello"))
	c.written()
}

func TestAServerThatStopsLeavesItsRoomsToOthers(t *testing.T) {
	_, dsn := database(t)
	a, b := newNode(t, dsn, 0), newNode(t, dsn, 4)
	e, over, broken := a.New("c1", aisle), a.New("c2", Place{Room: "other"}), a.New("c3", Place{Room: "third"})
	for _, e := range []*Entry{e, over, broken} {
		e.Keep(story(e.id, "hello"))
	}
	a.written()
	if _, err := a.db.ExecContext(t.Context(), `UPDATE record_conversations SET story = '{' WHERE id = 'c3'`); err != nil {
		t.Fatal(err)
	}
	until(t, "certainty", b.sure)
	e.Keep(story("c1", "one more thing"))
	e.End(fmt.Errorf("ending: %w", room.ErrShutdown))
	over.End(errors.New("all was said"))
	began := time.Now()
	a.stop()
	k := b.next("the conversation")
	t.Logf("taken up %v after the stop began", time.Since(began).Round(time.Millisecond))
	if k.Story.ID != "c1" || k.Story.Messages[0].Text != "one more thing" {
		t.Errorf("taken up %+v", k.Story)
	}
	until(t, "the end of what cannot be read", func() bool {
		return read(t, b, `SELECT count(*)::text FROM record_conversations WHERE ended IS NULL`) == "1"
	})
	if len(b.taken) > 0 {
		t.Error("more was taken up")
	}
}

func TestALaterConversationInARoomSupersedes(t *testing.T) {
	_, dsn := database(t)
	a, b := newNode(t, dsn, 0), newNode(t, dsn, 0)
	e, later := a.New("c1", aisle), b.New("c2", aisle)
	e.Keep(story("c1", "hello"))
	a.written()
	later.Keep(story("c2", "hello"))
	b.written()
	e.Keep(story("c1", "still here"))
	select {
	case <-e.Lost():
	case <-time.After(10 * time.Second):
		t.Error("the earlier one goes on")
	}
}

func TestWhatHasEndedIsDeleted(t *testing.T) {
	_, dsn := database(t)
	a, b := newNode(t, dsn, 0), newNode(t, dsn, 0)
	e, f := a.New("c1", aisle), a.New("c2", Place{})
	e.Keep(story("c1", "hello"))
	f.Keep(story("c2", "hello"))
	if err := e.Begin(t.Context(), agent.Write{Key: "k", Name: "pay"}); err != nil {
		t.Fatal(err)
	}
	e.End(errors.New("all was said"))
	a.written()
	count := func() string { return read(t, b, `SELECT count(*)::text FROM record_conversations`) }
	sweep := func() {
		t.Helper()
		if err := b.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	if n := count(); n != "2" {
		t.Errorf("%s are kept", n)
	}
	if _, err := b.db.ExecContext(t.Context(), `UPDATE record_conversations SET ended = ended - interval '2 hours'`); err != nil {
		t.Fatal(err)
	}
	sweep()
	if n := count(); n != "1" {
		t.Errorf("%s are kept", n)
	}
	// A conversation whose server has long been dead is over.
	a.die()
	if _, err := b.db.ExecContext(t.Context(), `UPDATE record_nodes SET seen = seen - interval '30 minutes' WHERE id = $1`, a.node); err != nil {
		t.Fatal(err)
	}
	sweep()
	if cause := read(t, b, `SELECT cause FROM record_conversations WHERE ended IS NOT NULL`); cause != "its server is gone" {
		t.Errorf("it ended with %q", cause)
	}
	if n := read(t, b, `SELECT count(*)::text FROM record_writes`); n != "0" {
		t.Errorf("%s writes are left", n)
	}
}

func TestWithoutADatabaseNothingWaitsForLong(t *testing.T) {
	s, err := Open(Options{DSN: "postgres://nobody@/nothing?host=" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	until(t, "the first failure", func() bool { return !s.Stats().Reachable })
	for i := range maxWaiting + 10 {
		if k, err := s.Enter(ctx, Place{Room: "r"}); k != nil || err != nil {
			t.Fatal(k, err)
		}
		e := s.New(fmt.Sprint(i), Place{Room: "r"})
		e.Keep(story("c", "hello"))
		e.End(nil)
	}
	if got := s.Stats(); got.Waiting != maxWaiting || got.Dropped != 10 {
		t.Errorf("%+v", got)
	}
	began := time.Now()
	cancel()
	<-ended
	if took := time.Since(began); took > flushTime+2*time.Second {
		t.Errorf("it ended after %v", took)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestAnErrorDoesNotTellThePassword(t *testing.T) {
	if _, err := Open(Options{DSN: "postgres://u:hunter2@[::1/x"}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}
