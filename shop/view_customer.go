package shop

import (
	"context"

	"parley/tools"
)

type customerView struct {
	UserID  string                `json:"user_id"`
	Name    nameView              `json:"name"`
	Address Address               `json:"address"`
	Email   string                `json:"email"`
	Methods map[string]methodView `json:"payment_methods"`
	Orders  []string              `json:"orders"`
}

type nameView struct {
	First string `json:"first_name"`
	Last  string `json:"last_name"`
}

func viewCustomer(c Customer, orders []string) customerView {
	v := customerView{UserID: c.ID, Name: nameView{c.FirstName, c.LastName}, Address: c.Address, Email: c.Email,
		Methods: make(map[string]methodView, len(c.Methods)), Orders: orders}
	for _, m := range c.Methods {
		v.Methods[m.ID] = viewMethod(m)
	}
	return v
}

func viewMethod(m PaymentMethod) methodView {
	v := methodView{Source: m.Source, ID: m.ID, Brand: m.Brand, LastFour: m.LastFour}
	if m.Balance != nil {
		v.Balance, v.Currency = m.Balance.Number(), m.Balance.Currency
	}
	return v
}

type userArgs struct {
	UserID string `json:"user_id"`
}

func (s *Store) getUserDetails(ctx context.Context, args userArgs, call tools.Call) (any, error) {
	if !reachOf(call.Caller).has(args.UserID) {
		return nil, ErrNoCustomer
	}
	var v customerView
	err := s.view(ctx, func(q queryer) error {
		c, err := customer(ctx, q, args.UserID)
		if err != nil {
			return err
		}
		orders, err := orderIDs(ctx, q, c.ID)
		v = viewCustomer(c, orders)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}
