package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Batch writes many rows in one transaction, see [Store.Load]. What has an id
// that is in the store already is replaced.
type Batch struct {
	ctx  context.Context
	tx   *sql.Tx
	next int64 // the position of the next order that is new
	// overwrite replaces also what a tool has changed.
	overwrite bool
}

// Load runs do with a batch, whose rows are all kept when do returns nil, and none
// otherwise. An order or a customer that a tool has changed since it came in stays
// as it is, unless overwrite is set: a customer who cancelled must not find the
// order alive again because yesterday's export says so. do may run more than once.
func (s *Store) Load(ctx context.Context, overwrite bool, do func(*Batch) error) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		b := &Batch{ctx: ctx, tx: tx, overwrite: overwrite}
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(position), 0) + 1 FROM orders`).Scan(&b.next); err != nil {
			return fmt.Errorf("reading the store: %w", err)
		}
		return do(b)
	})
}

func (b *Batch) exec(query string, args ...any) error {
	_, err := b.tx.ExecContext(b.ctx, query, args...)
	return err
}

// changed says when a tool last changed a row, 0 for never; seen is false when
// there is no such row.
func (b *Batch) changed(query, id string) (at int64, seen bool, err error) {
	err = b.tx.QueryRowContext(b.ctx, query, id).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return at, err == nil, err
}

// Product writes a product with its variants, their stock and its photos. A
// variant that is not among them any more is removed.
func (b *Batch) Product(p Product) error {
	if err := b.product(p); err != nil {
		return fmt.Errorf("writing product %s: %w", p.ID, err)
	}
	return nil
}

func (b *Batch) product(p Product) error {
	err := b.exec(`INSERT INTO products (id, name, description, keywords, category) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description,
			keywords = excluded.keywords, category = excluded.category`, p.ID, p.Name, p.Description, p.Keywords, p.Category)
	if err != nil {
		return err
	}
	for _, query := range clearProduct {
		if err := b.exec(query, p.ID); err != nil {
			return err
		}
	}
	for i, v := range p.Variants {
		options, err := json.Marshal(nonNil(v.Options))
		if err != nil {
			return err
		}
		err = b.exec(`INSERT INTO variants (id, product_id, position, options, price_minor, currency, available) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			v.ID, p.ID, i, string(options), v.Price.Minor, v.Price.Currency, number(v.Available))
		if err != nil {
			return fmt.Errorf("item %s: %w", v.ID, err)
		}
		for warehouse, quantity := range v.Stock {
			if err := b.exec(`INSERT INTO stock (item_id, warehouse, quantity) VALUES ($1, $2, $3)`, v.ID, warehouse, quantity); err != nil {
				return fmt.Errorf("item %s: %w", v.ID, err)
			}
		}
	}
	if err := b.exec(revised); err != nil {
		return err
	}
	for i, f := range p.Photos {
		if err := b.exec(`INSERT INTO photos (product_id, position, item_id, path, hash) VALUES ($1, $2, $3, $4, $5)`,
			p.ID, i, f.ItemID, f.Path, f.Hash); err != nil {
			return err
		}
	}
	return nil
}

// revised makes every process search what is sold anew.
const revised = `UPDATE catalogue SET revision = revision + 1`

// clearProduct removes what hangs on a product.
var clearProduct = []string{
	`DELETE FROM photos WHERE product_id = $1`,
	`DELETE FROM stock WHERE item_id IN (SELECT id FROM variants WHERE product_id = $1)`,
	`DELETE FROM variants WHERE product_id = $1`,
}

func nonNil(options map[string]string) map[string]string {
	if options == nil {
		return map[string]string{}
	}
	return options
}

// number is how yes and no are stored.
func number(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// Customer writes a customer with their payment methods. It says false when the
// customer was left as they are, see [Store.Load].
func (b *Batch) Customer(c Customer) (bool, error) {
	wrote, err := b.customer(c)
	if err != nil {
		return false, fmt.Errorf("writing customer %s: %w", c.ID, err)
	}
	return wrote, nil
}

func (b *Batch) customer(c Customer) (bool, error) {
	changed, _, err := b.changed(`SELECT changed_at FROM customers WHERE id = $1`, c.ID)
	if err != nil || changed != 0 && !b.overwrite {
		return false, err
	}
	a := c.Address
	err = b.exec(`INSERT INTO customers (id, first_name, last_name, email, email_key, name_key, time_zone, address1, address2, city, state, country, zip)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name, email = excluded.email,
			email_key = excluded.email_key, name_key = excluded.name_key, time_zone = excluded.time_zone, address1 = excluded.address1,
			address2 = excluded.address2, city = excluded.city, state = excluded.state, country = excluded.country, zip = excluded.zip, changed_at = 0`,
		c.ID, c.FirstName, c.LastName, c.Email, fold(c.Email), nameKey(c.FirstName, c.LastName), c.TimeZone,
		a.Address1, a.Address2, a.City, a.State, a.Country, a.Zip)
	if err == nil {
		err = b.exec(`DELETE FROM payment_methods WHERE customer_id = $1`, c.ID)
	}
	if err != nil {
		return false, err
	}
	for i, m := range c.Methods {
		balance, currency := sql.NullInt64{}, ""
		if m.Balance != nil {
			balance, currency = sql.NullInt64{Int64: m.Balance.Minor, Valid: true}, m.Balance.Currency
		}
		err := b.exec(`INSERT INTO payment_methods (customer_id, id, position, source, brand, last_four, balance_minor, currency)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, c.ID, m.ID, i, m.Source, m.Brand, m.LastFour, balance, currency)
		if err != nil {
			return false, fmt.Errorf("payment method %s: %w", m.ID, err)
		}
	}
	return true, nil
}

// childTables hang on an order, each before those it refers to.
var childTables = []string{
	"request_photos", "parcel_problems", "exchange_items", "exchanges", "return_items", "returns", "parcel_events", "parcels",
	"fulfilment_items", "fulfilments", "payments", "order_lines",
}

// Order writes an order with all that belongs to it. It says false when the order
// was left as it is, see [Store.Load].
func (b *Batch) Order(o Order) (bool, error) {
	wrote, err := b.order(o)
	if err != nil {
		return false, fmt.Errorf("writing order %s: %w", o.ID, err)
	}
	return wrote, nil
}

func (b *Batch) order(o Order) (bool, error) {
	changed, seen, err := b.changed(`SELECT changed_at FROM orders WHERE id = $1`, o.ID)
	if err != nil || changed != 0 && !b.overwrite {
		return false, err
	}
	if seen {
		for _, table := range childTables {
			if table == "parcel_problems" || table == "request_photos" { // what customers reported stays
				continue
			}
			if err := b.exec(`DELETE FROM `+table+` WHERE order_id = $1`, o.ID); err != nil {
				return false, err
			}
		}
	}
	a := o.Address
	err = b.exec(`INSERT INTO orders (id, customer_id, position, status, currency, placed_at, cancel_reason, address1, address2, city, state, country, zip)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET customer_id = excluded.customer_id, status = excluded.status, currency = excluded.currency,
			placed_at = excluded.placed_at, cancel_reason = excluded.cancel_reason, address1 = excluded.address1, address2 = excluded.address2,
			city = excluded.city, state = excluded.state, country = excluded.country, zip = excluded.zip, changed_at = 0`,
		o.ID, o.CustomerID, b.next, o.Status, o.Currency, since(o.PlacedAt), o.CancelReason, a.Address1, a.Address2, a.City, a.State, a.Country, a.Zip)
	if err != nil {
		return false, err
	}
	b.next++
	if err := b.lines(o); err != nil {
		return false, err
	}
	if err := b.fulfilments(o); err != nil {
		return false, err
	}
	if o.Return != nil {
		if err := saveReturn(b.ctx, b.tx, o); err != nil {
			return false, err
		}
	}
	if o.Exchange != nil {
		if err := saveExchange(b.ctx, b.tx, o); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (b *Batch) lines(o Order) error {
	for i, l := range o.Lines {
		options, err := json.Marshal(nonNil(l.Options))
		if err != nil {
			return err
		}
		err = b.exec(`INSERT INTO order_lines (order_id, position, item_id, product_id, name, options, price_minor) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			o.ID, i, l.ItemID, l.ProductID, l.Name, string(options), l.Price.Minor)
		if err != nil {
			return err
		}
	}
	paid := o.Payments
	o.Payments = nil
	return pay(b.ctx, b.tx, &o, paid...)
}

func (b *Batch) fulfilments(o Order) error {
	for i, f := range o.Fulfilments {
		if err := b.exec(`INSERT INTO fulfilments (order_id, position) VALUES ($1, $2)`, o.ID, i); err != nil {
			return err
		}
		for j, item := range f.ItemIDs {
			if err := b.exec(`INSERT INTO fulfilment_items (order_id, fulfilment, position, item_id) VALUES ($1, $2, $3, $4)`, o.ID, i, j, item); err != nil {
				return err
			}
		}
		for j, p := range f.Parcels {
			if err := b.parcel(o.ID, i, j, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Batch) parcel(orderID string, fulfilment, position int, p Parcel) error {
	err := b.exec(`INSERT INTO parcels (order_id, fulfilment, position, tracking_id, carrier, service, mode, shipped_at, eta, delivered_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		orderID, fulfilment, position, p.TrackingID, p.Carrier, p.Service, p.Mode, seconds(p.ShippedAt), seconds(p.ETA), seconds(p.DeliveredAt))
	if err != nil {
		return err
	}
	for i, e := range slices.SortedStableFunc(slices.Values(p.Events), func(a, b ParcelEvent) int { return a.At.Compare(b.At) }) {
		err := b.exec(`INSERT INTO parcel_events (order_id, fulfilment, parcel, position, at, code, place) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			orderID, fulfilment, position, i, e.At.Unix(), e.Code, e.Place)
		if err != nil {
			return err
		}
	}
	return nil
}

// Empty says whether the store holds no products, customers or orders.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	var filled int
	err := s.read.QueryRowContext(ctx, `SELECT CASE WHEN EXISTS (SELECT 1 FROM products) OR EXISTS (SELECT 1 FROM customers)
		OR EXISTS (SELECT 1 FROM orders) THEN 1 ELSE 0 END`).Scan(&filled)
	if err != nil {
		return false, fmt.Errorf("looking into the store: %w", err)
	}
	return filled == 0, nil
}

// HasCustomer says whether there is such a customer.
func (b *Batch) HasCustomer(customerID string) (bool, error) {
	var n int
	err := b.tx.QueryRowContext(b.ctx, `SELECT COUNT(*) FROM customers WHERE id = $1`, customerID).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("looking for customer %s: %w", customerID, err)
	}
	return n > 0, nil
}

// KeepMethods adds to a customer the payment methods that the store knows of them
// and that are not among theirs.
func (b *Batch) KeepMethods(c *Customer) error {
	known, err := customer(b.ctx, b.tx, c.ID)
	if errors.Is(err, ErrNoCustomer) {
		return nil
	}
	if err != nil {
		return err
	}
	all := known.Methods
	for _, m := range c.Methods {
		if _, err := known.Method(m.ID); err != nil {
			all = append(all, m)
		}
	}
	c.Methods = all
	return nil
}

// Line is what an order of one item of the catalogue would hold, or [ErrNoItem].
func (b *Batch) Line(itemID string) (Line, error) {
	l := Line{ItemID: itemID}
	var options string
	err := b.tx.QueryRowContext(b.ctx, `SELECT p.id, p.name, v.options, v.price_minor, v.currency
		FROM variants v JOIN products p ON p.id = v.product_id WHERE v.id = $1`, itemID).
		Scan(&l.ProductID, &l.Name, &options, &l.Price.Minor, &l.Price.Currency)
	if errors.Is(err, sql.ErrNoRows) {
		return Line{}, ErrNoItem
	}
	if err == nil {
		err = json.Unmarshal([]byte(options), &l.Options)
	}
	if err != nil {
		return Line{}, fmt.Errorf("reading item %s: %w", itemID, err)
	}
	return l, nil
}
