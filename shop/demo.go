package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The customers of the demo shop. DemoCustomer is the one the page speaks for on
// loopback; the other is there so that isolation can be tried.
const (
	DemoCustomer      = "demo"
	OtherDemoCustomer = "demo_other"
)

// demoFresh is how old the demo's orders may get before they are made anew: a
// parcel that was to arrive tomorrow must not have been due last month.
const demoFresh = 24 * time.Hour

// SeedDemo makes the demo shop: products, two customers and their orders, with
// dates around now. Where there is one already it is left as it is, or, once it
// is a day old, its orders are made anew, as on the first day. Nothing that
// belongs to anyone else is touched.
func (s *Store) SeedDemo(ctx context.Context, now time.Time) error {
	now = now.UTC().Truncate(time.Second)
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var placed int64
		err := tx.QueryRowContext(ctx, `SELECT MAX(placed_at) FROM orders WHERE customer_id = $1 HAVING COUNT(*) > 0`, DemoCustomer).Scan(&placed)
		if err == nil && now.Sub(time.Unix(placed, 0)).Abs() < demoFresh {
			return nil
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		seed := seeder{ctx: ctx, tx: tx}
		for _, p := range demoProducts() {
			seed.product(p)
		}
		for _, c := range demoCustomers() {
			seed.forget(c.ID)
			seed.customer(c)
			for _, o := range demoOrders(c, now) {
				seed.order(o)
			}
		}
		return seed.err
	})
	if err != nil {
		return fmt.Errorf("making the demo shop: %w", err)
	}
	return nil
}

// seeder writes rows until the first error, which it keeps.
type seeder struct {
	ctx context.Context
	tx  *sql.Tx
	err error
}

func (s *seeder) exec(query string, args ...any) {
	if s.err == nil {
		_, s.err = s.tx.ExecContext(s.ctx, query, args...)
	}
}

func (s *seeder) json(value map[string]string) string {
	raw, err := json.Marshal(value)
	if s.err == nil {
		s.err = err
	}
	return string(raw)
}

// forget removes a demo customer's orders and what was done to them.
func (s *seeder) forget(customerID string) {
	const theirs = `(SELECT id FROM orders WHERE customer_id = $1)`
	for _, table := range []string{"return_items", "returns", "parcel_events", "fulfilment_items", "fulfilments", "payments", "order_lines"} {
		s.exec(`DELETE FROM `+table+` WHERE order_id IN `+theirs, customerID)
	}
	s.exec(`DELETE FROM orders WHERE customer_id = $1`, customerID)
	s.exec(`DELETE FROM writes WHERE customer_id = $1`, customerID)
}

func (s *seeder) product(p Product) {
	s.exec(`INSERT INTO products (id, name, description, keywords) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		p.ID, p.Name, p.Description, p.Keywords)
	for i, v := range p.Variants {
		available := 0
		if v.Available {
			available = 1
		}
		s.exec(`INSERT INTO variants (id, product_id, position, options, price_minor, currency, available)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			v.ID, p.ID, i, s.json(v.Options), v.Price.Minor, v.Price.Currency, available)
	}
}

func (s *seeder) customer(c Customer) {
	a := c.Address
	s.exec(`INSERT INTO customers (id, first_name, last_name, email, time_zone, address1, address2, city, state, country, zip)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
		c.ID, c.FirstName, c.LastName, c.Email, c.TimeZone, a.Address1, a.Address2, a.City, a.State, a.Country, a.Zip)
	for i, m := range c.Methods {
		balance := sql.NullInt64{}
		if m.Balance != nil {
			balance = sql.NullInt64{Int64: *m.Balance, Valid: true}
		}
		s.exec(`INSERT INTO payment_methods (customer_id, id, position, source, brand, last_four, balance_minor)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`, c.ID, m.ID, i, m.Source, m.Brand, m.LastFour, balance)
	}
}

func (s *seeder) order(o Order) {
	a := o.Address
	s.exec(`INSERT INTO orders (id, customer_id, status, currency, placed_at, cancel_reason, address1, address2, city, state, country, zip)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		o.ID, o.CustomerID, o.Status, o.Currency, o.PlacedAt.Unix(), o.CancelReason, a.Address1, a.Address2, a.City, a.State, a.Country, a.Zip)
	for i, l := range o.Lines {
		s.exec(`INSERT INTO order_lines (order_id, position, item_id, product_id, name, options, price_minor) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			o.ID, i, l.ItemID, l.ProductID, l.Name, s.json(l.Options), l.Price.Minor)
	}
	for i, p := range o.Payments {
		s.exec(`INSERT INTO payments (order_id, position, kind, amount_minor, payment_method_id) VALUES ($1, $2, $3, $4, $5)`,
			o.ID, i, p.Kind, p.Amount.Minor, p.MethodID)
	}
	for i, f := range o.Fulfilments {
		s.exec(`INSERT INTO fulfilments (order_id, position, tracking_id, carrier, service, eta, delivered_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			o.ID, i, f.TrackingID, f.Carrier, f.Service, seconds(f.ETA), seconds(f.DeliveredAt))
		for j, item := range f.ItemIDs {
			s.exec(`INSERT INTO fulfilment_items (order_id, fulfilment, position, item_id) VALUES ($1, $2, $3, $4)`, o.ID, i, j, item)
		}
		for j, e := range f.Events {
			s.exec(`INSERT INTO parcel_events (order_id, fulfilment, position, at, code, place) VALUES ($1, $2, $3, $4, $5, $6)`,
				o.ID, i, j, e.At.Unix(), e.Code, e.Place)
		}
	}
}
