package shop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/tools"
)

// runs does a call and gives the answer, or the text of the refusal after "refused: ".
func runs(ctx context.Context, t *testing.T, r *tools.Registry, c tools.Call) string {
	t.Helper()
	result, err := r.Run(ctx, c)
	if refusal := new(tools.Error); errors.As(err, &refusal) {
		return "refused: " + refusal.Message
	}
	if err != nil {
		t.Errorf("%s: %v, which no model would hear", c.Key, err)
	}
	return string(result.JSON)
}

// TestTheSameWriteUnderOtherKeys has one conversation ask for the same thing again and
// again, each time as a new wish, at once and one after another. What the store knows
// of the order stops all but one.
func TestTheSameWriteUnderOtherKeys(t *testing.T) {
	const wishes = 6
	for _, c := range []struct{ name, arguments, refusal, left string }{
		{"return_delivered_order_items", `{"order_id":"W10003","item_ids":["510101"],"payment_method_id":"gift_card_7700077"}`,
			"Non-delivered order cannot be returned", `SELECT COUNT(*) FROM return_items WHERE order_id = '#W10003'`},
		{"exchange_delivered_order_items", `{"order_id":"W10003","item_ids":["510101"],"new_item_ids":["510102"],"payment_method_id":"credit_card_4210042"}`,
			"Non-delivered order cannot be exchanged", `SELECT COUNT(*) FROM exchange_items WHERE order_id = '#W10003'`},
		{"cancel_pending_order", `{"order_id":"W10001","reason":"ordered by mistake"}`,
			"Non-pending order cannot be cancelled", `SELECT COUNT(*) FROM payments WHERE order_id = '#W10001' AND kind = 'refund'`},
		{"modify_pending_order_items", `{"order_id":"W10001","item_ids":["510902"],"new_item_ids":["510901"],"payment_method_id":"credit_card_4210042"}`,
			"Non-pending order cannot be modified", `SELECT COUNT(*) - 1 FROM payments WHERE order_id = '#W10001'`},
	} {
		t.Run(c.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, s *Store) {
				r := registry(t, s)
				ask := func(i int) string {
					return runs(t.Context(), t, r, tools.Call{Name: c.name, Arguments: json.RawMessage(c.arguments), Caller: demo,
						Conversation: tools.Conversation{ID: "one", Turn: int64(i)}, Key: fmt.Sprint("wish ", i)})
				}
				answers := make([]string, wishes+1)
				var wait sync.WaitGroup
				for i := range wishes {
					wait.Go(func() { answers[i] = ask(i) })
				}
				wait.Wait()
				answers[wishes] = ask(wishes)
				refused := 0
				for _, a := range answers {
					if a == "refused: "+c.refusal {
						refused++
					}
				}
				if refused != wishes {
					t.Errorf("%d of %d were refused; the answers are %q", refused, len(answers), answers)
				}
				var left int
				if err := s.read.QueryRowContext(t.Context(), c.left).Scan(&left); err != nil || left != 1 {
					t.Errorf("it was done %d times, %v", left, err)
				}
			})
		})
	}
}

// TestAnOrderIsReturnedOrExchanged has both asked for at once: one is done.
func TestAnOrderIsReturnedOrExchanged(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		var wait sync.WaitGroup
		for i := range 6 {
			call := tools.Call{Name: "return_delivered_order_items", Arguments: json.RawMessage(`{"order_id":"W10003","item_ids":["510101"]}`), Caller: demo, Key: fmt.Sprint(i)}
			if i%2 == 0 {
				call.Name = "exchange_delivered_order_items"
				call.Arguments = json.RawMessage(`{"order_id":"W10003","item_ids":["510101"],"new_item_ids":["510102"],"payment_method_id":"credit_card_4210042"}`)
			}
			wait.Go(func() { runs(t.Context(), t, r, call) })
		}
		wait.Wait()
		var n int
		if err := s.read.QueryRowContext(t.Context(), `SELECT (SELECT COUNT(*) FROM returns) + (SELECT COUNT(*) FROM exchanges)`).Scan(&n); err != nil || n != 1 {
			t.Errorf("%d returns and exchanges of one order, %v", n, err)
		}
	})
}

// TestAWriteWhoseTimeIsOver has the time of a write run out after each of its steps,
// the last of which is that it is done and nobody knows. Tried again under its key it
// is done once.
func TestAWriteWhoseTimeIsOver(t *testing.T) {
	crashPlaces(t, func(t *testing.T, w crashWrite, place string) {
		var over func() // ends the write's time, once
		var seen []string
		at := func(ctx context.Context, step string) error {
			seen = append(seen, step)
			if over != nil {
				over()
			}
			return context.Cause(ctx)
		}
		s := steppedDemo(t, place, at)
		run := s.writeNamed(t, w.tool)
		for n := 0; ; n++ {
			id := fmt.Sprintf("#W94%03d", n)
			load(t, s, w.order(id))
			ctx, cancel := context.WithCancelCause(t.Context())
			left := n
			over = func() {
				if left--; left < 0 {
					cancel(context.DeadlineExceeded)
				}
			}
			seen = nil
			first, err := run(ctx, w.call(id))
			cancel(nil)
			over = nil
			if err == nil && left >= 0 {
				if n < 6 {
					t.Errorf("the write has %d steps: %q", n, seen)
				}
				break
			}
			if err == nil {
				t.Errorf("out of time after %q, and the answer is %v", seen, first)
			}
			stopped := slices.Clone(seen)
			var done int
			if err := s.read.QueryRowContext(t.Context(), w.rows, id).Scan(&done); err != nil {
				t.Fatal(err)
			}
			if want := stopped[len(stopped)-1] == "commit"; want != (done == 1) {
				t.Errorf("out of time after %q it is done %d times", stopped, done)
			}
			second, err := run(t.Context(), w.call(id))
			if err != nil {
				t.Fatalf("tried again after %q: %v", stopped, err)
			}
			third, err := run(t.Context(), w.call(id))
			if err != nil || fmt.Sprintf("%s", second) != fmt.Sprintf("%s", third) {
				t.Errorf("two answers: %s and %s, %v", second, third, err)
			}
			if err := s.read.QueryRowContext(t.Context(), w.rows, id).Scan(&done); err != nil || done != 1 {
				t.Errorf("out of time after %q and tried again it is done %d times, %v", stopped, done, err)
			}
		}
	})
}

// writeNamed is the code of a write, run with the context that it is given: a registry
// gives each write a time of its own.
func (s *Store) writeNamed(t *testing.T, name string) tools.Run {
	t.Helper()
	for _, f := range s.writes() {
		if f.Name == "shop."+name {
			return f.Run()
		}
	}
	t.Fatalf("there is no write %s", name)
	return nil
}

// TestARegistryEndsALongWrite has a write take longer than its tool may: the model
// hears that nothing is known, and the next try finds the store free.
func TestARegistryEndsALongWrite(t *testing.T) {
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			stuck := false
			s := steppedDemo(t, places[name](t), func(ctx context.Context, step string) error {
				if stuck && step == "before commit" {
					<-ctx.Done()
				}
				return context.Cause(ctx)
			})
			def := tools.Definition{Name: "give_back", Description: "d", Parameters: json.RawMessage(`{"type":"object"}`), Effect: tools.Write, Timeout: 50 * time.Millisecond}
			quick, err := tools.NewRegistry(slog.New(slog.DiscardHandler), tools.New(def, s.writeNamed(t, "return_delivered_order_items")))
			if err != nil {
				t.Fatal(err)
			}
			call := tools.Call{Name: "give_back", Arguments: json.RawMessage(`{"order_id":"W10003","item_ids":["510101"]}`), Caller: demo, Key: "k"}
			stuck = true
			if got := runs(t.Context(), t, quick, call); got != "refused: give_back did not answer within 50ms." {
				t.Errorf("the write that hangs: %s", got)
			}
			stuck = false
			call.Name = "return_delivered_order_items"
			answer := runs(t.Context(), t, registry(t, s), call)
			if status := value(t, decoded(t, answer), "status"); status != ReturnRequested {
				t.Errorf("after it: %s", answer)
			}
		})
	}
}
