package shop

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"parley/tools"
)

type returnArgs struct {
	OrderID         string   `json:"order_id"`
	ItemIDs         []string `json:"item_ids"`
	PaymentMethodID string   `json:"payment_method_id"`
}

func (s *Store) returnDeliveredOrderItems(ctx context.Context, args returnArgs, call tools.Call) (any, error) {
	return s.changeOrder(ctx, call, args.OrderID, func(tx *sql.Tx, now time.Time, o *Order, c *Customer) error {
		if o.Status != Delivered {
			return errNotReturnable
		}
		var original string
		if len(o.Payments) > 0 {
			original = o.Payments[0].MethodID
		}
		if args.PaymentMethodID == "" {
			args.PaymentMethodID = original
		}
		method, err := c.Method(args.PaymentMethodID)
		if err != nil {
			return err
		}
		if method.Source != GiftCard && method.ID != original {
			return errNotOriginal
		}
		if _, ok := missing(o.Lines, args.ItemIDs); !ok {
			return errSomeItem
		}
		o.Status = ReturnRequested
		o.Return = &Return{ItemIDs: slices.Sorted(slices.Values(args.ItemIDs)), MethodID: method.ID, State: Requested,
			RequestedAt: now.UTC().Truncate(time.Second)}
		if err := saveReturn(ctx, tx, *o); err != nil {
			return err
		}
		if err := attach(ctx, tx, now, call, o.ID, returnRequest); err != nil {
			return err
		}
		return change(ctx, tx, now, *o)
	})
}

// missing gives the first item that the order does not have as often as it is
// named; ok when there is none.
func missing(lines []Line, itemIDs []string) (item string, ok bool) {
	left := make(map[string]int, len(lines))
	for _, l := range lines {
		left[l.ItemID]++
	}
	for _, id := range itemIDs {
		left[id]--
	}
	for _, id := range itemIDs {
		if left[id] < 0 {
			return id, false
		}
	}
	return "", true
}

func saveReturn(ctx context.Context, tx *sql.Tx, o Order) error {
	fail := func(err error) error { return fmt.Errorf("saving the return of order %s: %w", o.ID, err) }
	if _, err := tx.ExecContext(ctx, `INSERT INTO returns (order_id, payment_method_id, state, requested_at) VALUES ($1, $2, $3, $4)`,
		o.ID, o.Return.MethodID, o.Return.State, since(o.Return.RequestedAt)); err != nil {
		return fail(err)
	}
	for i, item := range o.Return.ItemIDs {
		if _, err := tx.ExecContext(ctx, `INSERT INTO return_items (order_id, position, item_id) VALUES ($1, $2, $3)`, o.ID, i, item); err != nil {
			return fail(err)
		}
	}
	return nil
}

// returnItems reads what an order's return is of.
func returnItems(ctx context.Context, q queryer, o *Order) error {
	return rows(ctx, q, func(r *sql.Rows) error {
		var item string
		if err := r.Scan(&item); err != nil {
			return err
		}
		o.Return.ItemIDs = append(o.Return.ItemIDs, item)
		return nil
	}, `SELECT item_id FROM return_items WHERE order_id = $1 ORDER BY position`, o.ID)
}
