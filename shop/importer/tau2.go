package importer

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"parley/shop"
)

// The store of τ²-bench's retail domain. It names no currency and no times.
type (
	tau2Store struct {
		Products map[string]tau2Product `json:"products"`
		Users    map[string]tau2User    `json:"users"`
		Orders   map[string]tau2Order   `json:"orders"`
	}
	tau2Product struct {
		ID       string                 `json:"product_id"`
		Name     string                 `json:"name"`
		Variants map[string]tau2Variant `json:"variants"`
	}
	tau2Variant struct {
		ID        string            `json:"item_id"`
		Options   map[string]string `json:"options"`
		Available bool              `json:"available"`
		Price     json.Number       `json:"price"`
	}
	tau2User struct {
		ID   string `json:"user_id"`
		Name struct {
			First string `json:"first_name"`
			Last  string `json:"last_name"`
		} `json:"name"`
		Address shop.Address          `json:"address"`
		Email   string                `json:"email"`
		Methods map[string]jsonMethod `json:"payment_methods"`
		Orders  []string              `json:"orders"`
	}
	tau2Order struct {
		ID          string            `json:"order_id"`
		UserID      string            `json:"user_id"`
		Address     shop.Address      `json:"address"`
		Items       []jsonLine        `json:"items"`
		Status      string            `json:"status"`
		Fulfilments []tau2Fulfilment  `json:"fulfillments"`
		Payments    []tau2Transaction `json:"payment_history"`

		CancelReason       string      `json:"cancel_reason"`
		ExchangeItems      []string    `json:"exchange_items"`
		ExchangeNewItems   []string    `json:"exchange_new_items"`
		ExchangeMethodID   string      `json:"exchange_payment_method_id"`
		ExchangeDifference json.Number `json:"exchange_price_difference"`
		ReturnItems        []string    `json:"return_items"`
		ReturnMethodID     string      `json:"return_payment_method_id"`
	}
	tau2Fulfilment struct {
		TrackingIDs []string `json:"tracking_id"`
		ItemIDs     []string `json:"item_ids"`
	}
	tau2Transaction struct {
		Kind     string      `json:"transaction_type"`
		Amount   json.Number `json:"amount"`
		MethodID string      `json:"payment_method_id"`
	}
)

// tau2Reader turns the store into ours. Amounts there are binary fractions, and are
// rounded.
type tau2Reader struct {
	*complaints
	currency string
}

func (r tau2Reader) money(in string, n json.Number) shop.Money {
	m, err := shop.RoundMoney(n.String(), r.currency)
	if err != nil {
		r.add(place{1, in}, "%v", err)
	}
	return m
}

func (c *Contents) tau2(data []byte, currency string, said *complaints) {
	var s tau2Store
	if err := json.Unmarshal(data, &s); err != nil {
		r := &reader{said, data}
		if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			said.add(place{r.line(bad.Offset), bad.Field}, "it is a %s and must be a %s", bad.Value, kindName(bad.Type.String()))
			return
		}
		r.broken(err, 0)
		return
	}
	r := tau2Reader{said, currency}
	for _, id := range slices.Sorted(maps.Keys(s.Products)) {
		c.Products = append(c.Products, r.product(id, s.Products[id]))
	}
	placed := make(map[string]bool)
	for _, id := range slices.Sorted(maps.Keys(s.Users)) {
		user := s.Users[id]
		c.Customers = append(c.Customers, r.customer(id, user))
		for _, number := range user.Orders { // the order in which they were placed
			if o, ok := s.Orders[number]; ok && o.UserID == id && !placed[number] {
				placed[number] = true
				c.Orders = append(c.Orders, r.order(number, o))
			}
		}
	}
	for _, number := range slices.Sorted(maps.Keys(s.Orders)) {
		if !placed[number] {
			c.Orders = append(c.Orders, r.order(number, s.Orders[number]))
		}
	}
}

func (r tau2Reader) product(id string, t tau2Product) shop.Product {
	p := shop.Product{ID: id, Name: t.Name}
	for _, item := range slices.Sorted(maps.Keys(t.Variants)) {
		v := t.Variants[item]
		p.Variants = append(p.Variants, shop.Variant{ID: item, Options: v.Options, Available: v.Available, Price: r.money("products."+id, v.Price)})
	}
	return p
}

func (r tau2Reader) customer(id string, t tau2User) shop.Customer {
	c := shop.Customer{ID: id, FirstName: t.Name.First, LastName: t.Name.Last, Email: t.Email, Address: t.Address}
	for _, method := range slices.Sorted(maps.Keys(t.Methods)) {
		m := t.Methods[method]
		r.oneOf(place{1, "users." + id}, m.Source, sources)
		ours := shop.PaymentMethod{ID: method, Source: m.Source, Brand: m.Brand, LastFour: m.LastFour}
		if m.Source == shop.GiftCard {
			balance := r.money("users."+id, m.Balance)
			ours.Balance = &balance
		}
		c.Methods = append(c.Methods, ours)
	}
	return c
}

func (r tau2Reader) order(number string, t tau2Order) shop.Order {
	in := "orders." + number
	o := shop.Order{ID: number, CustomerID: t.UserID, Status: t.Status, Currency: r.currency, Address: t.Address, CancelReason: t.CancelReason}
	r.oneOf(place{1, in}, t.Status, statuses)
	for _, l := range t.Items {
		o.Lines = append(o.Lines, shop.Line{ItemID: l.ItemID, ProductID: l.ProductID, Name: l.Name, Options: l.Options, Price: r.money(in, l.Price)})
	}
	for _, p := range t.Payments {
		r.oneOf(place{1, in}, p.Kind, kinds)
		o.Payments = append(o.Payments, shop.Payment{Kind: p.Kind, Amount: r.money(in, p.Amount), MethodID: p.MethodID})
	}
	for _, f := range t.Fulfilments {
		ours := shop.Fulfilment{ItemIDs: f.ItemIDs}
		for _, tracking := range f.TrackingIDs {
			ours.Parcels = append(ours.Parcels, shop.Parcel{TrackingID: tracking})
		}
		o.Fulfilments = append(o.Fulfilments, ours)
	}
	if len(t.ReturnItems) > 0 {
		o.Return = &shop.Return{ItemIDs: t.ReturnItems, MethodID: t.ReturnMethodID, State: shop.Requested}
	}
	if n := len(t.ExchangeItems); n > 0 && n == len(t.ExchangeNewItems) {
		o.Exchange = &shop.Exchange{MethodID: t.ExchangeMethodID, Difference: r.money(in, t.ExchangeDifference), State: shop.Requested}
		for i, item := range t.ExchangeItems {
			o.Exchange.Items = append(o.Exchange.Items, shop.Swap{ItemID: item, NewItemID: t.ExchangeNewItems[i]})
		}
	}
	return o
}
