package shop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"parley/shop"
	"parley/tools"
	"parley/tools/file"
	"parley/tools/folder"
)

// The size of a large shop's store.
const (
	manyOrders   = 100_000
	ordersEach   = 5 // of a customer
	manyProducts = 500
)

// BenchmarkLargeStore measures what a tool call costs by itself over a store of
// 100,000 orders: the arguments' schema, the CEL rule, templates, and the store. It
// reports the median and the 99th percentile of calls for ever other customers.
func BenchmarkLargeStore(b *testing.B) {
	store, err := shop.Open(b.Context(), filepath.Join(b.TempDir(), "shop.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	}()
	begun := time.Now()
	fill(b, store)
	b.Logf("%d orders were loaded in %s", manyOrders, time.Since(begun).Round(time.Millisecond))
	f, err := folder.Open(b.Context(), folder.Options{
		Pack: shop.ToolFiles, Runners: file.Runners{Builtins: store.Functions(), Env: os.LookupEnv}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			b.Error(err)
		}
	}()
	set := f.Current()
	for _, c := range []struct{ tool, arguments string }{
		{"get_order_details", `{"order_id":"#W%[1]d"}`},
		{"list_my_orders", `{}`},
		{"track_parcel", `{"order_id":"W%[1]d"}`},
		{"return_options", `{"order_id":"W%[1]d"}`},
		{"return_options", `{}`},
		{"get_user_details", `{"user_id":"c%[2]d"}`},
		{"search_products", `{"query":"lamp %[3]d"}`},
		{"check_stock", `{"product":"p%[3]d","options":{"color":"black"}}`},
		{"get_product_details", `{"product_id":"p%[3]d"}`},
		{"shipping_options", `{"country":"Indonesia"}`},
		{"cancel_pending_order", `{"order_id":"#W%[4]d","reason":"no longer needed"}`},
	} {
		b.Run(c.tool+c.arguments[:min(len(c.arguments), 14)], func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				order := (i*7919 + 1) % manyOrders
				customer := order / ordersEach
				pending := customer * ordersEach // each customer's first is pending until it is cancelled
				call := tools.Call{
					Name: c.tool, Caller: tools.Caller{CustomerID: fmt.Sprint("c", customer), Verified: true}, Key: fmt.Sprint(c.tool, i),
					Arguments:    json.RawMessage(fmt.Sprintf(c.arguments+"%[5]s", firstOrder+order, customer, i%manyProducts, firstOrder+pending, "")),
					Conversation: tools.Conversation{ID: "bench", Turn: int64(i)},
				}
				from := time.Now()
				_, err := set.Run(b.Context(), call)
				took = append(took, time.Since(from))
				if err != nil && c.tool != "cancel_pending_order" { // there are only so many to cancel
					b.Fatalf("%s: %v", call.Arguments, err)
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

const firstOrder = 100_000

// fill makes a large shop.
func fill(b *testing.B, store *shop.Store) {
	b.Helper()
	price := shop.Money{Minor: 5900, Currency: "SGD"}
	err := store.Load(b.Context(), true, func(batch *shop.Batch) error {
		for i := range manyProducts {
			p := shop.Product{ID: fmt.Sprint("p", i), Name: fmt.Sprint("Lamp ", i), Description: "A lamp with a dimmer.", Keywords: "light office", Category: "home"}
			for k, colour := range []string{"black", "white", "green", "red"} {
				p.Variants = append(p.Variants, shop.Variant{ID: fmt.Sprintf("p%dv%d", i, k), Options: map[string]string{"color": colour}, Price: price, Available: true, Stock: map[string]int64{"Singapore": int64(k)}})
			}
			if err := batch.Product(p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	const step = 5000
	for from := 0; from < manyOrders; from += step {
		if err := store.Load(b.Context(), true, func(batch *shop.Batch) error { return fillOrders(b.Context(), batch, from, from+step, price) }); err != nil {
			b.Fatal(err)
		}
	}
}

func fillOrders(ctx context.Context, batch *shop.Batch, from, to int, price shop.Money) error {
	now := time.Now()
	home := shop.Address{Address1: "1 Road", City: "Singapore", Country: "Singapore", Zip: "420008"}
	for i := from; i < to && ctx.Err() == nil; i++ {
		customer := fmt.Sprint("c", i/ordersEach)
		if i%ordersEach == 0 {
			c := shop.Customer{ID: customer, FirstName: "F" + customer, LastName: "L" + customer, Email: customer + "@demo.example", TimeZone: "Asia/Singapore", Address: home,
				Methods: []shop.PaymentMethod{{ID: "pay_" + customer, Source: shop.CreditCard, Brand: "visa", LastFour: "4242"}}}
			if _, err := batch.Customer(c); err != nil {
				return err
			}
		}
		product := i % manyProducts
		line := shop.Line{ItemID: fmt.Sprintf("p%dv0", product), ProductID: fmt.Sprint("p", product), Name: fmt.Sprint("Lamp ", product), Options: map[string]string{"color": "black"}, Price: price}
		o := shop.Order{ID: fmt.Sprint("#W", firstOrder+i), CustomerID: customer, Status: shop.Pending, Currency: "SGD", PlacedAt: now.Add(-time.Duration(i%40) * 24 * time.Hour), Address: home,
			Lines: []shop.Line{line}, Payments: []shop.Payment{{Kind: shop.Paid, Amount: price, MethodID: "pay_" + customer}}}
		if i%ordersEach != 0 {
			o.Status = shop.Delivered
			sent := o.PlacedAt.Add(24 * time.Hour)
			parcel := shop.Parcel{TrackingID: fmt.Sprint("T", i), Carrier: "Parcel Express", Service: "express", Mode: shop.Express, ShippedAt: sent, ETA: sent.Add(96 * time.Hour), DeliveredAt: sent.Add(72 * time.Hour)}
			for k, code := range []string{shop.LabelCreated, shop.PickedUp, shop.Departed, shop.Arrived, shop.OutForDelivery, shop.Handed} {
				parcel.Events = append(parcel.Events, shop.ParcelEvent{At: sent.Add(time.Duration(k) * 12 * time.Hour), Code: code, Place: "Singapore"})
			}
			o.Fulfilments = []shop.Fulfilment{{ItemIDs: []string{line.ItemID}, Parcels: []shop.Parcel{parcel}}}
		}
		if _, err := batch.Order(o); err != nil {
			return err
		}
	}
	return ctx.Err()
}
