package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"parley/tools"
)

// The reasons for which an order may be cancelled.
const (
	NoLongerNeeded   = "no longer needed"
	OrderedByMistake = "ordered by mistake"
)

type cancelArgs struct {
	OrderID string `json:"order_id"`
	Reason  string `json:"reason"`
}

func (s *Store) cancelPendingOrder(ctx context.Context, args cancelArgs, call tools.Call) (any, error) {
	return s.changeOrder(ctx, call, args.OrderID, func(tx *sql.Tx, now time.Time, o *Order, c *Customer) error {
		if o.Status != Pending {
			return errNotCancellable
		}
		if args.Reason != NoLongerNeeded && args.Reason != OrderedByMistake {
			return errReason
		}
		for _, p := range unrefunded(o.Payments) {
			m, err := c.Method(p.MethodID)
			if err != nil {
				return err
			}
			if err := pay(ctx, tx, o, Payment{Refunded, p.Amount, p.MethodID}); err != nil {
				return err
			}
			if err := credit(ctx, tx, now, c.ID, m, p.Amount.Minor); err != nil {
				return err
			}
		}
		o.Status, o.CancelReason = Cancelled, args.Reason
		return change(ctx, tx, now, *o)
	})
}

// unrefunded are the payments that have not been paid back yet. After a change of
// the payment method the first one has its refund already, and must not get a
// second.
func unrefunded(all []Payment) []Payment {
	back := make(map[Payment]int)
	for _, p := range all {
		if p.Kind == Refunded {
			p.Kind = Paid
			back[p]++
		}
	}
	var open []Payment
	for _, p := range all {
		if p.Kind != Paid {
			continue
		}
		if back[p] > 0 {
			back[p]--
			continue
		}
		open = append(open, p)
	}
	return open
}

func (s *Store) modifyPendingOrderItems(ctx context.Context, args swapArgs, call tools.Call) (any, error) {
	return s.changeOrder(ctx, call, args.OrderID, func(tx *sql.Tx, now time.Time, o *Order, c *Customer) error {
		if o.Status != Pending {
			return errNotModifiable
		}
		if id, ok := missing(o.Lines, args.ItemIDs); !ok {
			return &tools.Error{Code: tools.NotFound, Message: id + " not found"}
		}
		if len(args.ItemIDs) != len(args.NewItemIDs) {
			return errModifyNumber
		}
		difference := Money{0, o.Currency}
		variants := make([]Variant, len(args.ItemIDs))
		for i, id := range args.ItemIDs {
			if id == args.NewItemIDs[i] {
				return errSameItem
			}
			old := o.Lines[lineOf(o.Lines, id)]
			v, err := replacement(ctx, tx, old, args.NewItemIDs[i])
			if err != nil {
				return err
			}
			difference.Minor += v.Price.Minor - old.Price.Minor
			variants[i] = v
		}
		method, err := c.Method(args.PaymentMethodID)
		if err != nil {
			return err
		}
		if !method.covers(difference.Minor) {
			return errGiftCardItem
		}
		moved := Payment{Paid, difference, method.ID}
		if difference.Minor <= 0 {
			moved.Kind, moved.Amount.Minor = Refunded, -difference.Minor
		}
		if err := pay(ctx, tx, o, moved); err != nil {
			return err
		}
		if err := credit(ctx, tx, now, c.ID, method, -difference.Minor); err != nil {
			return err
		}
		for i, id := range args.ItemIDs {
			if err := replaceLine(ctx, tx, o, lineOf(o.Lines, id), variants[i]); err != nil {
				return err
			}
		}
		o.Status = ItemsModified
		return change(ctx, tx, now, *o)
	})
}

func replaceLine(ctx context.Context, tx *sql.Tx, o *Order, index int, v Variant) error {
	l := &o.Lines[index]
	l.ItemID, l.Options, l.Price = v.ID, v.Options, v.Price
	options, err := json.Marshal(v.Options)
	if err == nil {
		_, err = tx.ExecContext(ctx, `UPDATE order_lines SET item_id = $1, options = $2, price_minor = $3 WHERE order_id = $4 AND position = $5`,
			v.ID, string(options), v.Price.Minor, o.ID, index)
	}
	if err != nil {
		return fmt.Errorf("changing line %d of order %s: %w", index+1, o.ID, err)
	}
	return nil
}

type paymentArgs struct {
	OrderID         string `json:"order_id"`
	PaymentMethodID string `json:"payment_method_id"`
}

func (s *Store) modifyPendingOrderPayment(ctx context.Context, args paymentArgs, call tools.Call) (any, error) {
	return s.changeOrder(ctx, call, args.OrderID, func(tx *sql.Tx, now time.Time, o *Order, c *Customer) error {
		if !strings.Contains(o.Status, Pending) {
			return errNotModifiable
		}
		method, err := c.Method(args.PaymentMethodID)
		if err != nil {
			return err
		}
		if len(o.Payments) != 1 || o.Payments[0].Kind != Paid {
			return errOnePayment
		}
		first := o.Payments[0]
		if first.MethodID == method.ID {
			return errSameMethod
		}
		if !method.covers(first.Amount.Minor) {
			return errGiftCardOrder
		}
		old, err := c.Method(first.MethodID)
		if err != nil {
			return err
		}
		if err := pay(ctx, tx, o, Payment{Paid, first.Amount, method.ID}, Payment{Refunded, first.Amount, old.ID}); err != nil {
			return err
		}
		if err := credit(ctx, tx, now, c.ID, method, -first.Amount.Minor); err != nil {
			return err
		}
		if err := credit(ctx, tx, now, c.ID, old, first.Amount.Minor); err != nil {
			return err
		}
		return change(ctx, tx, now, *o)
	})
}
