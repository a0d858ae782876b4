package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"parley/shop/logistics"
	"parley/shop/policy"
	"parley/tools"
)

// Why something cannot be returned.
const (
	windowOver       = "window_over"
	category         = "category"
	notDelivered     = "not_delivered"
	alreadyRequested = "already_requested"
)

type optionsArgs struct {
	OrderID string `json:"order_id"`
}

type (
	optionsView struct {
		Orders []returnableView `json:"orders"`
		Policy policyView       `json:"policy"`
	}
	policyView struct {
		WindowDays int    `json:"window_days"`
		WhoPays    string `json:"who_pays"`
		RefundDays int    `json:"refund_days"`
	}
	returnableView struct {
		OrderID     string               `json:"order_id"`
		Status      string               `json:"status"`
		DeliveredAt string               `json:"delivered_at,omitempty"`
		Returnable  bool                 `json:"returnable"`
		Reason      string               `json:"reason,omitempty"`
		Items       []returnableItemView `json:"items"`
		WhoPays     string               `json:"who_pays,omitempty"`
		RefundTo    []string             `json:"refund_to,omitempty"`
		RefundDays  int                  `json:"refund_days,omitempty"`
		Rule        string               `json:"rule,omitempty"`
	}
	returnableItemView struct {
		ItemID     string            `json:"item_id"`
		Name       string            `json:"name"`
		Options    map[string]string `json:"options"`
		Returnable bool              `json:"returnable"`
		Reason     string            `json:"reason,omitempty"`
		Until      string            `json:"until,omitempty"`
		Fee        json.Number       `json:"fee,omitempty"`
	}
)

// returnOptions tells what of an order, or of the latest delivered ones, may be
// returned, until when, who pays the way and where the money goes. To someone who
// is not known it tells the rule for all.
func (s *Store) returnOptions(ctx context.Context, args optionsArgs, call tools.Call) (any, error) {
	v := optionsView{Orders: []returnableView{}}
	general, err := s.rules.Policy.Return(policy.Case{})
	if err != nil {
		return nil, err
	}
	v.Policy = policyView{general.WindowDays, general.WhoPays, general.RefundDays}
	within := reachOf(call.Caller)
	if within.customer == "" && !within.staff {
		return v, nil
	}
	ids := []string{args.OrderID}
	if args.OrderID == "" {
		if ids, err = s.delivered(ctx, within.customer); err != nil {
			return nil, err
		}
	}
	err = s.view(ctx, func(q queryer) error {
		var c Customer
		for _, id := range ids {
			o, err := order(ctx, q, within, id)
			if err == nil && o.CustomerID != c.ID {
				c, err = customer(ctx, q, o.CustomerID)
			}
			if err != nil {
				return err
			}
			of, err := categories(ctx, q, o.ID)
			if err != nil {
				return err
			}
			one, err := s.returnable(o, c, of)
			if err != nil {
				return err
			}
			v.Orders = append(v.Orders, one)
		}
		return nil
	})
	return v, err
}

// delivered are the numbers of a customer's latest delivered orders.
func (s *Store) delivered(ctx context.Context, customerID string) ([]string, error) {
	list, err := s.Orders(ctx, customerID, listed)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, o := range list {
		if o.Status == Delivered {
			ids = append(ids, o.ID)
		}
	}
	return ids, nil
}

// returnable judges each thing in an order by the policy, which goes by the product's
// category.
func (s *Store) returnable(o Order, c Customer, categories map[string]string) (returnableView, error) {
	zone := c.zone()
	v := returnableView{OrderID: o.ID, Status: o.Status, Items: []returnableItemView{}}
	switch o.Status {
	case Delivered:
	case ReturnRequested, ExchangeRequested:
		v.Reason = alreadyRequested
	default:
		v.Reason = notDelivered
	}
	arrived, mode := o.arrived()
	v.DeliveredAt = at(arrived, zone)
	given := policy.Case{Country: s.rules.Lanes.Code(o.Address.Country), Mode: mode}
	if !arrived.IsZero() {
		given.Days = max(0, logistics.DaysBetween(arrived, s.now().In(zone)))
	}
	for _, l := range o.Lines {
		given.Category, given.Price = categories[l.ProductID], major(l.Price)
		terms, err := s.rules.Policy.Return(given)
		if err != nil {
			return v, err
		}
		item := returnableItemView{ItemID: l.ItemID, Name: l.Name, Options: l.Options, Returnable: terms.Returnable && v.Reason == "", Reason: v.Reason}
		switch {
		case v.Reason != "":
		case terms.Over:
			item.Reason = windowOver
		case !terms.Returnable:
			item.Reason = category
		default:
			if !arrived.IsZero() {
				item.Until = day(arrived.In(zone).AddDate(0, 0, terms.WindowDays), zone)
			}
			if fee := l.Price.Minor * int64(terms.FeePercent) / 100; fee > 0 {
				item.Fee = Money{fee, l.Price.Currency}.Number()
			}
		}
		if item.Returnable && !v.Returnable {
			v.Returnable = true
			v.WhoPays, v.RefundDays, v.Rule = terms.WhoPays, terms.RefundDays, terms.Rule
			v.RefundTo = refundTo(o, c, terms.RefundTo)
		}
		v.Items = append(v.Items, item)
	}
	if !v.Returnable && v.Reason == "" && len(v.Items) > 0 {
		v.Reason = v.Items[0].Reason
	}
	return v, nil
}

// arrived is when the last parcel of an order came, and how that one travelled. The
// time is zero when the store does not know.
func (o Order) arrived() (when time.Time, mode string) {
	mode = Express
	for _, p := range o.parcels() {
		if when.IsZero() || p.DeliveredAt.After(when) {
			when, mode = p.DeliveredAt, p.mode()
		}
	}
	return when, mode
}

// categories are those of the products in an order, by product; of one that is no
// longer sold there is none.
func categories(ctx context.Context, q queryer, orderID string) (map[string]string, error) {
	found := make(map[string]string)
	err := rows(ctx, q, func(r *sql.Rows) error {
		var product, of string
		err := r.Scan(&product, &of)
		found[product] = of
		return err
	}, `SELECT DISTINCT p.id, p.category FROM order_lines l JOIN products p ON p.id = l.product_id WHERE l.order_id = $1`, orderID)
	if err != nil {
		return nil, fmt.Errorf("reading the categories in order %s: %w", orderID, err)
	}
	return found, nil
}

// refundTo are the payment methods that money may go to, the original one first.
func refundTo(o Order, c Customer, allowed []string) []string {
	var ids []string
	if slices.Contains(allowed, "original") && len(o.Payments) > 0 {
		ids = append(ids, o.Payments[0].MethodID)
	}
	if slices.Contains(allowed, "gift_card") {
		for _, m := range c.Methods {
			if m.Source == GiftCard && !slices.Contains(ids, m.ID) {
				ids = append(ids, m.ID)
			}
		}
	}
	return ids
}
