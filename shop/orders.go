package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"parley/tools"
)

// OrderID brings an order's number into the form in which it is stored:
// "w10002", "W10002" and "#W10002" are all "#W10002".
func OrderID(written string) string {
	id := strings.ToUpper(strings.TrimSpace(written))
	if !strings.HasPrefix(id, "#") {
		id = "#" + id
	}
	return id
}

// Order is an order with all that belongs to it. One that the caller does not
// reach is [ErrNoOrder] like one that does not exist.
func (s *Store) Order(ctx context.Context, caller tools.Caller, orderID string) (Order, error) {
	var o Order
	err := s.view(ctx, func(q queryer) (err error) {
		o, err = order(ctx, q, reachOf(caller), orderID)
		return err
	})
	return o, err
}

func order(ctx context.Context, q queryer, within reach, orderID string) (Order, error) {
	o := Order{ID: OrderID(orderID)}
	var placed sql.NullInt64
	var returnTo, returnState, exchangeBy, exchangeState sql.NullString
	var returnAt, exchangeAt, difference sql.NullInt64
	err := q.QueryRowContext(ctx, `
		SELECT o.customer_id, o.status, o.currency, o.placed_at, o.cancel_reason, o.address1, o.address2, o.city, o.state, o.country, o.zip,
			r.payment_method_id, r.state, r.requested_at, e.payment_method_id, e.state, e.requested_at, e.difference_minor
		FROM orders o LEFT JOIN returns r ON r.order_id = o.id LEFT JOIN exchanges e ON e.order_id = o.id
		WHERE o.id = $1`, o.ID).
		Scan(&o.CustomerID, &o.Status, &o.Currency, &placed, &o.CancelReason, &o.Address.Address1, &o.Address.Address2,
			&o.Address.City, &o.Address.State, &o.Address.Country, &o.Address.Zip,
			&returnTo, &returnState, &returnAt, &exchangeBy, &exchangeState, &exchangeAt, &difference)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !within.has(o.CustomerID) {
		return Order{}, ErrNoOrder
	}
	if err != nil {
		return Order{}, fmt.Errorf("reading order %s: %w", o.ID, err)
	}
	o.PlacedAt = moment(placed)
	parts := []func(context.Context, queryer, *Order) error{lines, payments, fulfilments}
	if returnTo.Valid {
		o.Return = &Return{MethodID: returnTo.String, State: returnState.String, RequestedAt: moment(returnAt)}
		parts = append(parts, returnItems)
	}
	if exchangeBy.Valid {
		o.Exchange = &Exchange{MethodID: exchangeBy.String, State: exchangeState.String, RequestedAt: moment(exchangeAt),
			Difference: Money{difference.Int64, o.Currency}}
		parts = append(parts, exchangeItems)
	}
	for _, part := range parts {
		if err := part(ctx, q, &o); err != nil {
			return Order{}, fmt.Errorf("reading order %s: %w", o.ID, err)
		}
	}
	return o, nil
}

func lines(ctx context.Context, q queryer, o *Order) error {
	return rows(ctx, q, func(r *sql.Rows) error {
		l := Line{Price: Money{Currency: o.Currency}}
		var options string
		if err := r.Scan(&l.ItemID, &l.ProductID, &l.Name, &options, &l.Price.Minor); err != nil {
			return err
		}
		o.Lines = append(o.Lines, l)
		return json.Unmarshal([]byte(options), &o.Lines[len(o.Lines)-1].Options)
	}, `SELECT item_id, product_id, name, options, price_minor FROM order_lines WHERE order_id = $1 ORDER BY position`, o.ID)
}

func payments(ctx context.Context, q queryer, o *Order) error {
	return rows(ctx, q, func(r *sql.Rows) error {
		p := Payment{Amount: Money{Currency: o.Currency}}
		if err := r.Scan(&p.Kind, &p.Amount.Minor, &p.MethodID); err != nil {
			return err
		}
		o.Payments = append(o.Payments, p)
		return nil
	}, `SELECT kind, amount_minor, payment_method_id FROM payments WHERE order_id = $1 ORDER BY position`, o.ID)
}

// change records that a tool changed an order: its status and that it did.
func change(ctx context.Context, tx *sql.Tx, now time.Time, o Order) error {
	_, err := tx.ExecContext(ctx, `UPDATE orders SET status = $1, cancel_reason = $2, changed_at = $3 WHERE id = $4`,
		o.Status, o.CancelReason, now.Unix(), o.ID)
	if err != nil {
		return fmt.Errorf("changing order %s to %q: %w", o.ID, o.Status, err)
	}
	return nil
}

// pay adds rows to an order's payments.
func pay(ctx context.Context, tx *sql.Tx, o *Order, more ...Payment) error {
	for _, p := range more {
		_, err := tx.ExecContext(ctx, `INSERT INTO payments (order_id, position, kind, amount_minor, payment_method_id) VALUES ($1, $2, $3, $4, $5)`,
			o.ID, len(o.Payments), p.Kind, p.Amount.Minor, p.MethodID)
		if err != nil {
			return fmt.Errorf("adding a %s to order %s: %w", p.Kind, o.ID, err)
		}
		o.Payments = append(o.Payments, p)
	}
	return nil
}

// OrderSummary is a line in a list of orders.
type OrderSummary struct {
	ID, Status string
	PlacedAt   time.Time
	// ETA is that of the last parcel still under way; zero when there is none.
	ETA   time.Time
	Items []Line
}

// Orders lists a customer's newest orders, newest first, at most limit.
func (s *Store) Orders(ctx context.Context, customerID string, limit int) ([]OrderSummary, error) {
	var list []OrderSummary
	index := make(map[string]int)
	err := rows(ctx, s.read, func(r *sql.Rows) error {
		var o OrderSummary
		var l Line
		var placed, eta sql.NullInt64
		var options string
		if err := r.Scan(&o.ID, &o.Status, &placed, &eta, &l.ItemID, &l.ProductID, &l.Name, &options); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(options), &l.Options); err != nil {
			return err
		}
		i, seen := index[o.ID]
		if !seen {
			o.PlacedAt, o.ETA = moment(placed), moment(eta)
			i = len(list)
			index[o.ID] = i
			list = append(list, o)
		}
		list[i].Items = append(list[i].Items, l)
		return nil
	}, `
		SELECT o.id, o.status, o.placed_at,
			(SELECT MAX(p.eta) FROM parcels p WHERE p.order_id = o.id AND p.delivered_at IS NULL),
			l.item_id, l.product_id, l.name, l.options
		FROM (SELECT id, status, placed_at, position FROM orders WHERE customer_id = $1 ORDER BY placed_at DESC, position DESC LIMIT $2) o
		JOIN order_lines l ON l.order_id = o.id
		ORDER BY o.placed_at DESC, o.position DESC, l.position`, customerID, limit)
	if err != nil {
		return nil, fmt.Errorf("listing orders: %w", err)
	}
	return list, nil
}
