package shop

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"parley/tools"
)

// shipped is an order of the demo's customer with two parcels: the first has been
// silent for twenty days, the second came yesterday.
func shipped(id string) Order {
	c := demoCustomers()[0]
	o := bought(id, Shipped, c, noon.AddDate(0, 0, -24), "510601", "511001")
	ago := func(days int) time.Time { return noon.AddDate(0, 0, -days) }
	o.Fulfilments = []Fulfilment{
		{ItemIDs: []string{"510601"}, Parcels: []Parcel{{TrackingID: "A", Mode: Express, ShippedAt: ago(22), ETA: ago(16),
			Events: []ParcelEvent{{ago(20), Departed, "Shenzhen"}}}}},
		{ItemIDs: []string{"511001"}, Parcels: []Parcel{{TrackingID: "B", Mode: Express, ShippedAt: ago(5), ETA: ago(1), DeliveredAt: ago(1),
			Events: []ParcelEvent{{ago(1), Handed, "Singapore"}}}}},
	}
	return o
}

func load(t testing.TB, s *Store, orders ...Order) {
	t.Helper()
	err := s.Load(t.Context(), true, func(b *Batch) error {
		for _, o := range orders {
			if _, err := b.Order(o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantValues(t *testing.T, result any, want map[string]string) {
	t.Helper()
	for path, w := range want {
		if got := fmt.Sprint(value(t, result, path)); got != w {
			t.Errorf("%s is %s, want %s", path, got, w)
		}
	}
}

func TestAReportIsAboutTheParcelThatIsMissing(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		load(t, s, shipped("#W10090"))
		r := registry(t, s)
		tracked, _ := call(t, r, demo, "", "track_parcel", `{"order_id":"W10090"}`)
		wantValues(t, tracked, map[string]string{
			"parcels.0.state": "lost", "parcels.0.late_days": "16", "parcels.0.item_ids": "[510601]", "parcels.0.offer.kind": "refund",
			"parcels.1.state": "delivered", "parcels.1.late_days": "0", "parcels.1.offer": "<nil>",
		})
		// The lamp that is lost cost 59.00, the backpack that came 79.00.
		lost, refusal := call(t, r, demo, "k1", "report_parcel_problem", `{"order_id":"W10090","problem":"lost"}`)
		if refusal != "" {
			t.Fatal(refusal)
		}
		wantValues(t, lost, map[string]string{"offer.kind": "refund", "offer.amount": "59", "offer.currency": "SGD", "offer.payment_method_id": "credit_card_4210042"})
		damaged, _ := call(t, r, demo, "k2", "report_parcel_problem", `{"order_id":"W10090","problem":"damaged"}`)
		wantValues(t, damaged, map[string]string{"offer.kind": "refund", "offer.amount": "79"})
	})
}

// TestAnImportThatKnowsLittle has orders as a τ²-bench store has them: no times, no
// modes, no categories.
func TestAnImportThatKnowsLittle(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		c := demoCustomers()[0]
		bare := func(id, status string) Order {
			o := bought(id, status, c, time.Time{}, "510101")
			o.Fulfilments = []Fulfilment{{ItemIDs: []string{"510101"}, Parcels: []Parcel{{TrackingID: "1" + id[1:]}}}}
			return o
		}
		modified := bought("#W10093", ItemsModified, c, time.Time{}, "510101")
		load(t, s, bare("#W10091", Shipped), bare("#W10092", Delivered), modified)
		r := registry(t, s)
		moving, _ := call(t, r, demo, "", "track_parcel", `{"order_id":"W10091"}`)
		wantValues(t, moving, map[string]string{"parcels.0.state": "in_transit", "parcels.0.mode": "express", "parcels.0.late_days": "0", "parcels.0.eta": "<nil>"})
		came, _ := call(t, r, demo, "", "track_parcel", `{"order_id":"W10092"}`)
		wantValues(t, came, map[string]string{"parcels.0.state": "delivered", "parcels.0.offer": "<nil>"})
		back, _ := call(t, r, demo, "", "return_options", `{"order_id":"W10092"}`)
		wantValues(t, back, map[string]string{"orders.0.returnable": "true", "orders.0.items.0.until": "<nil>", "orders.0.delivered_at": "<nil>"})
		if _, refusal := call(t, r, demo, "k", "report_parcel_problem", `{"order_id":"W10093","problem":"lost"}`); refusal == "" {
			t.Error("a report about an order that was never sent is taken")
		}
		for _, problem := range []string{"lost", "late", "damaged", "wrong_item"} {
			if got, refusal := call(t, r, demo, "p"+problem, "report_parcel_problem", `{"order_id":"W10091","problem":"`+problem+`"}`); refusal != "" {
				t.Errorf("%s: %v %s", problem, got, refusal)
			}
		}
	})
}

func TestTheLastDayOfAWindowIsWhole(t *testing.T) {
	s := demoStore(t)
	r := registry(t, s)
	// The headphones of W10003 came on 21 November, 15:45, and have 14 days.
	zone := demoCustomers()[0].zone()
	for _, c := range []struct {
		now  time.Time
		want string
	}{
		{time.Date(2026, 12, 5, 23, 59, 0, 0, zone), "true"},
		{time.Date(2026, 12, 6, 0, 1, 0, 0, zone), "false"},
	} {
		s.now = func() time.Time { return c.now }
		got, _ := call(t, r, demo, "", "return_options", `{"order_id":"W10003"}`)
		wantValues(t, got, map[string]string{"orders.0.items.0.returnable": c.want, "orders.0.items.1.returnable": "true"})
		if c.want == "false" {
			wantValues(t, got, map[string]string{"orders.0.items.0.reason": "window_over"})
		}
	}
}

func TestADryReportLeavesNoTrace(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		raw, err := r.Run(tools.DryRun(t.Context()), tools.Call{
			Name: "report_parcel_problem", Arguments: json.RawMessage(`{"order_id":"W10003","problem":"damaged"}`), Caller: demo, Key: "dry"})
		if err != nil {
			t.Fatal(err)
		}
		var tried map[string]any
		if err := json.Unmarshal(raw.JSON, &tried); err != nil {
			t.Fatal(err)
		}
		wantValues(t, tried, map[string]string{"status": "reported", "order_id": "#W10003"})
		var cases, writes int
		if err := s.read.QueryRowContext(t.Context(), `SELECT (SELECT COUNT(*) FROM parcel_problems), (SELECT COUNT(*) FROM writes)`).Scan(&cases, &writes); err != nil {
			t.Fatal(err)
		}
		if cases != 0 || writes != 0 {
			t.Errorf("a dry run left %d cases and %d answers", cases, writes)
		}
	})
}

func TestStockThatIsNotCountedIsNotNone(t *testing.T) {
	s := demoStore(t)
	err := s.Load(t.Context(), true, func(b *Batch) error {
		return b.Product(Product{ID: "5999", Name: "Zither", Variants: []Variant{{ID: "599901", Price: sgd(100), Available: true}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := call(t, registry(t, s), demo, "", "check_stock", `{"product":"zither"}`)
	wantValues(t, got, map[string]string{"matches.0.available": "true", "matches.0.stock": "<nil>"})
}

func TestReportsAtTheSameTimeAreOneCase(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		const callers = 8
		cases := make(chan string, callers)
		for i := range callers {
			go func() {
				raw, err := r.Run(t.Context(), tools.Call{Name: "report_parcel_problem", Caller: demo, Key: fmt.Sprint("at once ", i),
					Arguments: json.RawMessage(`{"order_id":"W10003","problem":"damaged"}`)})
				var v problemView
				if err == nil {
					err = json.Unmarshal(raw.JSON, &v)
				}
				if err != nil {
					v.CaseID = err.Error()
				}
				cases <- v.CaseID
			}()
		}
		first := <-cases
		for range callers - 1 {
			if id := <-cases; id != first {
				t.Errorf("case %s beside %s", id, first)
			}
		}
		var n int
		if err := s.read.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM parcel_problems`).Scan(&n); err != nil || n != 1 {
			t.Errorf("%d cases, %v", n, err)
		}
	})
}
