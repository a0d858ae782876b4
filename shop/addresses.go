package shop

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"parley/tools"
)

type orderAddressArgs struct {
	OrderID  string `json:"order_id"`
	Address1 string `json:"address1"`
	Address2 string `json:"address2"`
	City     string `json:"city"`
	State    string `json:"state"`
	Country  string `json:"country"`
	Zip      string `json:"zip"`
}

func (s *Store) modifyPendingOrderAddress(ctx context.Context, args orderAddressArgs, call tools.Call) (any, error) {
	return s.changeOrder(ctx, call, args.OrderID, func(tx *sql.Tx, now time.Time, o *Order, _ *Customer) error {
		if !strings.Contains(o.Status, Pending) {
			return errNotModifiable
		}
		a := Address{args.Address1, args.Address2, args.City, args.State, args.Country, args.Zip}
		_, err := tx.ExecContext(ctx, `UPDATE orders SET address1 = $1, address2 = $2, city = $3, state = $4, country = $5, zip = $6 WHERE id = $7`,
			a.Address1, a.Address2, a.City, a.State, a.Country, a.Zip, o.ID)
		if err != nil {
			return fmt.Errorf("changing the address of order %s: %w", o.ID, err)
		}
		o.Address = a
		return change(ctx, tx, now, *o)
	})
}

type userAddressArgs struct {
	UserID   string `json:"user_id"`
	Address1 string `json:"address1"`
	Address2 string `json:"address2"`
	City     string `json:"city"`
	State    string `json:"state"`
	Country  string `json:"country"`
	Zip      string `json:"zip"`
}

func (s *Store) modifyUserAddress(ctx context.Context, args userAddressArgs, call tools.Call) (any, error) {
	return s.once(ctx, call, func(tx *sql.Tx, now time.Time) (any, error) {
		if !reachOf(call.Caller).has(args.UserID) {
			return nil, ErrNoCustomer
		}
		c, err := customer(ctx, tx, args.UserID)
		if err != nil {
			return nil, err
		}
		c.Address = Address{args.Address1, args.Address2, args.City, args.State, args.Country, args.Zip}
		a := c.Address
		_, err = tx.ExecContext(ctx, `UPDATE customers SET address1 = $1, address2 = $2, city = $3, state = $4, country = $5, zip = $6, changed_at = $7 WHERE id = $8`,
			a.Address1, a.Address2, a.City, a.State, a.Country, a.Zip, now.Unix(), c.ID)
		if err != nil {
			return nil, fmt.Errorf("changing the address of customer %s: %w", c.ID, err)
		}
		orders, err := orderIDs(ctx, tx, c.ID)
		if err != nil {
			return nil, err
		}
		return viewCustomer(c, orders), nil
	})
}
