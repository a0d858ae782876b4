package importer

import (
	"cmp"

	"parley/shop"
)

// maxQuantity bounds one row: two of the same thing are two lines of an order.
const maxQuantity = 1000

func (c *Contents) csvOrders(all []row, currency string) {
	c.buyers = true
	index := make(map[string]int)
	customers := make(map[string]int)
	for _, r := range all {
		id := shop.OrderID(r.need("order_id"))
		i, seen := index[id]
		if !seen {
			i = len(c.Orders)
			index[id] = i
			c.Orders = append(c.Orders, r.order(id, currency))
			c.orderLines = append(c.orderLines, r.line)
			c.csvCustomer(r, customers, &c.Orders[i])
		}
		o := &c.Orders[i]
		for _, column := range []string{"customer_id", "status"} {
			first := map[string]string{"customer_id": o.CustomerID, "status": o.Status}[column]
			if cell := r.cells[column]; cell != "" && cell != first {
				r.table.add(r.at(column), "order %s has %q above and %q here", id, first, cell)
			}
		}
		lines := r.lines(o.Currency)
		o.Lines = append(o.Lines, lines...)
		r.parcel(o, lines)
	}
}

// order reads what belongs to the whole order.
func (r row) order(id, currency string) shop.Order {
	o := shop.Order{
		ID: id, CustomerID: r.need("customer_id"), Status: r.need("status"), CancelReason: r.cells["cancel_reason"],
		Currency: r.table.currency(r.at("currency"), r.cells["currency"], currency),
		PlacedAt: r.table.moment(r.at("placed_at"), r.cells["placed_at"]), Address: r.address(),
	}
	r.table.oneOf(r.at("status"), o.Status, statuses)
	if method := r.cells["payment_method_id"]; method != "" {
		o.Payments = []shop.Payment{{Kind: shop.Paid, MethodID: method, Amount: shop.Money{Minor: noPrice}}}
	}
	return o
}

func (r row) address() shop.Address {
	return shop.Address{Address1: r.cells["address1"], Address2: r.cells["address2"], City: r.cells["city"],
		State: r.cells["state"], Country: r.cells["country"], Zip: r.cells["zip"]}
}

// lines are the things that a row is about.
func (r row) lines(currency string) []shop.Line {
	l := shop.Line{ItemID: r.need("item_id"), ProductID: r.cells["product_id"], Name: r.cells["name"], Options: r.prefixed(optionPrefix),
		Price: shop.Money{Minor: noPrice, Currency: currency}}
	if price := r.cells["price"]; price != "" {
		l.Price = r.table.money(r.at("price"), price, currency, currency)
	}
	n := r.count("quantity", cmp.Or(r.cells["quantity"], "1"), 1)
	if n > maxQuantity {
		r.table.add(r.at("quantity"), "%d is over %d; write several rows", n, maxQuantity)
		n = 1
	}
	list := make([]shop.Line, n)
	for i := range list {
		list[i] = l
	}
	return list
}

// parcel puts the row's things into the parcel that the row names, if any.
func (r row) parcel(o *shop.Order, lines []shop.Line) {
	tracking := r.cells["tracking_id"]
	if tracking == "" {
		return
	}
	at := -1
	for i, f := range o.Fulfilments {
		if f.Parcels[0].TrackingID == tracking {
			at = i
		}
	}
	if at < 0 {
		p := shop.Parcel{
			TrackingID: tracking, Carrier: r.cells["carrier"], Service: r.cells["service"], Mode: r.cells["mode"],
			ShippedAt:   r.table.moment(r.at("shipped_at"), r.cells["shipped_at"]),
			ETA:         r.table.moment(r.at("eta"), r.cells["eta"]),
			DeliveredAt: r.table.moment(r.at("delivered_at"), r.cells["delivered_at"]),
		}
		r.table.oneOf(r.at("mode"), p.Mode, modes)
		at = len(o.Fulfilments)
		o.Fulfilments = append(o.Fulfilments, shop.Fulfilment{Parcels: []shop.Parcel{p}})
	}
	for _, l := range lines {
		o.Fulfilments[at].ItemIDs = append(o.Fulfilments[at].ItemIDs, l.ItemID)
	}
}

// csvCustomer reads who bought. The last order of a customer that names them wins.
func (c *Contents) csvCustomer(r row, index map[string]int, o *shop.Order) {
	buyer := shop.Customer{ID: o.CustomerID, FirstName: r.cells["first_name"], LastName: r.cells["last_name"], Email: r.cells["email"],
		TimeZone: r.cells["time_zone"], Address: r.address()}
	r.table.zone(r.at("time_zone"), buyer.TimeZone)
	i, seen := index[buyer.ID]
	switch {
	case !seen && buyer.FirstName+buyer.LastName+buyer.Email == "":
		return // one of the store's own
	case !seen:
		i = len(c.Customers)
		index[buyer.ID] = i
		c.Customers = append(c.Customers, buyer)
	case buyer.FirstName+buyer.LastName+buyer.Email != "":
		buyer.Methods = c.Customers[i].Methods
		c.Customers[i] = buyer
	}
	id := r.cells["payment_method_id"]
	if id == "" {
		return
	}
	m := shop.PaymentMethod{ID: id, Source: r.need("payment_source"), Brand: r.cells["brand"], LastFour: r.cells["last_four"]}
	r.table.oneOf(r.at("payment_source"), m.Source, sources)
	for _, known := range c.Customers[i].Methods {
		if known.ID == id {
			return
		}
	}
	c.Customers[i].Methods = append(c.Customers[i].Methods, m)
}
