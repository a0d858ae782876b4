package importer

import (
	"cmp"
	"encoding/json"
	"fmt"

	"parley/shop"
)

type (
	jsonProduct struct {
		ID          string        `json:"product_id"`
		Name        string        `json:"name"`
		Description string        `json:"description"`
		Category    string        `json:"category"`
		Keywords    string        `json:"keywords"`
		Photos      []jsonPhoto   `json:"photos"`
		Variants    []jsonVariant `json:"variants"`
	}
	jsonPhoto struct {
		Path   string `json:"path"`
		Hash   string `json:"hash"`
		ItemID string `json:"item_id"`
	}
	jsonVariant struct {
		ID        string            `json:"item_id"`
		Options   map[string]string `json:"options"`
		Price     json.Number       `json:"price"`
		Currency  string            `json:"currency"`
		Available *bool             `json:"available"`
		Stock     map[string]int64  `json:"stock"`
	}
	jsonCustomer struct {
		ID        string       `json:"customer_id"`
		FirstName string       `json:"first_name"`
		LastName  string       `json:"last_name"`
		Email     string       `json:"email"`
		TimeZone  string       `json:"time_zone"`
		Address   shop.Address `json:"address"`
		Methods   []jsonMethod `json:"payment_methods"`
	}
	jsonMethod struct {
		ID       string      `json:"id"`
		Source   string      `json:"source"`
		Brand    string      `json:"brand"`
		LastFour string      `json:"last_four"`
		Balance  json.Number `json:"balance"`
		Currency string      `json:"currency"`
	}
	jsonOrder struct {
		ID           string           `json:"order_id"`
		CustomerID   string           `json:"customer_id"`
		Status       string           `json:"status"`
		PlacedAt     string           `json:"placed_at"`
		Currency     string           `json:"currency"`
		CancelReason string           `json:"cancel_reason"`
		Address      shop.Address     `json:"address"`
		Items        []jsonLine       `json:"items"`
		Payments     []jsonPayment    `json:"payments"`
		Fulfilments  []jsonFulfilment `json:"fulfillments"`
	}
	jsonLine struct {
		ItemID    string            `json:"item_id"`
		ProductID string            `json:"product_id"`
		Name      string            `json:"name"`
		Price     json.Number       `json:"price"`
		Quantity  int               `json:"quantity"`
		Options   map[string]string `json:"options"`
	}
	jsonPayment struct {
		Type     string      `json:"type"`
		Amount   json.Number `json:"amount"`
		MethodID string      `json:"payment_method_id"`
	}
	jsonFulfilment struct {
		ItemIDs []string     `json:"item_ids"`
		Parcels []jsonParcel `json:"parcels"`
	}
	jsonParcel struct {
		TrackingID  string      `json:"tracking_id"`
		Carrier     string      `json:"carrier"`
		Service     string      `json:"service"`
		Mode        string      `json:"mode"`
		ShippedAt   string      `json:"shipped_at"`
		ETA         string      `json:"eta"`
		DeliveredAt string      `json:"delivered_at"`
		Events      []jsonEvent `json:"events"`
	}
	jsonEvent struct {
		At    string `json:"at"`
		Code  string `json:"code"`
		Place string `json:"place"`
	}
)

// need complains of a field that is missing.
func (e element) need(field, value string) string {
	if value == "" {
		e.add(e.at(field), "it is missing")
	}
	return value
}

func (c *Contents) jsonProduct(e element, currency string) {
	var j jsonProduct
	if !e.into(&j) {
		return
	}
	p := shop.Product{ID: e.need("product_id", j.ID), Name: e.need("name", j.Name), Description: j.Description, Category: j.Category, Keywords: j.Keywords}
	for _, f := range j.Photos {
		p.Photos = append(p.Photos, shop.Photo{ItemID: f.ItemID, Path: f.Path, Hash: f.Hash})
	}
	for i, jv := range j.Variants {
		in := func(field string) string { return fmt.Sprintf("variants[%d].%s", i, field) }
		v := shop.Variant{ID: e.need(in("item_id"), jv.ID), Options: jv.Options, Stock: jv.Stock, Available: len(jv.Stock) == 0}
		v.Price = e.money(e.at(in("price")), jv.Price.String(), e.currency(e.at(in("currency")), jv.Currency, currency), currency)
		for warehouse, n := range jv.Stock {
			if n < 0 {
				e.add(e.at(in("stock."+warehouse)), "%d is below 0", n)
			}
			v.Available = v.Available || n > 0
		}
		if jv.Available != nil {
			v.Available = *jv.Available
		}
		p.Variants = append(p.Variants, v)
	}
	if len(p.Variants) == 0 {
		e.add(e.at("variants"), "it is missing; a product has one variant at least")
	}
	c.Products = append(c.Products, p)
}

func (c *Contents) jsonCustomer(e element, currency string) {
	var j jsonCustomer
	if !e.into(&j) {
		return
	}
	e.zone(e.at("time_zone"), j.TimeZone)
	buyer := shop.Customer{ID: e.need("customer_id", j.ID), FirstName: j.FirstName, LastName: j.LastName, Email: j.Email, TimeZone: j.TimeZone, Address: j.Address}
	for i, m := range j.Methods {
		in := func(field string) place { return e.at(fmt.Sprintf("payment_methods[%d].%s", i, field)) }
		method := shop.PaymentMethod{ID: e.need(in("id").column, m.ID), Source: e.need(in("source").column, m.Source), Brand: m.Brand, LastFour: m.LastFour}
		e.oneOf(in("source"), m.Source, sources)
		if m.Source == shop.GiftCard {
			balance := e.money(in("balance"), m.Balance.String(), e.currency(in("currency"), m.Currency, currency), currency)
			method.Balance = &balance
		}
		buyer.Methods = append(buyer.Methods, method)
	}
	c.Customers = append(c.Customers, buyer)
}

func (c *Contents) jsonOrder(e element, currency string) {
	var j jsonOrder
	if !e.into(&j) {
		return
	}
	o := shop.Order{
		ID: shop.OrderID(e.need("order_id", j.ID)), CustomerID: e.need("customer_id", j.CustomerID), Status: e.need("status", j.Status),
		Currency: e.currency(e.at("currency"), j.Currency, currency), CancelReason: j.CancelReason, Address: j.Address,
		PlacedAt: e.moment(e.at("placed_at"), j.PlacedAt),
	}
	e.oneOf(e.at("status"), o.Status, statuses)
	for i, l := range j.Items {
		in := func(field string) string { return fmt.Sprintf("items[%d].%s", i, field) }
		line := shop.Line{ItemID: e.need(in("item_id"), l.ItemID), ProductID: l.ProductID, Name: l.Name, Options: l.Options,
			Price: shop.Money{Minor: noPrice, Currency: o.Currency}}
		if l.Price != "" {
			line.Price = e.money(e.at(in("price")), l.Price.String(), o.Currency, "")
		}
		n := cmp.Or(l.Quantity, 1)
		if n < 1 || n > maxQuantity {
			e.add(e.at(in("quantity")), "%d is not between 1 and %d", n, maxQuantity)
			continue
		}
		for range n {
			o.Lines = append(o.Lines, line)
		}
	}
	if len(j.Items) == 0 {
		e.add(e.at("items"), "it is missing; an order has one item at least")
	}
	for i, p := range j.Payments {
		in := func(field string) string { return fmt.Sprintf("payments[%d].%s", i, field) }
		e.oneOf(e.at(in("type")), p.Type, kinds)
		o.Payments = append(o.Payments, shop.Payment{Kind: cmp.Or(p.Type, shop.Paid), MethodID: e.need(in("payment_method_id"), p.MethodID),
			Amount: e.money(e.at(in("amount")), p.Amount.String(), o.Currency, "")})
	}
	for i, f := range j.Fulfilments {
		o.Fulfilments = append(o.Fulfilments, e.fulfilment(fmt.Sprintf("fulfillments[%d].", i), f))
	}
	c.Orders = append(c.Orders, o)
	c.orderLines = append(c.orderLines, e.line(e.start))
}

func (e element) fulfilment(in string, j jsonFulfilment) shop.Fulfilment {
	f := shop.Fulfilment{ItemIDs: j.ItemIDs}
	for i, p := range j.Parcels {
		at := func(field string) place { return e.at(fmt.Sprintf("%sparcels[%d].%s", in, i, field)) }
		parcel := shop.Parcel{
			TrackingID: e.need(at("tracking_id").column, p.TrackingID), Carrier: p.Carrier, Service: p.Service, Mode: p.Mode,
			ShippedAt: e.moment(at("shipped_at"), p.ShippedAt), ETA: e.moment(at("eta"), p.ETA), DeliveredAt: e.moment(at("delivered_at"), p.DeliveredAt),
		}
		e.oneOf(at("mode"), p.Mode, modes)
		for _, event := range p.Events {
			when := e.moment(at("events.at"), e.need(at("events.at").column, event.At))
			parcel.Events = append(parcel.Events, shop.ParcelEvent{At: when, Code: event.Code, Place: event.Place})
		}
		f.Parcels = append(f.Parcels, parcel)
	}
	return f
}
