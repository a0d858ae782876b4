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

		ExchangeItems           []string    `json:"exchange_items,omitempty"`
		ExchangeNewItems        []string    `json:"exchange_new_items,omitempty"`
		ExchangePaymentMethodID string      `json:"exchange_payment_method_id,omitempty"`
		ExchangePriceDifference json.Number `json:"exchange_price_difference,omitempty"`

		ReturnItems           []string `json:"return_items,omitempty"`
		ReturnPaymentMethodID string   `json:"return_payment_method_id,omitempty"`

		// RequestState is how far a return or an exchange is, once it is more than
		// requested.
		RequestState string `json:"request_state,omitempty"`

		// Photos are what customers sent, for the shop's own people alone.
		Photos []RequestPhoto `json:"photos,omitempty"`

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
		Mode        string      `json:"mode,omitempty"`
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
		Source   string      `json:"source"`
		ID       string      `json:"id"`
		Brand    string      `json:"brand,omitempty"`
		LastFour string      `json:"last_four,omitempty"`
		Balance  json.Number `json:"balance,omitempty"`
		Currency string      `json:"currency,omitempty"`
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

// viewOrder is an order as get_order_details and the writes tell of it. With
// help it also has what a conversation with the customer needs: what the payment
// methods are, and where a return could pay to. The shop's own people get the
// bare record.
func viewOrder(o Order, c Customer, help bool) orderView {
	zone := c.zone()
	v := orderView{
		OrderID: o.ID, UserID: o.CustomerID, Status: o.Status, Currency: o.Currency, PlacedAt: at(o.PlacedAt, zone),
		Address: o.Address, CancelReason: o.CancelReason,
		Items: make([]itemView, 0, len(o.Lines)), Fulfillments: make([]fulfilmentView, 0, len(o.Fulfilments)),
		Payments: make([]paymentView, 0, len(o.Payments)),
	}
	for _, l := range o.Lines {
		v.Items = append(v.Items, viewItem(l, true))
	}
	for _, f := range o.Fulfilments {
		v.Fulfillments = append(v.Fulfillments, viewFulfilment(f, zone))
	}
	for _, p := range o.Payments {
		v.Payments = append(v.Payments, paymentView{p.Kind, p.Amount.Number(), p.MethodID})
	}
	if r := o.Return; r != nil {
		v.ReturnItems, v.ReturnPaymentMethodID = r.ItemIDs, r.MethodID
		v.requestState(r.State)
	}
	if e := o.Exchange; e != nil {
		v.ExchangePaymentMethodID, v.ExchangePriceDifference = e.MethodID, e.Difference.Number()
		for _, swap := range e.Items {
			v.ExchangeItems = append(v.ExchangeItems, swap.ItemID)
			v.ExchangeNewItems = append(v.ExchangeNewItems, swap.NewItemID)
		}
		slices.Sort(v.ExchangeItems)
		slices.Sort(v.ExchangeNewItems)
		v.requestState(e.State)
	}
	if help {
		v.help(o, c)
	}
	return v
}

func (v *orderView) requestState(state string) {
	if state != Requested {
		v.RequestState = state
	}
}

// help adds what a conversation with the customer needs.
func (v *orderView) help(o Order, c Customer) {
	v.PaymentMethods = make(map[string]methodView)
	describe := func(id string) {
		if m, err := c.Method(id); err == nil {
			v.PaymentMethods[id] = viewMethod(m)
		}
	}
	for _, p := range o.Payments {
		describe(p.MethodID)
	}
	if o.Return != nil {
		describe(o.Return.MethodID)
	}
	if o.Exchange != nil {
		describe(o.Exchange.MethodID)
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
}

func viewItem(l Line, price bool) itemView {
	v := itemView{Name: l.Name, ProductID: l.ProductID, ItemID: l.ItemID, Options: l.Options}
	if price {
		v.Price = l.Price.Number()
	}
	return v
}

// viewFulfilment tells of several parcels as of one: the carrier of the first, the
// day of the last, all events.
func viewFulfilment(f Fulfilment, zone *time.Location) fulfilmentView {
	v := fulfilmentView{TrackingID: make([]string, 0, len(f.Parcels)), ItemIDs: append([]string{}, f.ItemIDs...)}
	var eta, delivered time.Time
	var events []ParcelEvent
	all := true
	for i, p := range f.Parcels {
		v.TrackingID = append(v.TrackingID, p.TrackingID)
		if i == 0 {
			v.Carrier, v.Service, v.Mode = p.Carrier, p.Service, p.Mode
		}
		if p.DeliveredAt.IsZero() {
			all = false
			if p.ETA.After(eta) {
				eta = p.ETA
			}
		} else if p.DeliveredAt.After(delivered) {
			delivered = p.DeliveredAt
		}
		events = append(events, p.Events...)
	}
	v.ETA = day(eta, zone)
	if all {
		v.DeliveredAt = at(delivered, zone)
	}
	slices.SortStableFunc(events, func(a, b ParcelEvent) int { return a.At.Compare(b.At) })
	for _, e := range events {
		v.Events = append(v.Events, eventView{at(e.At, zone), e.Code, e.Place})
	}
	return v
}
