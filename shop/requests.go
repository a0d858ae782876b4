package shop

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Request is what a customer asked for, or reported, after an order was sent.
type Request struct {
	OrderID    string `json:"order_id"`
	CustomerID string `json:"customer_id"`
	// Kind is "return", "exchange", or the problem: lost, late, damaged, wrong_item.
	Kind string `json:"kind"`
	// Case is a problem's case, "" for others.
	Case  string    `json:"case_id,omitempty"`
	State string    `json:"state"`
	At    time.Time `json:"at"` // zero when unknown
	// Photos are the hashes of the photos that belong to it.
	Photos []string `json:"photos"`
}

// Requests lists returns, exchanges and reported problems for the shop's own people,
// the newest first, at most limit.
func (s *Store) Requests(ctx context.Context, limit int) ([]Request, error) {
	list := []Request{}
	err := s.view(ctx, func(q queryer) error {
		err := rows(ctx, q, func(r *sql.Rows) error {
			one := Request{Photos: []string{}}
			var when sql.NullInt64
			if err := r.Scan(&one.OrderID, &one.CustomerID, &one.Kind, &one.Case, &one.State, &when); err != nil {
				return err
			}
			one.At = moment(when)
			list = append(list, one)
			return nil
		}, `SELECT o.id, o.customer_id, x.kind, x.case_id, x.state, x.at FROM (
				SELECT order_id, 'return' AS kind, '' AS case_id, state, requested_at AS at FROM returns
				UNION ALL SELECT order_id, 'exchange', '', state, requested_at FROM exchanges
				UNION ALL SELECT order_id, problem, case_id, status, reported_at FROM parcel_problems
			) x JOIN orders o ON o.id = x.order_id
			ORDER BY x.at DESC, o.id, x.kind LIMIT $1`, limit)
		if err != nil {
			return err
		}
		for i := range list {
			photos, err := requestPhotos(ctx, q, list[i].OrderID)
			if err != nil {
				return err
			}
			for _, p := range photos {
				if p.Request == list[i].Case || p.Request == list[i].Kind {
					list[i].Photos = append(list[i].Photos, p.Hash)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing what customers asked for: %w", err)
	}
	return list, nil
}
