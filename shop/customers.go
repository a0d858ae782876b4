package shop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Customer is a customer with their payment methods, or [ErrNoCustomer].
func (s *Store) Customer(ctx context.Context, customerID string) (Customer, error) {
	return customer(ctx, s.read, customerID)
}

func customer(ctx context.Context, q queryer, customerID string) (Customer, error) {
	c := Customer{ID: customerID}
	err := q.QueryRowContext(ctx, `
		SELECT first_name, last_name, email, time_zone, address1, address2, city, state, country, zip
		FROM customers WHERE id = $1`, customerID).
		Scan(&c.FirstName, &c.LastName, &c.Email, &c.TimeZone, &c.Address.Address1, &c.Address.Address2,
			&c.Address.City, &c.Address.State, &c.Address.Country, &c.Address.Zip)
	if errors.Is(err, sql.ErrNoRows) {
		return Customer{}, ErrNoCustomer
	}
	if err != nil {
		return Customer{}, fmt.Errorf("reading customer %s: %w", customerID, err)
	}
	err = rows(ctx, q, func(r *sql.Rows) error {
		var m PaymentMethod
		var balance sql.NullInt64
		if err := r.Scan(&m.ID, &m.Source, &m.Brand, &m.LastFour, &balance); err != nil {
			return err
		}
		if balance.Valid {
			m.Balance = &balance.Int64
		}
		c.Methods = append(c.Methods, m)
		return nil
	}, `SELECT id, source, brand, last_four, balance_minor FROM payment_methods WHERE customer_id = $1 ORDER BY position`, customerID)
	if err != nil {
		return Customer{}, fmt.Errorf("reading the payment methods of customer %s: %w", customerID, err)
	}
	return c, nil
}

// Method finds one of the customer's payment methods, or [ErrNoPaymentMethod].
func (c Customer) Method(id string) (PaymentMethod, error) {
	for _, m := range c.Methods {
		if m.ID == id {
			return m, nil
		}
	}
	return PaymentMethod{}, ErrNoPaymentMethod
}
