package shop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
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
		var currency string
		if err := r.Scan(&m.ID, &m.Source, &m.Brand, &m.LastFour, &balance, &currency); err != nil {
			return err
		}
		if balance.Valid {
			m.Balance = &Money{Minor: balance.Int64, Currency: currency}
		}
		c.Methods = append(c.Methods, m)
		return nil
	}, `SELECT id, source, brand, last_four, balance_minor, currency FROM payment_methods WHERE customer_id = $1 ORDER BY position`, customerID)
	if err != nil {
		return Customer{}, fmt.Errorf("reading the payment methods of customer %s: %w", customerID, err)
	}
	return c, nil
}

// orderIDs lists a customer's orders, the oldest first.
func orderIDs(ctx context.Context, q queryer, customerID string) ([]string, error) {
	ids := []string{}
	err := rows(ctx, q, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM orders WHERE customer_id = $1 ORDER BY placed_at, position`, customerID)
	if err != nil {
		return nil, fmt.Errorf("listing the orders of customer %s: %w", customerID, err)
	}
	return ids, nil
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

// covers says whether a payment could be made with the method now. Only a gift
// card has a bound that the shop knows.
func (m PaymentMethod) covers(minor int64) bool {
	return m.Source != GiftCard || m.Balance != nil && m.Balance.Minor >= minor
}

// credit moves money onto a gift card at once, or off it when minor is negative.
// Other methods are settled by the shop's payment system.
func credit(ctx context.Context, tx *sql.Tx, now time.Time, customerID string, m PaymentMethod, minor int64) error {
	if m.Source != GiftCard || minor == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE payment_methods SET balance_minor = balance_minor + $1 WHERE customer_id = $2 AND id = $3`,
		minor, customerID, m.ID)
	if err == nil {
		_, err = tx.ExecContext(ctx, `UPDATE customers SET changed_at = $1 WHERE id = $2`, now.Unix(), customerID)
	}
	if err != nil {
		return fmt.Errorf("moving money on gift card %s: %w", m.ID, err)
	}
	return nil
}

// fold is text as it is compared: without case, without spaces around it.
func fold(text string) string {
	return cases.Fold().String(norm.NFC.String(strings.Join(strings.Fields(text), " ")))
}

// nameKey is a name as it is compared.
func nameKey(first, last string) string { return fold(first) + "|" + fold(last) }
