package shop

import (
	"encoding/json"
	"slices"
	"time"
	_ "time/tzdata" // customers' zones, on machines that carry none
)

// The views are what tools answer. Names and shapes are those of the retail
// domain of τ²-bench; what a shop knows beyond it is added in fields of its own
// and left out where it is not known. Times are in the customer's zone.
type (
	orderView struct {
		OrderID      string           `json:"order_id"`
		UserID       string           `json:"user_id"`
		Status       string           `json:"status"`
		Currency     string           `json:"currency,omitempty"`
		PlacedAt     string           `json:"placed_at,omitempty"`
		Address      Address          `json:"address"`
		Items        []itemView       `json:"items"`
		Fulfillments []fulfilmentView `json:"fulfillments"`
		Payments     []paymentView    `json:"payment_history"`
		CancelReason string           `json:"cancel_reason,omitempty"`

		ReturnItems           []string `json:"return_items,omitempty"`
		ReturnPaymentMethodID string   `json:"return_payment_method_id,omitempty"`
		ReturnRequestedAt     string   `json:"return_requested_at,omitempty"`

		// PaymentMethods describes the methods that the fields above name.
		PaymentMethods map[string]methodView `json:"payment_methods,omitempty"`
		// RefundOptions are the methods to which a return could pay back, the
		// default first; only for an order that can be returned.
		RefundOptions []string `json:"refund_options,omitempty"`
	}
	itemView struct {
		Name      string            `json:"name"`
		ProductID string            `json:"product_id"`
		ItemID    string            `json:"item_id"`
		Price     json.Number       `json:"price,omitempty"`
		Options   map[string]string `json:"options"`
	}
	fulfilmentView struct {
		TrackingID  []string    `json:"tracking_id"`
		ItemIDs     []string    `json:"item_ids"`
		Carrier     string      `json:"carrier,omitempty"`
		Service     string      `json:"service,omitempty"`
		ETA         string      `json:"eta,omitempty"`
		DeliveredAt string      `json:"delivered_at,omitempty"`
		Events      []eventView `json:"events,omitempty"`
	}
	eventView struct {
		At    string `json:"at"`
		Code  string `json:"code"`
		Place string `json:"place"`
	}
	paymentView struct {
		Kind     string      `json:"transaction_type"`
		Amount   json.Number `json:"amount"`
		MethodID string      `json:"payment_method_id"`
	}
	methodView struct {
		Source   string `json:"source"`
		Brand    string `json:"brand,omitempty"`
		LastFour string `json:"last_four,omitempty"`
	}
)

// zone is where the customer's clock hangs.
func (c Customer) zone() *time.Location {
	if zone, err := time.LoadLocation(c.TimeZone); err == nil {
		return zone
	}
	return time.UTC
}

// at writes a moment with its zone, or "" for none.
func at(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(time.RFC3339)
}

// day writes the date of a moment, or "" for none.
func day(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(time.DateOnly)
}

func viewOrder(o Order, c Customer) orderView {
	zone := c.zone()
	v := orderView{
		OrderID: o.ID, UserID: o.CustomerID, Status: o.Status, Currency: o.Currency, PlacedAt: at(o.PlacedAt, zone),
		Address: o.Address, CancelReason: o.CancelReason,
		Items: make([]itemView, 0, len(o.Lines)), Fulfillments: make([]fulfilmentView, 0, len(o.Fulfilments)),
		Payments: make([]paymentView, 0, len(o.Payments)), PaymentMethods: make(map[string]methodView),
	}
	for _, l := range o.Lines {
		v.Items = append(v.Items, viewItem(l, true))
	}
	for _, f := range o.Fulfilments {
		v.Fulfillments = append(v.Fulfillments, viewFulfilment(f, zone))
	}
	describe := func(id string) {
		if m, err := c.Method(id); err == nil {
			v.PaymentMethods[id] = methodView{m.Source, m.Brand, m.LastFour}
		}
	}
	for _, p := range o.Payments {
		v.Payments = append(v.Payments, paymentView{p.Kind, p.Amount.Number(), p.MethodID})
		describe(p.MethodID)
	}
	if o.Return != nil {
		v.ReturnItems, v.ReturnPaymentMethodID = o.Return.ItemIDs, o.Return.MethodID
		v.ReturnRequestedAt = at(o.Return.RequestedAt, zone)
		describe(o.Return.MethodID)
	}
	if o.Status == Delivered && len(o.Payments) > 0 {
		v.RefundOptions = []string{o.Payments[0].MethodID}
		for _, m := range c.Methods {
			if m.Source == GiftCard && !slices.Contains(v.RefundOptions, m.ID) {
				v.RefundOptions = append(v.RefundOptions, m.ID)
				describe(m.ID)
			}
		}
	}
	return v
}

func viewItem(l Line, price bool) itemView {
	v := itemView{Name: l.Name, ProductID: l.ProductID, ItemID: l.ItemID, Options: l.Options}
	if price {
		v.Price = l.Price.Number()
	}
	return v
}

func viewFulfilment(f Fulfilment, zone *time.Location) fulfilmentView {
	v := fulfilmentView{
		TrackingID: []string{f.TrackingID}, ItemIDs: f.ItemIDs, Carrier: f.Carrier, Service: f.Service,
		DeliveredAt: at(f.DeliveredAt, zone),
	}
	if f.DeliveredAt.IsZero() {
		v.ETA = day(f.ETA, zone)
	}
	for _, e := range f.Events {
		v.Events = append(v.Events, eventView{at(e.At, zone), e.Code, e.Place})
	}
	return v
}

type (
	summaryView struct {
		OrderID  string     `json:"order_id"`
		Status   string     `json:"status"`
		PlacedAt string     `json:"placed_at"`
		ETA      string     `json:"eta,omitempty"`
		Items    []itemView `json:"items"`
	}
	productView struct {
		Name        string              `json:"name"`
		ProductID   string              `json:"product_id"`
		Description string              `json:"description,omitempty"`
		PriceFrom   json.Number         `json:"price_from"`
		PriceTo     json.Number         `json:"price_to"`
		Currency    string              `json:"currency"`
		Available   bool                `json:"available"`
		Options     map[string][]string `json:"options"`
	}
)

func viewSummary(o OrderSummary, zone *time.Location) summaryView {
	v := summaryView{OrderID: o.ID, Status: o.Status, PlacedAt: at(o.PlacedAt, zone), ETA: day(o.ETA, zone), Items: make([]itemView, 0, len(o.Items))}
	for _, l := range o.Items {
		v.Items = append(v.Items, viewItem(l, false))
	}
	return v
}

// viewProduct gives the options of those variants that can be had now.
func viewProduct(p Product) productView {
	v := productView{Name: p.Name, ProductID: p.ID, Description: p.Description, Options: make(map[string][]string)}
	var low, high Money
	for i, variant := range p.Variants {
		if i == 0 || variant.Price.Minor < low.Minor {
			low = variant.Price
		}
		if i == 0 || variant.Price.Minor > high.Minor {
			high = variant.Price
		}
		if !variant.Available {
			continue
		}
		v.Available = true
		for name, value := range variant.Options {
			if !slices.Contains(v.Options[name], value) {
				v.Options[name] = append(v.Options[name], value)
			}
		}
	}
	v.PriceFrom, v.PriceTo, v.Currency = low.Number(), high.Number(), low.Currency
	return v
}
