package shop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parley/tools"
)

type swapArgs struct {
	OrderID         string   `json:"order_id"`
	ItemIDs         []string `json:"item_ids"`
	NewItemIDs      []string `json:"new_item_ids"`
	PaymentMethodID string   `json:"payment_method_id"`
}

func (s *Store) exchangeDeliveredOrderItems(ctx context.Context, args swapArgs, call tools.Call) (any, error) {
	return s.changeOrder(ctx, call, args.OrderID, func(tx *sql.Tx, now time.Time, o *Order, c *Customer) error {
		if o.Status != Delivered {
			return errNotExchangeable
		}
		if id, ok := missing(o.Lines, args.ItemIDs); !ok {
			return &tools.Error{Code: tools.NotFound, Message: fmt.Sprintf("Number of %s not found.", id)}
		}
		if len(args.ItemIDs) != len(args.NewItemIDs) {
			return errExchangeNumber
		}
		e := Exchange{MethodID: args.PaymentMethodID, State: Requested, Difference: Money{0, o.Currency}, RequestedAt: now.UTC().Truncate(time.Second)}
		for i, id := range args.ItemIDs {
			old := o.Lines[lineOf(o.Lines, id)]
			v, err := replacement(ctx, tx, old, args.NewItemIDs[i])
			if err != nil {
				return err
			}
			e.Difference.Minor += v.Price.Minor - old.Price.Minor
			e.Items = append(e.Items, Swap{id, v.ID})
		}
		method, err := c.Method(args.PaymentMethodID)
		if err != nil {
			return err
		}
		if !method.covers(e.Difference.Minor) {
			return errGiftCardExchange
		}
		o.Status, o.Exchange = ExchangeRequested, &e
		if err := saveExchange(ctx, tx, *o); err != nil {
			return err
		}
		if err := attach(ctx, tx, now, call, o.ID, exchangeRequest); err != nil {
			return err
		}
		return change(ctx, tx, now, *o)
	})
}

// lineOf is the index of the first line with the item, which must be there.
func lineOf(lines []Line, itemID string) int {
	for i, l := range lines {
		if l.ItemID == itemID {
			return i
		}
	}
	panic("shop: an item that was counted is not there")
}

// replacement finds the variant that may take the place of a line: of the same
// product, and to be had now.
func replacement(ctx context.Context, q queryer, old Line, newItemID string) (Variant, error) {
	v, err := variant(ctx, q, newItemID, old.ProductID)
	if errors.Is(err, ErrNoVariant) {
		var there int
		err = q.QueryRowContext(ctx, `SELECT 1 FROM products WHERE id = $1`, old.ProductID).Scan(&there)
		if errors.Is(err, sql.ErrNoRows) {
			return Variant{}, ErrNoProduct
		}
		if err == nil {
			err = ErrNoVariant
		}
	}
	if err != nil {
		return Variant{}, err
	}
	if !v.Available {
		return Variant{}, &tools.Error{Code: tools.Conflict, Message: fmt.Sprintf("New item %s not found or available", newItemID)}
	}
	if v.Price.Currency != old.Price.Currency {
		return Variant{}, errCurrency
	}
	return v, nil
}

func saveExchange(ctx context.Context, tx *sql.Tx, o Order) error {
	fail := func(err error) error { return fmt.Errorf("saving the exchange of order %s: %w", o.ID, err) }
	e := o.Exchange
	if _, err := tx.ExecContext(ctx, `INSERT INTO exchanges (order_id, payment_method_id, difference_minor, state, requested_at) VALUES ($1, $2, $3, $4, $5)`,
		o.ID, e.MethodID, e.Difference.Minor, e.State, since(e.RequestedAt)); err != nil {
		return fail(err)
	}
	for i, swap := range e.Items {
		if _, err := tx.ExecContext(ctx, `INSERT INTO exchange_items (order_id, position, item_id, new_item_id) VALUES ($1, $2, $3, $4)`,
			o.ID, i, swap.ItemID, swap.NewItemID); err != nil {
			return fail(err)
		}
	}
	return nil
}

// exchangeItems reads what an order's exchange is of.
func exchangeItems(ctx context.Context, q queryer, o *Order) error {
	return rows(ctx, q, func(r *sql.Rows) error {
		var swap Swap
		if err := r.Scan(&swap.ItemID, &swap.NewItemID); err != nil {
			return err
		}
		o.Exchange.Items = append(o.Exchange.Items, swap)
		return nil
	}, `SELECT item_id, new_item_id FROM exchange_items WHERE order_id = $1 ORDER BY position`, o.ID)
}
