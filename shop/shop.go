// Package shop is the store behind the agent: products, customers, orders,
// parcels, returns and exchanges, in SQLite or PostgreSQL, and the tools over
// them. A customer reaches their own rows alone.
package shop

import "time"

// The statuses of an order.
const (
	Pending           = "pending"
	ItemsModified     = "pending (item modified)"
	Shipped           = "processed" // handed to a carrier; the field's name for it
	Delivered         = "delivered"
	Cancelled         = "cancelled"
	ReturnRequested   = "return requested"
	ExchangeRequested = "exchange requested"
)

// The states of a return or an exchange. Tools make the first; the others come
// with an import from the shop's own system.
const (
	Requested = "requested"
	Approved  = "approved"
	Rejected  = "rejected"
	SentBack  = "sent_back"
	Received  = "received"
	Done      = "done"
)

// The sources of a payment method.
const (
	CreditCard = "credit_card"
	PayPal     = "paypal"
	GiftCard   = "gift_card"
)

// The kinds of a [Payment].
const (
	Paid     = "payment"
	Refunded = "refund"
)

// The modes in which a parcel travels.
const (
	Express           = "express"            // an international courier
	OverseasWarehouse = "overseas_warehouse" // from a warehouse near the customer, by a local carrier
	DedicatedLine     = "dedicated_line"     // a line of its own, handed to a local carrier
	Postal            = "postal"             // small parcel post
)

// The codes of a parcel's events, in the usual order.
const (
	LabelCreated   = "label_created"
	PickedUp       = "picked_up"
	Departed       = "departed"
	Arrived        = "arrived"
	OutForDelivery = "out_for_delivery"
	Handed         = "delivered"
)

type (
	// Product is something the shop sells, in one or more variants.
	Product struct {
		ID, Name, Description string
		// Keywords are other words that people search it by.
		Keywords string
		// Category is the shop's own name for a kind of products; may be "".
		Category string
		Variants []Variant
		Photos   []Photo
	}
	// Variant is one form of a product that can be bought.
	Variant struct {
		ID        string
		Options   map[string]string
		Price     Money
		Available bool
		// Stock is how many lie in each warehouse; nil where they are not counted.
		Stock map[string]int64
	}
	// Photo is a picture of a product, or of one of its variants.
	Photo struct {
		// ItemID is "" for a picture of the product as such.
		ItemID string
		// Path is a file or an address; Hash is the SHA-256 of its bytes in hex, or "".
		Path, Hash string
	}
	// Address is where someone lives or a parcel goes.
	Address struct {
		Address1 string `json:"address1"`
		Address2 string `json:"address2"`
		City     string `json:"city"`
		State    string `json:"state"`
		Country  string `json:"country"`
		Zip      string `json:"zip"`
	}
	// Customer is who buys.
	Customer struct {
		ID, FirstName, LastName, Email string
		// TimeZone is an IANA name; "" means UTC.
		TimeZone string
		Address  Address
		Methods  []PaymentMethod
	}
	// PaymentMethod is a way in which a customer pays and is paid back.
	PaymentMethod struct {
		ID string
		// Source is CreditCard, PayPal or GiftCard.
		Source string
		// Brand and LastFour are a credit card's.
		Brand, LastFour string
		// Balance is a gift card's; nil for others.
		Balance *Money
	}
	// Order is what a customer bought at one time.
	Order struct {
		// ID begins with "#".
		ID, CustomerID, Status string
		Currency               string
		// PlacedAt is zero when unknown.
		PlacedAt     time.Time
		CancelReason string
		Address      Address
		Lines        []Line
		Payments     []Payment
		Fulfilments  []Fulfilment
		// Return and Exchange are nil until one is requested.
		Return   *Return
		Exchange *Exchange
	}
	// Line is one thing in an order. Two of the same thing are two lines.
	Line struct {
		ItemID, ProductID, Name string
		Options                 map[string]string
		Price                   Money
	}
	// Payment is money that moved, either way.
	Payment struct {
		// Kind is Paid or Refunded.
		Kind     string
		Amount   Money
		MethodID string
	}
	// Fulfilment is a part of an order that goes out together, mostly in one parcel.
	Fulfilment struct {
		ItemIDs []string
		Parcels []Parcel
	}
	// Parcel is a box on its way.
	Parcel struct {
		TrackingID, Carrier, Service string
		// Mode is Express, OverseasWarehouse, DedicatedLine, Postal, or "" when unknown.
		Mode string
		// ShippedAt, ETA and DeliveredAt are zero when unknown.
		ShippedAt, ETA, DeliveredAt time.Time
		// Events are in the order in which they happened.
		Events []ParcelEvent
	}
	// ParcelEvent is something that happened to a parcel.
	ParcelEvent struct {
		At    time.Time
		Code  string
		Place string
	}
	// Return is a customer's wish to send things back.
	Return struct {
		ItemIDs     []string // sorted
		MethodID    string
		State       string
		RequestedAt time.Time
	}
	// Exchange is a customer's wish to have other variants instead.
	Exchange struct {
		Items    []Swap
		MethodID string
		// Difference is what the customer will pay; negative when they are paid.
		Difference  Money
		State       string
		RequestedAt time.Time
	}
	// Swap is one thing for another.
	Swap struct{ ItemID, NewItemID string }
)
