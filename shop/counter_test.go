package shop

import (
	"fmt"
	"strings"
	"testing"

	"parley/tools"
)

// value finds a value in a tool's result by a path such as parcels.0.state.
func value(t testing.TB, result any, path string) any {
	t.Helper()
	for part := range strings.SplitSeq(path, ".") {
		switch v := result.(type) {
		case map[string]any:
			result = v[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(v) {
				t.Fatalf("there is no %s in %v", part, v)
			}
			result = v[i]
		default:
			t.Fatalf("there is no %s in %v", part, result)
		}
	}
	return result
}

func TestCounter(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		for _, c := range []struct {
			who             tools.Caller
			tool, arguments string
			want            map[string]string // by path
			refusal         string
		}{
			{who: demo, tool: "track_parcel", arguments: `{"order_id":"W10002"}`, want: map[string]string{
				"order_id": "#W10002", "parcels.0.state": "in_transit", "parcels.0.mode": "express", "parcels.0.eta": "2026-11-24", "parcels.0.last_event.code": "arrived"}},
			{who: demo, tool: "track_parcel", arguments: `{"order_id":"px 4820017"}`, want: map[string]string{"order_id": "#W10002", "parcels.0.tracking_id": "PX4820017"}},
			{who: demo, tool: "track_parcel", arguments: `{"order_id":"RB600210042CN"}`, refusal: "Order not found"},
			{who: tools.Caller{}, tool: "track_parcel", arguments: `{"order_id":"PX4820017"}`, refusal: "who is calling"},
			{who: demo, tool: "track_parcel", arguments: `{"order_id":"#w10003"}`, want: map[string]string{"parcels.0.state": "delivered", "parcels.0.late_days": "0"}},
			{who: demo, tool: "track_parcel", arguments: `{"order_id":"W10001"}`, want: map[string]string{"parcels": "[]", "status": "pending"}},
			{who: other, tool: "track_parcel", arguments: `{"order_id":"W20003"}`, want: map[string]string{"parcels.0.state": "lost", "parcels.0.offer.kind": "refund"}},
			{who: other, tool: "track_parcel", arguments: `{"order_id":"W20004"}`, want: map[string]string{"parcels.0.state": "late", "parcels.0.offer.kind": "wait"}},
			{who: demo, tool: "track_parcel", arguments: `{"order_id":"W20003"}`, refusal: "Order not found"},
			{who: tools.Caller{}, tool: "track_parcel", arguments: `{"order_id":"W10002"}`, refusal: "who is calling"},

			{who: demo, tool: "return_options", arguments: `{"order_id":"W10003"}`, want: map[string]string{
				"orders.0.returnable": "true", "orders.0.items.0.until": "2026-12-05", "orders.0.items.1.until": "2026-12-21", "orders.0.who_pays": "customer",
				"orders.0.refund_to": "[credit_card_4210042 gift_card_7700077]", "orders.0.rule": "electronics", "policy.window_days": "30"}},
			{who: demo, tool: "return_options", arguments: `{}`, want: map[string]string{"orders.0.order_id": "#W10003"}},
			{who: demo, tool: "return_options", arguments: `{"order_id":"W10001"}`, want: map[string]string{"orders.0.returnable": "false", "orders.0.reason": "not_delivered"}},
			{who: tools.Caller{}, tool: "return_options", arguments: `{"order_id":"W10003"}`, want: map[string]string{"orders": "[]", "policy.window_days": "30"}},
			{who: demo, tool: "return_options", arguments: `{"order_id":"W20001"}`, refusal: "Order not found"},

			{tool: "check_stock", arguments: `{"product":"headphones","options":{"Colour":"WHITE"}}`, want: map[string]string{
				"product_id": "5101", "matches.0.item_id": "510102", "matches.0.available": "true", "alternatives.0.item_id": "510101"}},
			{tool: "check_stock", arguments: `{"product":"5101","options":{"color":"blue"}}`, want: map[string]string{"matches.0.available": "false", "matches.0.stock": "0"}},
			{tool: "check_stock", arguments: `{"product":"510402"}`, want: map[string]string{"name": "Rain Jacket"}},
			{tool: "check_stock", arguments: `{"product":"Rain Jacket","options":{"size":"m","color":"yellow"}}`, want: map[string]string{"matches.0.available": "false"}},
			{tool: "check_stock", arguments: `{"product":"headphones","options":{"flavour":"mint"}}`, want: map[string]string{"matches": "[]"}},
			{tool: "check_stock", arguments: `{"product":"zeppelin"}`, refusal: "Product not found"},

			{tool: "shipping_options", arguments: `{"country":"越南"}`, want: map[string]string{
				"country": "Vietnam", "country_code": "VN", "ships": "true", "options.0.mode": "overseas_warehouse", "options.0.price": "5", "options.0.days_max": "5"}},
			{tool: "shipping_options", arguments: `{"country":"br","product":"kettle"}`, want: map[string]string{"country": "Brazil", "options.0.mode": "express", "options.2.mode": "postal"}},
			{tool: "shipping_options", arguments: `{"country":"Atlantis"}`, refusal: "is no country"},
		} {
			result, refusal := call(t, r, c.who, "", c.tool, c.arguments)
			if c.refusal != "" || refusal != "" {
				if c.refusal == "" || !strings.Contains(refusal, c.refusal) {
					t.Errorf("%s(%s) is refused with %q, want %q", c.tool, c.arguments, refusal, c.refusal)
				}
				continue
			}
			for path, want := range c.want {
				if got := fmt.Sprint(value(t, result, path)); got != want {
					t.Errorf("%s(%s): %s is %s, want %s", c.tool, c.arguments, path, got, want)
				}
			}
		}
	})
}

func TestAProblemHasOneCase(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		r := registry(t, s)
		const args = `{"order_id":"W10003","problem":"damaged","note":"the kettle is cracked"}`
		first, refusal := call(t, r, demo, "k1", "report_parcel_problem", args)
		if refusal != "" || value(t, first, "offer.kind") != "refund" || fmt.Sprint(value(t, first, "offer.amount")) != "178.5" {
			t.Fatalf("%v %s", first, refusal)
		}
		for key, arguments := range map[string]string{"k1": args, "k2": args, "k3": `{"order_id":"#W10003","problem":"damaged"}`} {
			again, refusal := call(t, r, demo, key, "report_parcel_problem", arguments)
			if refusal != "" || again["case_id"] != first["case_id"] {
				t.Errorf("%s: case %v %s, want %v", key, again["case_id"], refusal, first["case_id"])
			}
		}
		another, _ := call(t, r, demo, "k4", "report_parcel_problem", `{"order_id":"W10003","problem":"wrong_item"}`)
		if another["case_id"] == first["case_id"] {
			t.Error("another problem has the same case")
		}
		for arguments, want := range map[string]string{
			`{"order_id":"W10001","problem":"lost"}`: "Nothing of this order has been sent", `{"order_id":"W20001","problem":"lost"}`: "Order not found",
			`{"order_id":"W10003","problem":"eaten"}`: "problem",
		} {
			if _, refusal := call(t, r, demo, "k5", "report_parcel_problem", arguments); !strings.Contains(refusal, want) {
				t.Errorf("%s: %q, want %q", arguments, refusal, want)
			}
		}
	})
}
