package shop

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/tools"
)

// noon is a moment in the middle of a Singapore day.
var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

// demoStore is a freshly seeded shop in memory whose clock stands at noon.
func demoStore(t testing.TB) *Store {
	t.Helper()
	return demoStoreAt(t, Memory)
}

func demoStoreAt(t testing.TB, place string) *Store {
	t.Helper()
	s := openStore(t, place)
	if err := s.SeedDemo(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	return s
}

func registry(t testing.TB, s *Store) *tools.Registry {
	t.Helper()
	r, err := tools.NewRegistry(slog.New(slog.DiscardHandler), s.Tools()...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var (
	demo  = tools.Caller{CustomerID: DemoCustomer, Verified: true}
	other = tools.Caller{CustomerID: OtherDemoCustomer, Verified: true}
)

// call runs a tool and returns its result, or the text of its error.
func call(t testing.TB, r *tools.Registry, who tools.Caller, key, name, arguments string) (map[string]any, string) {
	t.Helper()
	raw, err := r.Run(t.Context(), tools.Call{Name: name, Arguments: json.RawMessage(arguments), Caller: who, Key: key})
	if err != nil {
		if said := new(tools.Error); !errors.As(err, &said) {
			t.Fatalf("%s(%s): %v, which no model would hear", name, arguments, err)
		}
		return nil, err.Error()
	}
	var result map[string]any
	if err := json.Unmarshal(raw.JSON, &result); err != nil {
		t.Fatal(err)
	}
	return result, ""
}

func TestDemoOrders(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		for id, status := range map[string]string{
			"W10001": Pending, "#W10002": Shipped, "w10003": Delivered, "#w10004": Cancelled,
		} {
			o, refusal := call(t, r, demo, "", "get_order_details", `{"order_id":"`+id+`"}`)
			if refusal != "" || o["status"] != status {
				t.Errorf("%s: %v %s, want %s", id, o["status"], refusal, status)
			}
			if want := "#" + strings.ToUpper(strings.TrimPrefix(id, "#")); o["order_id"] != want {
				t.Errorf("%s: order_id %v, want %s", id, o["order_id"], want)
			}
		}
		o, _ := call(t, r, demo, "", "get_order_details", `{"order_id":"W10002"}`)
		parcel := o["fulfillments"].([]any)[0].(map[string]any)
		if parcel["eta"] != "2026-11-24" {
			t.Errorf("the parcel under way is expected %v, want tomorrow in Singapore", parcel["eta"])
		}
		if events := parcel["events"].([]any); len(events) != 4 {
			t.Errorf("%d events, want 4", len(events))
		}
		for _, e := range parcel["events"].([]any) {
			if when, err := time.Parse(time.RFC3339, e.(map[string]any)["at"].(string)); err != nil || when.After(noon) {
				t.Errorf("event %v is not in the past", e)
			}
		}
	})
}

func TestOrdersOfOthersAreNotFound(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		for _, c := range []struct {
			who   tools.Caller
			order string
		}{{demo, "W20001"}, {demo, "#w20002"}, {other, "W10001"}, {demo, "W99999"}} {
			for name, args := range map[string]string{
				"get_order_details":            `{"order_id":"` + c.order + `"}`,
				"return_delivered_order_items": `{"order_id":"` + c.order + `","item_ids":["510102"]}`,
			} {
				if _, refusal := call(t, r, c.who, "k", name, args); refusal != "Order not found" {
					t.Errorf("%s asks %s for %s: %q, want Order not found", c.who.CustomerID, name, c.order, refusal)
				}
			}
		}
		list, _ := call(t, r, other, "", "list_my_orders", `{}`)
		for _, o := range list["orders"].([]any) {
			if id := o.(map[string]any)["order_id"].(string); !strings.HasPrefix(id, "#W2") {
				t.Errorf("the other customer's list has %s", id)
			}
		}
		if n := len(list["orders"].([]any)); n != 4 {
			t.Errorf("the other customer has %d orders, want 4", n)
		}
	})
}

func TestListIsNewestFirst(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		list, _ := call(t, r, demo, "", "list_my_orders", ``)
		var ids []string
		for _, o := range list["orders"].([]any) {
			ids = append(ids, o.(map[string]any)["order_id"].(string))
		}
		if got := strings.Join(ids, " "); got != "#W10001 #W10002 #W10003 #W10004" {
			t.Errorf("orders %s", got)
		}
	})
}

func TestReturnRules(t *testing.T) {
	for _, c := range []struct{ name, arguments, refusal string }{
		{"unknown order", `{"order_id":"W55555","item_ids":["510101"]}`, "Order not found"},
		{"pending", `{"order_id":"W10001","item_ids":["510701"]}`, "Non-delivered order cannot be returned"},
		{"on its way", `{"order_id":"W10002","item_ids":["510402"]}`, "Non-delivered order cannot be returned"},
		{"cancelled", `{"order_id":"W10004","item_ids":["510501"]}`, "Non-delivered order cannot be returned"},
		{"not in the order", `{"order_id":"W10003","item_ids":["510701"]}`, "Some item not found"},
		{"twice what was bought", `{"order_id":"W10003","item_ids":["510101","510101"]}`, "Some item not found"},
		{"unknown method", `{"order_id":"W10003","item_ids":["510101"],"payment_method_id":"paypal_1"}`, "Payment method not found"},
		{"someone else's method", `{"order_id":"W10003","item_ids":["510101"],"payment_method_id":"paypal_9300093"}`, "Payment method not found"},
		{"one item", `{"order_id":"W10003","item_ids":["510101"]}`, ""},
		{"both, to a gift card", `{"order_id":"#w10003","item_ids":["510201","510101"],"payment_method_id":"gift_card_7700077"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := registry(t, demoStore(t))
			o, refusal := call(t, r, demo, "key", "return_delivered_order_items", c.arguments)
			if refusal != c.refusal {
				t.Fatalf("refused with %q, want %q", refusal, c.refusal)
			}
			if refusal != "" {
				return
			}
			var args returnArgs
			if err := json.Unmarshal([]byte(c.arguments), &args); err != nil {
				t.Fatal(err)
			}
			want := args.PaymentMethodID
			if want == "" {
				want = "credit_card_4210042"
			}
			after, _ := call(t, r, demo, "", "get_order_details", `{"order_id":"W10003"}`)
			for _, o := range []map[string]any{o, after} {
				items := o["return_items"].([]any)
				if o["status"] != ReturnRequested || len(items) != len(args.ItemIDs) || items[0] != "510101" || o["return_payment_method_id"] != want {
					t.Errorf("after the return: %v %v %v", o["status"], items, o["return_payment_method_id"])
				}
			}
		})
	}
}

func TestAnotherMethodOfTheSameCustomerIsRefused(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		if _, err := s.write.Exec(`INSERT INTO payment_methods (customer_id, id, position, source) VALUES ('demo', 'paypal_1', 9, 'paypal')`); err != nil {
			t.Fatal(err)
		}
		_, refusal := call(t, registry(t, s), demo, "key", "return_delivered_order_items",
			`{"order_id":"W10003","item_ids":["510101"],"payment_method_id":"paypal_1"}`)
		if refusal != "Payment method should be the original payment method" {
			t.Errorf("refused with %q", refusal)
		}
	})
}

func TestReturnHappensOncePerKey(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		const args = `{"order_id":"W10003","item_ids":["510101"]}`
		answers := make([]string, 8)
		var wait sync.WaitGroup
		for i := range answers {
			wait.Go(func() {
				raw, err := r.Run(t.Context(), tools.Call{Name: "return_delivered_order_items", Arguments: json.RawMessage(args), Caller: demo, Key: "one"})
				if err != nil {
					t.Error(err)
				}
				answers[i] = string(raw.JSON)
			})
		}
		wait.Wait()
		for _, a := range answers {
			if a != answers[0] || !strings.Contains(a, ReturnRequested) {
				t.Errorf("answers differ: %.80s and %.80s", a, answers[0])
			}
		}
		if _, refusal := call(t, r, demo, "two", "return_delivered_order_items", args); refusal != "Non-delivered order cannot be returned" {
			t.Errorf("a second return with another key: %q", refusal)
		}
		if _, err := r.Run(t.Context(), tools.Call{Name: "return_delivered_order_items", Arguments: json.RawMessage(args), Caller: other, Key: "one"}); err == nil {
			t.Error("another customer got the answer kept under the key")
		}
	})
}

func TestRefusedReturnLeavesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		call(t, r, demo, "key", "return_delivered_order_items", `{"order_id":"W10003","item_ids":["1"]}`)
		if _, refusal := call(t, r, demo, "key", "return_delivered_order_items", `{"order_id":"W10003","item_ids":["510101"]}`); refusal != "" {
			t.Errorf("after a refusal the same key may do better: %s", refusal)
		}
	})
}

func TestWriteOutlivesItsCaller(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		args := json.RawMessage(`{"order_id":"W10003","item_ids":["510101"]}`)
		if _, err := r.Run(ctx, tools.Call{Name: "return_delivered_order_items", Arguments: args, Caller: demo, Key: "k"}); err != nil {
			t.Errorf("a write ended with its caller: %v", err)
		}
		if _, err := r.Run(ctx, tools.Call{Name: "list_my_orders", Caller: demo}); !errors.Is(err, context.Canceled) {
			t.Errorf("a read went on without its caller: %v", err)
		}
	})
}

func TestSeedAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		call(t, r, demo, "k", "return_delivered_order_items", `{"order_id":"W10003","item_ids":["510101"]}`)
		status := func() any {
			o, _ := call(t, r, demo, "", "get_order_details", `{"order_id":"W10003"}`)
			return o["status"]
		}
		if err := s.SeedDemo(t.Context(), noon.Add(5*time.Hour)); err != nil || status() != ReturnRequested {
			t.Errorf("the same day: %v, status %v", err, status())
		}
		if err := s.SeedDemo(t.Context(), noon.AddDate(0, 1, 0)); err != nil || status() != Delivered {
			t.Errorf("a month later: %v, status %v", err, status())
		}
		o, _ := call(t, r, demo, "", "get_order_details", `{"order_id":"W10002"}`)
		if eta := o["fulfillments"].([]any)[0].(map[string]any)["eta"]; eta != "2026-12-24" {
			t.Errorf("a month later the parcel is expected %v", eta)
		}
	})
}

func TestSearchProducts(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		for query, want := range map[string]string{
			"headphones": "Headphones", "a black headset": "Headphones", "kettles": "Electric Kettle", "rain jacket": "Rain Jacket",
			"coat": "Rain Jacket", "shoes": "Running Shoes", "zebra": "",
		} {
			result, _ := call(t, r, tools.Caller{}, "", "search_products", `{"query":"`+query+`"}`)
			var first string
			if list := result["products"].([]any); len(list) > 0 {
				first = list[0].(map[string]any)["name"].(string)
			}
			if first != want {
				t.Errorf("%q finds %q first, want %q", query, first, want)
			}
		}
		all, _ := call(t, r, tools.Caller{}, "", "search_products", `{"query":"","limit":20}`)
		if n := len(all["products"].([]any)); n != 12 {
			t.Errorf("the demo shop has %d products, want 12", n)
		}
		if _, refusal := call(t, r, tools.Caller{CustomerID: DemoCustomer}, "", "list_my_orders", `{}`); !strings.Contains(refusal, "who is calling") {
			t.Errorf("an unverified caller's list: %q", refusal)
		}
	})
}

func TestMoney(t *testing.T) {
	for m, want := range map[Money]string{
		{12990, "SGD"}: "129.9", {4, "SGD"}: "0.04", {-1950, "USD"}: "-19.5", {150000, "VND"}: "150000", {0, "SGD"}: "0", {12900, ""}: "129",
	} {
		if got := m.Number().String(); got != want {
			t.Errorf("%+v is %s, want %s", m, got, want)
		}
	}
}
