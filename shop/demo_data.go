package shop

import "time"

// demoCurrency is what the demo shop sells in.
const demoCurrency = "SGD"

// The demo's warehouses.
const (
	demoSingapore = "Singapore"
	demoShenzhen  = "Shenzhen"
)

func sgd(cents int64) Money { return Money{Minor: cents, Currency: demoCurrency} }

// with makes an available variant from its id, price and options (name, value,
// name, value …).
func with(id string, cents int64, options ...string) Variant {
	v := Variant{ID: id, Price: sgd(cents), Available: true, Options: make(map[string]string, len(options)/2)}
	last := int64(id[len(id)-1] - '0') // some have more than others
	v.Stock = map[string]int64{demoSingapore: 2 * last, demoShenzhen: 40 - 7*last}
	for i := 0; i+1 < len(options); i += 2 {
		v.Options[options[i]] = options[i+1]
	}
	return v
}

// soldOut marks a variant that cannot be had now.
func soldOut(v Variant) Variant {
	v.Available = false
	v.Stock = map[string]int64{demoSingapore: 0, demoShenzhen: 0}
	return v
}

func demoProducts() []Product {
	return []Product{
		{ID: "5101", Name: "Headphones", Description: "Wireless over-ear headphones with noise cancelling.", Keywords: "headset earphones bluetooth audio music", Category: "electronics", Variants: []Variant{
			with("510101", 12900, "color", "black"), with("510102", 12900, "color", "white"), soldOut(with("510103", 13900, "color", "blue"))}},
		{ID: "5102", Name: "Electric Kettle", Description: "A 1.7 litre kettle that switches itself off.", Keywords: "tea water boiler kitchen", Category: "home", Variants: []Variant{
			with("510201", 4950, "color", "silver"), with("510202", 4950, "color", "green")}},
		{ID: "5103", Name: "Phone Case", Description: "A slim case with raised edges.", Keywords: "cover mobile smartphone protection", Category: "accessories", Variants: []Variant{
			with("510301", 1990, "color", "clear"), with("510302", 2190, "color", "black"), with("510303", 2190, "color", "red")}},
		{ID: "5104", Name: "Rain Jacket", Description: "A light jacket for sudden rain.", Keywords: "coat raincoat clothes waterproof", Category: "clothing", Variants: []Variant{
			with("510401", 8900, "size", "S", "color", "navy"), with("510402", 8900, "size", "M", "color", "navy"),
			with("510403", 8900, "size", "L", "color", "navy"), soldOut(with("510404", 8900, "size", "M", "color", "yellow"))}},
		{ID: "5105", Name: "Running Shoes", Description: "Cushioned shoes for road running.", Keywords: "sneakers trainers footwear sport", Category: "clothing", Variants: []Variant{
			with("510501", 11500, "size", "38", "color", "grey"), with("510502", 11500, "size", "40", "color", "grey"), with("510503", 11500, "size", "42", "color", "grey")}},
		{ID: "5106", Name: "Desk Lamp", Description: "An LED lamp with a dimmer.", Keywords: "light office", Category: "home", Variants: []Variant{
			with("510601", 5900, "color", "white"), with("510602", 5900, "color", "black")}},
		{ID: "5107", Name: "Water Bottle", Description: "An insulated steel bottle.", Keywords: "flask drink thermos", Category: "home", Variants: []Variant{
			with("510701", 2890, "capacity", "500 ml", "color", "blue"), with("510702", 3490, "capacity", "1 litre", "color", "blue")}},
		{ID: "5108", Name: "Yoga Mat", Description: "A mat that does not slip.", Keywords: "fitness exercise sport", Category: "sport", Variants: []Variant{
			with("510801", 3900, "color", "purple"), with("510802", 3900, "color", "green")}},
		{ID: "5109", Name: "Power Bank", Description: "10,000 milliampere hours, charges two devices.", Keywords: "portable charger battery phone", Category: "electronics", Variants: []Variant{
			with("510901", 4500, "color", "black"), with("510902", 4500, "color", "white")}},
		{ID: "5110", Name: "Backpack", Description: "A 22 litre backpack with a laptop sleeve.", Keywords: "bag rucksack travel", Category: "accessories", Variants: []Variant{
			with("511001", 7900, "color", "grey"), with("511002", 7900, "color", "green")}},
		{ID: "5111", Name: "Coffee Grinder", Description: "A burr grinder with twelve settings.", Keywords: "mill beans kitchen", Category: "home", Variants: []Variant{
			with("511101", 6900, "color", "black")}},
		{ID: "5112", Name: "T-Shirt", Description: "A cotton shirt.", Keywords: "tee top clothes", Category: "clothing", Variants: []Variant{
			with("511201", 2500, "size", "S", "color", "white"), with("511202", 2500, "size", "M", "color", "white"), with("511203", 2500, "size", "L", "color", "black")}},
	}
}

func demoCustomers() []Customer {
	balance := sgd(5000)
	return []Customer{
		{ID: DemoCustomer, FirstName: "Maya", LastName: "Tan", Email: "maya.tan@demo.example", TimeZone: "Asia/Singapore",
			Address: Address{"8 Demo Lane", "#05-12", "Singapore", "", "Singapore", "420008"},
			Methods: []PaymentMethod{
				{ID: "credit_card_4210042", Source: CreditCard, Brand: "visa", LastFour: "4242"},
				{ID: "gift_card_7700077", Source: GiftCard, Balance: &balance},
			}},
		{ID: OtherDemoCustomer, FirstName: "Budi", LastName: "Santoso", Email: "budi.santoso@demo.example", TimeZone: "Asia/Jakarta",
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
	o.Payments = []Payment{{Kind: Paid, Amount: total, MethodID: c.Methods[0].ID}}
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
		delivered.Fulfilments = []Fulfilment{{ItemIDs: []string{"510102", "510801"}, Parcels: []Parcel{{
			TrackingID: "SP200010007", Carrier: "SpeedPost", Service: "international express", Mode: Express,
			ShippedAt: on(-6, 14, 0), ETA: on(-3, 18, 0), DeliveredAt: on(-3, 11, 20),
			Events: []ParcelEvent{{on(-7, 9, 30), LabelCreated, "Singapore"}, {on(-6, 14, 0), Departed, "Singapore"}, {on(-4, 8, 10), Arrived, "Jakarta"}, {on(-3, 11, 20), Handed, "Jakarta"}},
		}}}}
		return []Order{bought("#W20002", Pending, c, now.Add(-2*time.Hour), "511101"), delivered, demoLate(c, on), demoLost(c, on)}
	}

	pending := bought("#W10001", Pending, c, now.Add(-3*time.Hour), "510701", "510902")

	moving := bought("#W10002", Shipped, c, on(-4, 20, 15), "510402", "510302")
	moving.Fulfilments = []Fulfilment{{ItemIDs: []string{"510402", "510302"}, Parcels: []Parcel{{
		TrackingID: "PX4820017", Carrier: "Parcel Express", Service: "international express", Mode: Express,
		ShippedAt: on(-3, 17, 40), ETA: on(1, 18, 0),
		Events: []ParcelEvent{{on(-3, 10, 0), LabelCreated, "Shenzhen"}, {on(-3, 17, 40), PickedUp, "Shenzhen"},
			{on(-2, 6, 25), Departed, "Shenzhen"}, {on(-1, 9, 50), Arrived, "Singapore"}},
	}}}}

	delivered := bought("#W10003", Delivered, c, on(-9, 12, 30), "510101", "510201")
	delivered.Fulfilments = []Fulfilment{{ItemIDs: []string{"510101", "510201"}, Parcels: []Parcel{{
		TrackingID: "PX4819903", Carrier: "Parcel Express", Service: "international express", Mode: Express,
		ShippedAt: on(-7, 7, 0), ETA: on(-2, 18, 0), DeliveredAt: on(-2, 15, 45),
		Events: []ParcelEvent{{on(-8, 9, 15), LabelCreated, "Shenzhen"}, {on(-7, 7, 0), Departed, "Shenzhen"},
			{on(-4, 10, 20), Arrived, "Singapore"}, {on(-2, 8, 30), OutForDelivery, "Singapore"}, {on(-2, 15, 45), Handed, "Singapore"}},
	}}}}

	cancelled := bought("#W10004", Cancelled, c, on(-12, 21, 0), "510501")
	cancelled.CancelReason = "no longer needed"
	cancelled.Payments = append(cancelled.Payments, Payment{Kind: Refunded, Amount: cancelled.Payments[0].Amount, MethodID: cancelled.Payments[0].MethodID})

	return []Order{pending, moving, delivered, cancelled}
}

// demoLate is on a dedicated line (7 to 15 days) and was to be there days ago.
func demoLate(c Customer, on func(days, hour, minute int) time.Time) Order {
	o := bought("#W20004", Shipped, c, on(-21, 18, 40), "511001")
	o.Fulfilments = []Fulfilment{{ItemIDs: []string{"511001"}, Parcels: []Parcel{{
		TrackingID: "DL7730256", Carrier: "Southeast Line", Service: "dedicated line", Mode: DedicatedLine,
		ShippedAt: on(-19, 16, 0), ETA: on(-4, 18, 0),
		Events: []ParcelEvent{{on(-20, 11, 0), LabelCreated, "Shenzhen"}, {on(-19, 16, 0), PickedUp, "Shenzhen"},
			{on(-12, 5, 30), Departed, "Shenzhen"}, {on(-3, 13, 10), Arrived, "Johor Bahru"}},
	}}}}
	return o
}

// demoLost went as a postal small parcel (15 to 30 days) and has not been seen for
// forty days.
func demoLost(c Customer, on func(days, hour, minute int) time.Time) Order {
	o := bought("#W20003", Shipped, c, on(-45, 9, 20), "510601")
	o.Fulfilments = []Fulfilment{{ItemIDs: []string{"510601"}, Parcels: []Parcel{{
		TrackingID: "RB600210042CN", Carrier: "Post", Service: "postal small parcel", Mode: Postal,
		ShippedAt: on(-42, 15, 0), ETA: on(-12, 18, 0),
		Events: []ParcelEvent{{on(-43, 9, 0), LabelCreated, "Shenzhen"}, {on(-42, 15, 0), PickedUp, "Shenzhen"},
			{on(-40, 8, 45), Departed, "Shenzhen"}},
	}}}}
	return o
}
