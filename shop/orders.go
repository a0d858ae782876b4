package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
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

// Order is one of a customer's orders with all that belongs to it. An order of
// someone else is [ErrNoOrder] like one that does not exist.
func (s *Store) Order(ctx context.Context, customerID, orderID string) (Order, error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one moment for all its tables
	if err != nil {
		return Order{}, fmt.Errorf("reading order %s: %w", orderID, err)
	}
	defer tx.Rollback()
	return order(ctx, tx, customerID, orderID)
}

func order(ctx context.Context, q queryer, customerID, orderID string) (Order, error) {
	o := Order{ID: OrderID(orderID), CustomerID: customerID}
	var placed int64
	var returnTo sql.NullString
	var returnAt sql.NullInt64
	err := q.QueryRowContext(ctx, `
		SELECT o.status, o.currency, o.placed_at, o.cancel_reason, o.address1, o.address2, o.city, o.state, o.country, o.zip,
			r.payment_method_id, r.requested_at
		FROM orders o LEFT JOIN returns r ON r.order_id = o.id
		WHERE o.id = $1 AND o.customer_id = $2`, o.ID, customerID).
		Scan(&o.Status, &o.Currency, &placed, &o.CancelReason, &o.Address.Address1, &o.Address.Address2,
			&o.Address.City, &o.Address.State, &o.Address.Country, &o.Address.Zip, &returnTo, &returnAt)
	if errors.Is(err, sql.ErrNoRows) {
		return Order{}, ErrNoOrder
	}
	if err != nil {
		return Order{}, fmt.Errorf("reading order %s: %w", o.ID, err)
	}
	o.PlacedAt = time.Unix(placed, 0).UTC()
	if returnTo.Valid {
		o.Return = &Return{MethodID: returnTo.String, RequestedAt: moment(returnAt)}
	}
	for _, part := range []func(context.Context, queryer, *Order) error{lines, payments, fulfilments, returnItems} {
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

func fulfilments(ctx context.Context, q queryer, o *Order) error {
	at := make(map[int64]int) // position to index
	err := rows(ctx, q, func(r *sql.Rows) error {
		var f Fulfilment
		var position int64
		var eta, delivered sql.NullInt64
		if err := r.Scan(&position, &f.TrackingID, &f.Carrier, &f.Service, &eta, &delivered); err != nil {
			return err
		}
		f.ETA, f.DeliveredAt = moment(eta), moment(delivered)
		at[position] = len(o.Fulfilments)
		o.Fulfilments = append(o.Fulfilments, f)
		return nil
	}, `SELECT position, tracking_id, carrier, service, eta, delivered_at FROM fulfilments WHERE order_id = $1 ORDER BY position`, o.ID)
	if err != nil || len(o.Fulfilments) == 0 {
		return err
	}
	err = rows(ctx, q, func(r *sql.Rows) error {
		var position int64
		var item string
		if err := r.Scan(&position, &item); err != nil {
			return err
		}
		f := &o.Fulfilments[at[position]]
		f.ItemIDs = append(f.ItemIDs, item)
		return nil
	}, `SELECT fulfilment, item_id FROM fulfilment_items WHERE order_id = $1 ORDER BY fulfilment, position`, o.ID)
	if err != nil {
		return err
	}
	return rows(ctx, q, func(r *sql.Rows) error {
		var position, when int64
		var e ParcelEvent
		if err := r.Scan(&position, &when, &e.Code, &e.Place); err != nil {
			return err
		}
		e.At = time.Unix(when, 0).UTC()
		f := &o.Fulfilments[at[position]]
		f.Events = append(f.Events, e)
		return nil
	}, `SELECT fulfilment, at, code, place FROM parcel_events WHERE order_id = $1 ORDER BY fulfilment, position`, o.ID)
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
		var placed int64
		var eta sql.NullInt64
		var options string
		if err := r.Scan(&o.ID, &o.Status, &placed, &eta, &l.ItemID, &l.ProductID, &l.Name, &options); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(options), &l.Options); err != nil {
			return err
		}
		i, seen := index[o.ID]
		if !seen {
			o.PlacedAt, o.ETA = time.Unix(placed, 0).UTC(), moment(eta)
			i = len(list)
			index[o.ID] = i
			list = append(list, o)
		}
		list[i].Items = append(list[i].Items, l)
		return nil
	}, `
		SELECT o.id, o.status, o.placed_at,
			(SELECT MAX(f.eta) FROM fulfilments f WHERE f.order_id = o.id AND f.delivered_at IS NULL),
			l.item_id, l.product_id, l.name, l.options
		FROM (SELECT id, status, placed_at FROM orders WHERE customer_id = $1 ORDER BY placed_at DESC, id DESC LIMIT $2) o
		JOIN order_lines l ON l.order_id = o.id
		ORDER BY o.placed_at DESC, o.id DESC, l.position`, customerID, limit)
	if err != nil {
		return nil, fmt.Errorf("listing orders: %w", err)
	}
	return list, nil
}
