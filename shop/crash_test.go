package shop

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"parley/tools"
)

// crashJob is the environment variable that makes of this test's program a child
// that does some writes, and may be killed in the middle of one.
const crashJob = "PARLEY_SHOP_CRASH_JOB"

// job is what a child does.
type job struct {
	Place string
	// Pause says to wait after each step for a line of input.
	Pause bool
	Calls []tools.Call
}

// said is a line of a child's output: a step, or the answer to a call.
type said struct {
	Step   string          `json:",omitempty"`
	Answer json.RawMessage `json:",omitempty"`
}

// crashChild does a job and gives the exit code.
func crashChild(text string) int {
	if err := crashing(context.Background(), text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func crashing(ctx context.Context, text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	out, in := json.NewEncoder(os.Stdout), bufio.NewReader(os.Stdin)
	at := func(_ context.Context, name string) error {
		if !j.Pause {
			return nil
		}
		if err := out.Encode(said{Step: name}); err != nil {
			return err
		}
		_, err := in.ReadString('\n')
		return err
	}
	s, err := Open(ctx, j.Place, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	s.now = func() time.Time { return noon }
	if err := stepped(s, j.Place, at); err != nil {
		return err
	}
	r, err := tools.NewRegistry(slog.New(slog.DiscardHandler), s.Tools()...)
	if err != nil {
		return err
	}
	if err := at(ctx, "start"); err != nil {
		return err
	}
	for _, c := range j.Calls {
		result, err := r.Run(ctx, c)
		if err != nil {
			return err
		}
		if err := out.Encode(said{Answer: result.JSON}); err != nil {
			return err
		}
	}
	return s.Close()
}

// child is a process that does a job.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.Writer
	lines *bufio.Scanner
}

func begin(t *testing.T, j job) *child {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: exec.CommandContext(t.Context(), self)}
	c.cmd.Env = append(os.Environ(), crashJob+"="+string(text))
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(out)
	return c
}

// next is the child's next line; false when it has ended well.
func (c *child) next() (said, bool) {
	c.t.Helper()
	if !c.lines.Scan() {
		if err := c.cmd.Wait(); err != nil {
			c.t.Fatalf("the child failed: %v", err)
		}
		return said{}, false
	}
	var line said
	if err := json.Unmarshal(c.lines.Bytes(), &line); err != nil {
		c.t.Fatalf("the child said %q: %v", c.lines.Text(), err)
	}
	return line, true
}

func (c *child) goOn() {
	c.t.Helper()
	if _, err := io.WriteString(c.in, "\n"); err != nil {
		c.t.Fatal(err)
	}
}

// kill ends the child as a power cut would: it has no time for anything.
func (c *child) kill() {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		c.t.Fatal(err)
	}
	_ = c.cmd.Wait() // it was killed
}

// killAfter lets the child pass some steps and kills it; it returns the last. False
// when the child came to its end before.
func (c *child) killAfter(steps int) (last string, killed bool) {
	c.t.Helper()
	for n := 0; ; n++ {
		line, more := c.next()
		if !more {
			return last, false
		}
		if line.Answer != nil {
			continue // in no hands but ours: it counts as not delivered
		}
		last = line.Step
		if n == steps {
			c.kill()
			return last, true
		}
		c.goOn()
	}
}

// crashWrite is a write that is killed.
type crashWrite struct {
	tool, more string // more arguments
	// order is what it is about, so bought that it can be done.
	order func(id string) Order
	// rows counts what it leaves of an order.
	rows string
}

func crashWrites() []crashWrite {
	c := demoCustomers()[0]
	delivered := func(id string) Order { return bought(id, Delivered, c, noon.AddDate(0, 0, -9), "510101", "510201") }
	return []crashWrite{
		{"return_delivered_order_items", `"item_ids":["510201","510101"]`, delivered,
			`SELECT COUNT(*) FROM returns r JOIN orders o ON o.id = r.order_id WHERE o.id = $1 AND o.status = 'return requested'
			 AND (SELECT COUNT(*) FROM return_items WHERE order_id = o.id) = 2`},
		{"report_parcel_problem", `"problem":"damaged","note":"The box is crushed."`, delivered,
			`SELECT COUNT(*) FROM parcel_problems WHERE order_id = $1`},
		{"cancel_pending_order", `"reason":"no longer needed"`, func(id string) Order {
			o := bought(id, Pending, c, noon.Add(-time.Hour), "510101")
			o.Payments[0].MethodID = c.Methods[1].ID // a gift card: the money is there at once
			return o
		}, `SELECT COUNT(*) FROM payments p JOIN orders o ON o.id = p.order_id WHERE o.id = $1 AND p.kind = 'refund' AND o.status = 'cancelled'`},
	}
}

func (w crashWrite) call(order string) tools.Call {
	return tools.Call{Name: w.tool, Caller: demo, Key: "key of " + w.tool + " " + order,
		Arguments: json.RawMessage(`{"order_id":"` + order + `",` + w.more + `}`)}
}

// prepare makes a store with n orders for the write, and closes it.
func (w crashWrite) prepare(t *testing.T, place string, n int) (ids []string) {
	t.Helper()
	s, err := Open(t.Context(), place, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SeedDemo(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	var orders []Order
	for i := range n {
		ids = append(ids, fmt.Sprintf("#W93%03d", i))
		orders = append(orders, w.order(ids[i]))
	}
	load(t, s, orders...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return ids
}

// left counts what the write has left of each order, and sees that the money and the
// kept answers fit.
func (w crashWrite) left(t *testing.T, place string, ids []string) []int {
	t.Helper()
	s := openStore(t, place)
	counts := make([]int, len(ids))
	done := 0
	for i, id := range ids {
		if err := s.read.QueryRowContext(t.Context(), w.rows, id).Scan(&counts[i]); err != nil {
			t.Fatal(err)
		}
		done += counts[i]
	}
	var answers int
	if err := s.read.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM writes WHERE result <> ''`).Scan(&answers); err != nil {
		t.Fatal(err)
	}
	if answers != done {
		t.Errorf("%d answers are kept of %d writes", answers, done)
	}
	c, err := s.Customer(t.Context(), demo.CustomerID)
	if err != nil {
		t.Fatal(err)
	}
	want := demoCustomers()[0].Methods[1].Balance.Minor
	if w.tool == "cancel_pending_order" {
		want += int64(done) * line("510101").Price.Minor
	}
	if got := c.Methods[1].Balance.Minor; got != want {
		t.Errorf("%d minor units are on the gift card after %d writes, want %d", got, done, want)
	}
	return counts
}

// again does all calls twice in a new process and gives the answers; each must have
// the same answer both times.
func again(t *testing.T, place string, calls []tools.Call) []string {
	t.Helper()
	c := begin(t, job{Place: place, Calls: slices.Concat(calls, calls)})
	var answers []string
	for {
		line, more := c.next()
		if !more {
			break
		}
		answers = append(answers, string(line.Answer))
	}
	if len(answers) != 2*len(calls) {
		t.Fatalf("%d answers to %d calls", len(answers), 2*len(calls))
	}
	for i := range calls {
		if answers[i] != answers[i+len(calls)] {
			t.Errorf("%s has two answers: %s and %s", calls[i].Key, answers[i], answers[i+len(calls)])
		}
	}
	return answers[:len(calls)]
}

func crashPlaces(t *testing.T, test func(t *testing.T, w crashWrite, place string)) {
	t.Helper()
	for _, name := range []string{"sqlite", "postgres"} {
		for _, w := range crashWrites() {
			t.Run(name+"/"+w.tool, func(t *testing.T) { test(t, w, places[name](t)) })
		}
	}
}

// TestKilledAtEachStep kills a process after each thing that a write does to the
// database, also before the first and after the last, when the answer has not been
// delivered. Then the write is there as a whole or not at all, and a new process that
// tries it again under the same key does it if need be, once.
func TestKilledAtEachStep(t *testing.T) {
	crashPlaces(t, func(t *testing.T, w crashWrite, place string) {
		const most = 30
		ids := w.prepare(t, place, most)
		var want []int
		var calls []tools.Call
		for n := range most {
			call := w.call(ids[n])
			step, killed := begin(t, job{Place: place, Pause: true, Calls: []tools.Call{call}}).killAfter(n)
			calls = append(calls, call)
			done := 0
			if step == "commit" {
				done = 1
			}
			want = append(want, done)
			if !killed {
				break
			}
		}
		if len(calls) < 7 || len(calls) == most {
			t.Fatalf("the write has %d steps", len(calls)-1)
		}
		if got := w.left(t, place, ids[:len(calls)]); !slices.Equal(got, want) {
			t.Errorf("killed after each step the writes are done %v, want %v", got, want)
		}
		for i, answer := range again(t, place, calls) {
			if order := value(t, decoded(t, answer), "order_id"); order != ids[i] {
				t.Errorf("the answer about %s is %s", ids[i], answer)
			}
			want[i] = 1
		}
		if got := w.left(t, place, ids[:len(calls)]); !slices.Equal(got, want) {
			t.Errorf("tried again the writes are done %v, want once each", got)
		}
	})
}

// TestKilledAtAnyMoment kills a process that writes as fast as it can. What it said
// was done is done, with that answer.
func TestKilledAtAnyMoment(t *testing.T) {
	crashPlaces(t, func(t *testing.T, w crashWrite, place string) {
		ids := w.prepare(t, place, 60)
		var calls []tools.Call
		for _, id := range ids {
			calls = append(calls, w.call(id))
		}
		var told []string
		for _, answers := range []int{1, 7, 20} {
			c := begin(t, job{Place: place, Calls: calls})
			told = told[:0]
			for range answers {
				line, more := c.next()
				if !more {
					t.Fatal("the child came to its end before it was killed")
				}
				told = append(told, string(line.Answer))
			}
			c.kill()
		}
		w.left(t, place, ids)
		answers := again(t, place, calls)
		for i := range told {
			if answers[i] != told[i] {
				t.Errorf("before the kill %s, and after it %s", told[i], answers[i])
			}
		}
		for i, n := range w.left(t, place, ids) {
			if n != 1 {
				t.Errorf("%s is done %d times", ids[i], n)
			}
		}
	})
}

func decoded(t *testing.T, answer string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(answer), &v); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	return v
}
