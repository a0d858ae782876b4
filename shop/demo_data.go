package shop

import "time"

// demoCurrency is what the demo shop sells in.
const demoCurrency = "SGD"

func sgd(cents int64) Money { return Money{Minor: cents, Currency: demoCurrency} }

// with makes an available variant from its id, price and options (name, value,
// name, value …).
func with(id string, cents int64, options ...string) Variant {
	v := Variant{ID: id, Price: sgd(cents), Available: true, Options: make(map[string]string, len(options)/2)}
	for i := 0; i+1 < len(options); i += 2 {
		v.Options[options[i]] = options[i+1]
	}
	return v
}

// soldOut marks a variant that cannot be had now.
func soldOut(v Variant) Variant {
	v.Available = false
	return v
}

func demoProducts() []Product {
	return []Product{
		{"5101", "Headphones", "Wireless over-ear headphones with noise cancelling.", "headset earphones bluetooth audio music", []Variant{
			with("510101", 12900, "color", "black"), with("510102", 12900, "color", "white"), soldOut(with("510103", 13900, "color", "blue"))}},
		{"5102", "Electric Kettle", "A 1.7 litre kettle that switches itself off.", "tea water boiler kitchen", []Variant{
			with("510201", 4950, "color", "silver"), with("510202", 4950, "color", "green")}},
		{"5103", "Phone Case", "A slim case with raised edges.", "cover mobile smartphone protection", []Variant{
			with("510301", 1990, "color", "clear"), with("510302", 2190, "color", "black"), with("510303", 2190, "color", "red")}},
		{"5104", "Rain Jacket", "A light jacket for sudden rain.", "coat raincoat clothes waterproof", []Variant{
			with("510401", 8900, "size", "S", "color", "navy"), with("510402", 8900, "size", "M", "color", "navy"),
			with("510403", 8900, "size", "L", "color", "navy"), soldOut(with("510404", 8900, "size", "M", "color", "yellow"))}},
		{"5105", "Running Shoes", "Cushioned shoes for road running.", "sneakers trainers footwear sport", []Variant{
			with("510501", 11500, "size", "38", "color", "grey"), with("510502", 11500, "size", "40", "color", "grey"), with("510503", 11500, "size", "42", "color", "grey")}},
		{"5106", "Desk Lamp", "An LED lamp with a dimmer.", "light office", []Variant{
			with("510601", 5900, "color", "white"), with("510602", 5900, "color", "black")}},
		{"5107", "Water Bottle", "An insulated steel bottle.", "flask drink thermos", []Variant{
			with("510701", 2890, "capacity", "500 ml", "color", "blue"), with("510702", 3490, "capacity", "1 litre", "color", "blue")}},
		{"5108", "Yoga Mat", "A mat that does not slip.", "fitness exercise sport", []Variant{
			with("510801", 3900, "color", "purple"), with("510802", 3900, "color", "green")}},
		{"5109", "Power Bank", "10,000 milliampere hours, charges two devices.", "portable charger battery phone", []Variant{
			with("510901", 4500, "color", "black"), with("510902", 4500, "color", "white")}},
		{"5110", "Backpack", "A 22 litre backpack with a laptop sleeve.", "bag rucksack travel", []Variant{
			with("511001", 7900, "color", "grey"), with("511002", 7900, "color", "green")}},
		{"5111", "Coffee Grinder", "A burr grinder with twelve settings.", "mill beans kitchen", []Variant{
			with("511101", 6900, "color", "black")}},
		{"5112", "T-Shirt", "A cotton shirt.", "tee top clothes", []Variant{
			with("511201", 2500, "size", "S", "color", "white"), with("511202", 2500, "size", "M", "color", "white"), with("511203", 2500, "size", "L", "color", "black")}},
	}
}

func demoCustomers() []Customer {
	balance := int64(5000)
	return []Customer{
		{ID: DemoCustomer, FirstName: "Maya", LastName: "Tan (demo)", Email: "maya.tan@demo.example", TimeZone: "Asia/Singapore",
			Address: Address{"8 Demo Lane", "#05-12", "Singapore", "", "Singapore", "420008"},
			Methods: []PaymentMethod{
				{ID: "credit_card_4210042", Source: CreditCard, Brand: "visa", LastFour: "4242"},
				{ID: "gift_card_7700077", Source: GiftCard, Balance: &balance},
			}},
		{ID: OtherDemoCustomer, FirstName: "Budi", LastName: "Santoso (demo)", Email: "budi.santoso@demo.example", TimeZone: "Asia/Jakarta",
			Address: Address{"Jalan Demo 17", "", "Jakarta", "DKI Jakarta", "Indonesia", "10110"},
			Methods: []PaymentMethod{{ID: "paypal_9300093", Source: PayPal}}},
	}
}

// line is what a customer bought, by the id of its variant.
func line(itemID string) Line {
	for _, p := range demoProducts() {
		for _, v := range p.Variants {
			if v.ID == itemID {
				return Line{ItemID: v.ID, ProductID: p.ID, Name: p.Name, Options: v.Options, Price: v.Price}
			}
		}
	}
	panic("demo: no variant " + itemID) // a slip in this file, found by its test
}

// bought makes an order, paid with the customer's first method.
func bought(id, status string, c Customer, placed time.Time, itemIDs ...string) Order {
	o := Order{ID: id, CustomerID: c.ID, Status: status, Currency: demoCurrency, PlacedAt: placed, Address: c.Address}
	total := sgd(0)
	for _, item := range itemIDs {
		l := line(item)
		o.Lines = append(o.Lines, l)
		total.Minor += l.Price.Minor
	}
	o.Payments = []Payment{{Kind: "payment", Amount: total, MethodID: c.Methods[0].ID}}
	return o
}

// demoOrders are a demo customer's orders, dated around now.
func demoOrders(c Customer, now time.Time) []Order {
	local := now.In(c.zone())
	// on is a time of day some days from today, on the customer's clock.
	on := func(days, hour, minute int) time.Time {
		return time.Date(local.Year(), local.Month(), local.Day()+days, hour, minute, 0, 0, local.Location())
	}
	if c.ID == OtherDemoCustomer {
		delivered := bought("#W20001", Delivered, c, on(-8, 19, 5), "510102", "510801")
		delivered.Fulfilments = []Fulfilment{{
			TrackingID: "SP200010007", Carrier: "SpeedPost", Service: "international express", ItemIDs: []string{"510102", "510801"},
			ETA: on(-3, 18, 0), DeliveredAt: on(-3, 11, 20),
			Events: []ParcelEvent{{on(-7, 9, 30), LabelCreated, "Singapore"}, {on(-6, 14, 0), Departed, "Singapore"}, {on(-4, 8, 10), Arrived, "Jakarta"}, {on(-3, 11, 20), Handed, "Jakarta"}},
		}}
		return []Order{bought("#W20002", Pending, c, now.Add(-2*time.Hour), "511101"), delivered}
	}

	pending := bought("#W10001", Pending, c, now.Add(-3*time.Hour), "510701", "510902")

	moving := bought("#W10002", Shipped, c, on(-4, 20, 15), "510402", "510302")
	moving.Fulfilments = []Fulfilment{{
		TrackingID: "PX4820017", Carrier: "Parcel Express", Service: "international express", ItemIDs: []string{"510402", "510302"},
		ETA: on(1, 18, 0),
		Events: []ParcelEvent{{on(-3, 10, 0), LabelCreated, "Shenzhen"}, {on(-3, 17, 40), PickedUp, "Shenzhen"},
			{on(-2, 6, 25), Departed, "Shenzhen"}, {on(-1, 9, 50), Arrived, "Singapore"}},
	}}

	delivered := bought("#W10003", Delivered, c, on(-9, 12, 30), "510101", "510201")
	delivered.Fulfilments = []Fulfilment{{
		TrackingID: "PX4819903", Carrier: "Parcel Express", Service: "international express", ItemIDs: []string{"510101", "510201"},
		ETA: on(-2, 18, 0), DeliveredAt: on(-2, 15, 45),
		Events: []ParcelEvent{{on(-8, 9, 15), LabelCreated, "Shenzhen"}, {on(-7, 7, 0), Departed, "Shenzhen"},
			{on(-4, 10, 20), Arrived, "Singapore"}, {on(-2, 8, 30), OutForDelivery, "Singapore"}, {on(-2, 15, 45), Handed, "Singapore"}},
	}}

	cancelled := bought("#W10004", Cancelled, c, on(-12, 21, 0), "510501")
	cancelled.CancelReason = "no longer needed"
	cancelled.Payments = append(cancelled.Payments, Payment{Kind: "refund", Amount: cancelled.Payments[0].Amount, MethodID: cancelled.Payments[0].MethodID})

	return []Order{pending, moving, delivered, cancelled}
}
