package shop

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// returnItems reads what an order's return is of, if there is one.
func returnItems(ctx context.Context, q queryer, o *Order) error {
	if o.Return == nil {
		return nil
	}
	return rows(ctx, q, func(r *sql.Rows) error {
		var item string
		if err := r.Scan(&item); err != nil {
			return err
		}
		o.Return.ItemIDs = append(o.Return.ItemIDs, item)
		return nil
	}, `SELECT item_id FROM return_items WHERE order_id = $1 ORDER BY position`, o.ID)
}

// requestReturn checks and records a return and gives the order as it is then.
// The order of the checks is the order in which a customer would be told.
func requestReturn(ctx context.Context, tx *sql.Tx, now time.Time, customerID, orderID string, itemIDs []string, methodID string) (Order, error) {
	o, err := order(ctx, tx, customerID, orderID)
	if err != nil {
		return Order{}, err
	}
	if o.Status != Delivered {
		return Order{}, ErrNotDelivered
	}
	var original string
	if len(o.Payments) > 0 {
		original = o.Payments[0].MethodID
	}
	if methodID == "" {
		methodID = original
	}
	c, err := customer(ctx, tx, customerID)
	if err != nil {
		return Order{}, err
	}
	method, err := c.Method(methodID)
	if err != nil {
		return Order{}, err
	}
	if method.Source != GiftCard && method.ID != original {
		return Order{}, ErrPaymentMethod
	}
	if !contains(o.Lines, itemIDs) {
		return Order{}, ErrNoItem
	}
	o.Status = ReturnRequested
	o.Return = &Return{ItemIDs: slices.Sorted(slices.Values(itemIDs)), MethodID: methodID, RequestedAt: now.UTC().Truncate(time.Second)}
	return o, saveReturn(ctx, tx, o)
}

// contains says whether an order has all the items, each as often as it is named.
func contains(lines []Line, itemIDs []string) bool {
	left := make(map[string]int, len(lines))
	for _, l := range lines {
		left[l.ItemID]++
	}
	for _, id := range itemIDs {
		if left[id]--; left[id] < 0 {
			return false
		}
	}
	return true
}

func saveReturn(ctx context.Context, tx *sql.Tx, o Order) error {
	fail := func(err error) error { return fmt.Errorf("saving the return of order %s: %w", o.ID, err) }
	if _, err := tx.ExecContext(ctx, `UPDATE orders SET status = $1 WHERE id = $2 AND customer_id = $3`, o.Status, o.ID, o.CustomerID); err != nil {
		return fail(err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO returns (order_id, payment_method_id, requested_at) VALUES ($1, $2, $3)`,
		o.ID, o.Return.MethodID, o.Return.RequestedAt.Unix()); err != nil {
		return fail(err)
	}
	for i, item := range o.Return.ItemIDs {
		if _, err := tx.ExecContext(ctx, `INSERT INTO return_items (order_id, position, item_id) VALUES ($1, $2, $3)`, o.ID, i, item); err != nil {
			return fail(err)
		}
	}
	return nil
}
