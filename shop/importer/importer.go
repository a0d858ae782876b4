// Package importer reads a shop's products and orders from files into the store:
// CSV, JSON, or the retail store of τ²-bench (db.json). A file is taken in as a
// whole or not at all, and the same file again updates what it brought.
//
// # CSV of products
//
// One row is one variant; rows with one product_id are one product, and only the
// first of them need have name, description, category, keywords and photos.
//
//	product_id,name,description,category,keywords,photos,item_id,price,currency,available,option.size,option.color,stock.SG
//	5104,Rain Jacket,A light jacket.,clothing,coat raincoat,jacket.jpg|back.jpg,510401,89.00,SGD,yes,S,navy,4
//	5104,,,,,,510402,89.00,SGD,,M,navy,0
//
// product_id, name, item_id and price must be there; a currency (ISO 4217) may be
// given for the whole file instead. An option.NAME column is a property in which
// variants differ, a stock.WAREHOUSE column how many lie there. available is yes
// or no; without it a variant can be had when some are in stock, or when stock is
// not counted.
//
// # CSV of orders
//
// One row is one item; rows with one order_id are one order, and only the first of
// them need have what belongs to the whole order.
//
//	order_id,customer_id,status,placed_at,first_name,last_name,email,time_zone,address1,address2,city,state,country,zip,payment_method_id,payment_source,item_id,quantity,price,currency,tracking_id,carrier,mode,shipped_at,eta,delivered_at
//	1001,c7,processed,2026-11-20T10:00:00+08:00,Ann,Lee,ann@example.com,Asia/Singapore,1 Road,,Singapore,,Singapore,018956,card_1,credit_card,510401,1,89.00,SGD,PX1,Parcel Express,express,2026-11-21,2026-11-26,
//	1001,,,,,,,,,,,,,,,,510901,2,,,,,,,,
//
// order_id, customer_id, status and item_id must be there. status is one of
// pending, processed (handed to a carrier), delivered, cancelled; mode one of
// express, overseas_warehouse, dedicated_line, postal; payment_source one of
// credit_card, paypal, gift_card. Times are RFC 3339, or dates, which count as
// midnight UTC. Without a price an item has the one of its product, which must be
// in the store or in this file. The columns brand, last_four, service,
// cancel_reason, product_id, name and option.NAME are known too. A customer who is
// in the store already keeps their other payment methods.
//
// # JSON
//
// An object with any of products, customers and orders, each an array, or an array
// of products or of orders alone.
//
//	{"products": [{"product_id", "name", "description", "category", "keywords", "photos": [{"path", "hash", "item_id"}],
//	   "variants": [{"item_id", "options": {}, "price", "currency", "available", "stock": {"SG": 4}}]}],
//	 "customers": [{"customer_id", "first_name", "last_name", "email", "time_zone", "address": {"address1", "address2", "city", "state", "country", "zip"},
//	   "payment_methods": [{"id", "source", "brand", "last_four", "balance", "currency"}]}],
//	 "orders": [{"order_id", "customer_id", "status", "placed_at", "currency", "cancel_reason", "address": {},
//	   "items": [{"item_id", "product_id", "name", "price", "quantity", "options": {}}],
//	   "payments": [{"type": "payment", "amount", "payment_method_id"}],
//	   "fulfillments": [{"item_ids": [], "parcels": [{"tracking_id", "carrier", "service", "mode", "shipped_at", "eta", "delivered_at",
//	     "events": [{"at", "code", "place"}]}]}]}]}
package importer

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"parley/shop"
)

// MaxBytes bounds a file. A hundred thousand orders have about 30 MB.
const MaxBytes = 1 << 30

// Format is what a file holds.
type Format string

// The formats. Auto looks at the file.
const (
	Auto Format = "auto"
	CSV  Format = "csv"
	JSON Format = "json"
	Tau2 Format = "tau2"
)

// Options say how to import.
type Options struct {
	// Format is Auto when "".
	Format Format
	// Currency is the one of prices that name none, as ISO 4217; "" leaves them
	// without, which CSV and JSON must not do.
	Currency string
	// Overwrite replaces also orders and customers that a tool has changed since they
	// came in; without it they stay.
	Overwrite bool
	// Progress, when not nil, is called after each row with how many are done of how
	// many.
	Progress func(done, total int)
}

// Report is what came in.
type Report struct {
	Format                      Format
	Products, Customers, Orders int
	// Left are the orders and customers that a tool had changed and that stayed as
	// they were.
	Left int
}

// Import reads the file at path into the store, all of it or nothing. What is wrong
// with the file is [Errors]. The demo shop, if it is in the store, makes room.
func Import(ctx context.Context, s *shop.Store, path string, o Options) (Report, error) {
	data, err := read(path)
	if err != nil {
		return Report{}, err
	}
	c, format, err := Parse(filepath.Base(path), data, o)
	if err != nil {
		return Report{}, err
	}
	report, err := c.load(ctx, s, o)
	report.Format = format
	return report, err
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the file to import: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("%s is over %d bytes; import it in parts", path, MaxBytes)
	}
	return data, nil
}
