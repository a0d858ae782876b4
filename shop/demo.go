package shop

import (
	"context"
	"fmt"
	"slices"
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
// is a day old, its orders are made anew, as on the first day. A store that
// holds anything else is not touched.
func (s *Store) SeedDemo(ctx context.Context, now time.Time) error {
	now = now.UTC().Truncate(time.Second)
	err := s.Load(ctx, true, func(b *Batch) error {
		foreign, err := b.foreign()
		if err != nil || foreign {
			return err
		}
		var placed int64
		err = b.tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(placed_at), 0) FROM orders WHERE customer_id = $1`, DemoCustomer).Scan(&placed)
		if err != nil || placed != 0 && now.Sub(time.Unix(placed, 0)).Abs() < demoFresh {
			return err
		}
		if err := b.DropDemo(); err != nil {
			return err
		}
		for _, p := range demoProducts() {
			if err := b.Product(p); err != nil {
				return err
			}
		}
		for _, c := range demoCustomers() {
			if _, err := b.Customer(c); err != nil {
				return err
			}
			for _, o := range slices.Backward(demoOrders(c, now)) {
				if _, err := b.Order(o); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("making the demo shop: %w", err)
	}
	return nil
}

// foreign says whether the store holds anything that is not the demo's.
func (b *Batch) foreign() (bool, error) {
	var products, customers int
	err := b.tx.QueryRowContext(b.ctx, `SELECT (SELECT COUNT(*) FROM products), (SELECT COUNT(*) FROM customers WHERE id NOT IN ($1, $2))`,
		DemoCustomer, OtherDemoCustomer).Scan(&products, &customers)
	if err != nil {
		return false, err
	}
	if demo, err := b.HasCustomer(DemoCustomer); err != nil || !demo {
		return products > 0 || customers > 0, err
	}
	for _, p := range demoProducts() {
		var there int
		if err := b.tx.QueryRowContext(b.ctx, `SELECT COUNT(*) FROM products WHERE id = $1`, p.ID).Scan(&there); err != nil {
			return false, err
		}
		products -= there
	}
	return products > 0 || customers > 0, nil
}

// DropDemo removes the demo shop, if it is there, and what was done to it. It is there
// when its customer is: a shop's own products may have the numbers of the demo's.
func (b *Batch) DropDemo() error {
	if there, err := b.HasCustomer(DemoCustomer); err != nil || !there {
		return err
	}
	for _, c := range demoCustomers() {
		if err := b.dropCustomer(c.ID); err != nil {
			return fmt.Errorf("removing the demo's customer %s: %w", c.ID, err)
		}
	}
	for _, p := range demoProducts() {
		if err := b.dropProduct(p.ID); err != nil {
			return fmt.Errorf("removing the demo's product %s: %w", p.ID, err)
		}
	}
	return nil
}

func (b *Batch) dropCustomer(id string) error {
	const theirs = ` WHERE order_id IN (SELECT id FROM orders WHERE customer_id = $1)`
	for _, table := range childTables {
		if err := b.exec(`DELETE FROM `+table+theirs, id); err != nil {
			return err
		}
	}
	for _, query := range []string{
		`DELETE FROM orders WHERE customer_id = $1`,
		`DELETE FROM writes WHERE customer_id = $1`,
		`DELETE FROM handovers WHERE customer_id = $1`,
		`DELETE FROM payment_methods WHERE customer_id = $1`,
		`DELETE FROM customers WHERE id = $1`,
	} {
		if err := b.exec(query, id); err != nil {
			return err
		}
	}
	return nil
}

func (b *Batch) dropProduct(id string) error {
	for _, query := range append(slices.Clone(clearProduct), `DELETE FROM products WHERE id = $1`) {
		if err := b.exec(query, id); err != nil {
			return err
		}
	}
	return b.exec(revised)
}
