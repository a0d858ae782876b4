package shop

import (
	"encoding/json"
	"testing"

	"parley/tools"
)

func BenchmarkCounter(b *testing.B) {
	r := registry(b, demoStore(b))
	for _, c := range []tools.Call{
		{Name: "track_parcel", Arguments: json.RawMessage(`{"order_id":"W10002"}`)},
		{Name: "return_options", Arguments: json.RawMessage(`{}`)},
		{Name: "check_stock", Arguments: json.RawMessage(`{"product":"headphones","options":{"color":"white"}}`)},
		{Name: "shipping_options", Arguments: json.RawMessage(`{"country":"Indonesia","product":"headphones"}`)},
	} {
		c.Caller = demo
		b.Run(c.Name, func(b *testing.B) {
			for b.Loop() {
				if _, err := r.Run(b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
