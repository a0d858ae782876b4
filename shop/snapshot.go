package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"hash/maphash"
)

// Snapshot is what a store held at one moment, so that later changes can be found.
type Snapshot struct {
	seed  maphash.Seed
	marks [3]map[string]uint64 // of products, users and orders
}

// Changes are rows in the shape in which the retail domain of τ²-bench writes
// them, by id. A row that is gone is null.
type Changes struct {
	Products map[string]json.RawMessage `json:"products"`
	Users    map[string]json.RawMessage `json:"users"`
	Orders   map[string]json.RawMessage `json:"orders"`
}

// marked are the queries whose rows make up a product, a user and an order, but
// for when they were changed. The first column is whose they are.
func marked() [3][]string {
	return [3][]string{
		{
			`SELECT id, * FROM products`, `SELECT product_id, * FROM variants`, `SELECT product_id, * FROM photos`,
			`SELECT v.product_id, s.* FROM stock s JOIN variants v ON v.id = s.item_id`,
		},
		{`SELECT id, first_name, last_name, email, time_zone, address1, address2, city, state, country, zip FROM customers`, `SELECT customer_id, * FROM payment_methods`, `SELECT customer_id, id FROM orders`},
		{
			`SELECT id, customer_id, status, currency, placed_at, cancel_reason, address1, address2, city, state, country, zip FROM orders`,
			`SELECT order_id, * FROM order_lines`, `SELECT order_id, * FROM payments`,
			`SELECT order_id, * FROM fulfilments`, `SELECT order_id, * FROM fulfilment_items`, `SELECT order_id, * FROM parcels`,
			`SELECT order_id, * FROM parcel_events`, `SELECT order_id, * FROM returns`, `SELECT order_id, * FROM return_items`,
			`SELECT order_id, * FROM exchanges`, `SELECT order_id, * FROM exchange_items`, `SELECT order_id, * FROM parcel_problems`,
			`SELECT order_id, * FROM request_photos`,
		},
	}
}

// Snapshot reads the whole store. It is meant for small ones.
func (s *Store) Snapshot(ctx context.Context) (Snapshot, error) {
	snap := Snapshot{seed: maphash.MakeSeed()}
	err := s.view(ctx, func(q queryer) error { return snap.read(ctx, q) })
	if err != nil {
		return Snapshot{}, fmt.Errorf("reading the whole store: %w", err)
	}
	return snap, nil
}

func (s *Snapshot) read(ctx context.Context, q queryer) error {
	for kind, queries := range marked() {
		s.marks[kind] = make(map[string]uint64)
		for table, query := range queries {
			err := rows(ctx, q, func(r *sql.Rows) error { return s.mark(kind, table, r) }, query)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// mark adds a row to the mark of whose it is; the order of rows does not matter.
func (s *Snapshot) mark(kind, table int, r *sql.Rows) error {
	columns, err := r.Columns()
	if err != nil {
		return err
	}
	cells := make([]sql.RawBytes, len(columns))
	into := make([]any, len(columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	if err := r.Scan(into...); err != nil {
		return err
	}
	var h maphash.Hash
	h.SetSeed(s.seed)
	_ = h.WriteByte(byte(table)) // a hash takes everything
	for _, cell := range cells {
		present := byte(1)
		if cell == nil {
			present = 0
		}
		_, _ = h.Write(cell)
		_, _ = h.Write([]byte{0, present})
	}
	s.marks[kind][string(cells[0])] += h.Sum64()
	return nil
}

// Since reads the rows that are new or other than in the snapshot, as the tools
// tell the shop's own people of them.
func (s *Store) Since(ctx context.Context, before Snapshot) (Changes, error) {
	c := Changes{make(map[string]json.RawMessage), make(map[string]json.RawMessage), make(map[string]json.RawMessage)}
	err := s.view(ctx, func(q queryer) error {
		now := Snapshot{seed: before.seed}
		if err := now.read(ctx, q); err != nil {
			return err
		}
		for kind, into := range []map[string]json.RawMessage{c.Products, c.Users, c.Orders} {
			for id, mark := range now.marks[kind] {
				if was, there := before.marks[kind][id]; there && was == mark {
					continue
				}
				value, err := record(ctx, q, kind, id)
				if err != nil {
					return err
				}
				if into[id], err = json.Marshal(value); err != nil {
					return err
				}
			}
			for id := range before.marks[kind] {
				if _, there := now.marks[kind][id]; !there {
					into[id] = json.RawMessage("null")
				}
			}
		}
		return nil
	})
	if err != nil {
		return Changes{}, fmt.Errorf("looking for what changed: %w", err)
	}
	return c, nil
}

// record is one row with all that belongs to it.
func record(ctx context.Context, q queryer, kind int, id string) (any, error) {
	switch kind {
	case 0:
		p, err := product(ctx, q, id)
		return viewCatalogue(p), err
	case 1:
		c, err := customer(ctx, q, id)
		if err != nil {
			return nil, err
		}
		orders, err := orderIDs(ctx, q, id)
		return viewCustomer(c, orders), err
	}
	o, err := order(ctx, q, reach{staff: true}, id)
	if err != nil {
		return nil, err
	}
	c, err := customer(ctx, q, o.CustomerID)
	if err != nil {
		return nil, err
	}
	v := viewOrder(o, c, false)
	v.Photos, err = requestPhotos(ctx, q, o.ID)
	return v, err
}
