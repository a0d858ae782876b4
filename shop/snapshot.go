package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// Snapshot is the whole store as the retail domain of τ²-bench writes one: each row
// as the tools tell the shop's own people of it, by id.
type Snapshot struct {
	Products map[string]json.RawMessage `json:"products"`
	Users    map[string]json.RawMessage `json:"users"`
	Orders   map[string]json.RawMessage `json:"orders"`
}

// Snapshot reads the whole store at one moment. It is meant for small stores: to
// compare one with another.
func (s *Store) Snapshot(ctx context.Context) (Snapshot, error) {
	snap := Snapshot{make(map[string]json.RawMessage), make(map[string]json.RawMessage), make(map[string]json.RawMessage)}
	err := s.view(ctx, func(q queryer) error {
		err := each(ctx, q, snap.Products, `SELECT id FROM products`, func(id string) (any, error) {
			p, err := product(ctx, q, id)
			return viewCatalogue(p), err
		})
		if err != nil {
			return err
		}
		customers := make(map[string]Customer)
		err = each(ctx, q, snap.Users, `SELECT id FROM customers`, func(id string) (any, error) {
			c, err := customer(ctx, q, id)
			if err != nil {
				return nil, err
			}
			customers[id] = c
			orders, err := orderIDs(ctx, q, id)
			return viewCustomer(c, orders), err
		})
		if err != nil {
			return err
		}
		return each(ctx, q, snap.Orders, `SELECT id FROM orders`, func(id string) (any, error) {
			o, err := order(ctx, q, reach{staff: true}, id)
			return viewOrder(o, customers[o.CustomerID], false), err
		})
	})
	if err != nil {
		return Snapshot{}, fmt.Errorf("reading the whole store: %w", err)
	}
	return snap, nil
}

// each writes the view of every id that a query gives.
func each(ctx context.Context, q queryer, into map[string]json.RawMessage, query string, view func(id string) (any, error)) error {
	var ids []string
	err := rows(ctx, q, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, query)
	if err != nil {
		return err
	}
	for _, id := range ids {
		v, err := view(id)
		if err != nil {
			return err
		}
		if into[id], err = json.Marshal(v); err != nil {
			return err
		}
	}
	return nil
}
