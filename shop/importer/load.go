package importer

import (
	"context"
	"errors"
	"fmt"

	"parley/shop"
)

// load writes all in one transaction.
func (c *Contents) load(ctx context.Context, s *shop.Store, o Options) (Report, error) {
	total := len(c.Products) + len(c.Customers) + len(c.Orders)
	var report Report
	err := s.Load(ctx, o.Overwrite, func(b *shop.Batch) error {
		report = Report{}
		done := 0
		step := func() {
			done++
			if o.Progress != nil {
				o.Progress(done, total)
			}
		}
		if err := b.DropDemo(); err != nil {
			return err
		}
		for _, p := range c.Products {
			if err := b.Product(p); err != nil {
				return err
			}
			report.Products++
			step()
		}
		for _, buyer := range c.Customers {
			wrote, err := c.customer(b, buyer)
			if err != nil {
				return err
			}
			report.count(wrote, &report.Customers)
			step()
		}
		for i, order := range c.Orders {
			if err := c.complete(b, i, &order); err != nil {
				return err
			}
			wrote, err := b.Order(order)
			if err != nil {
				return c.placed(i, err)
			}
			report.count(wrote, &report.Orders)
			step()
		}
		return nil
	})
	if err != nil {
		return Report{}, fmt.Errorf("importing %s: %w", c.file, err)
	}
	return report, nil
}

// customer writes a customer. One of whom only orders told keeps the payment methods
// that the store knows.
func (c *Contents) customer(b *shop.Batch, buyer shop.Customer) (wrote bool, err error) {
	if c.buyers {
		if err := b.KeepMethods(&buyer); err != nil {
			return false, err
		}
	}
	return b.Customer(buyer)
}

func (r *Report) count(wrote bool, of *int) {
	if wrote {
		*of++
	} else {
		r.Left++
	}
}

// placed says in which line an order stands that could not be written.
func (c *Contents) placed(i int, err error) error {
	if i < len(c.orderLines) {
		return fmt.Errorf("line %d: %w", c.orderLines[i], err)
	}
	return err
}

// noPrice marks a line whose price, name and options are to be those of its
// product.
const noPrice = -1

// complete fills in what the file leaves to the catalogue, and what follows from
// the rest.
func (c *Contents) complete(b *shop.Batch, i int, o *shop.Order) error {
	fault := func(column, format string, args ...any) error {
		line := 1
		if i < len(c.orderLines) {
			line = c.orderLines[i]
		}
		return Errors{{File: c.file, Line: line, Column: column, Message: fmt.Sprintf(format, args...)}}
	}
	known, err := b.HasCustomer(o.CustomerID)
	if err != nil {
		return err
	}
	if !known {
		return fault("customer_id", "there is no customer %q, neither in this file nor in the store", o.CustomerID)
	}
	total := shop.Money{Currency: o.Currency}
	for j := range o.Lines {
		l := &o.Lines[j]
		if l.Price.Minor == noPrice || l.Name == "" || l.ProductID == "" {
			sold, err := b.Line(l.ItemID)
			if errors.Is(err, shop.ErrNoItem) {
				return fault("item_id", "there is no item %q, neither in this file nor in the store: import its product first, or give product_id, name and price here", l.ItemID)
			}
			if err != nil {
				return err
			}
			if l.Price.Minor == noPrice {
				if sold.Price.Currency != o.Currency {
					return fault("price", "item %q is sold in %s and the order is in %s: give its price here", l.ItemID, sold.Price.Currency, o.Currency)
				}
				l.Price = sold.Price
			}
			l.ProductID = sold.ProductID
			if l.Name == "" {
				l.Name = sold.Name
			}
			if len(l.Options) == 0 {
				l.Options = sold.Options
			}
		}
		total.Minor += l.Price.Minor
	}
	for j := range o.Payments {
		if o.Payments[j].Amount.Minor == noPrice { // it paid for all
			o.Payments[j].Amount = total
		}
	}
	return nil
}
