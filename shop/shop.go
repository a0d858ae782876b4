// Package shop is the store behind the agent: products, customers, orders,
// parcels and returns, in SQLite, and the tools over them. A customer reaches
// their own rows alone: every query about orders takes the customer's id.
package shop

import (
	"errors"
	"time"
)

// The statuses of an order.
const (
	Pending         = "pending"
	Shipped         = "processed" // handed to a carrier; the field's name for it
	Delivered       = "delivered"
	Cancelled       = "cancelled"
	ReturnRequested = "return requested"
)

// The sources of a payment method.
const (
	CreditCard = "credit_card"
	PayPal     = "paypal"
	GiftCard   = "gift_card"
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

// What a lookup or a write can be refused for. The texts are what the tools
// answer.
//
//nolint:staticcheck // the texts of the errors are the tools' answers, word for word
var (
	ErrNoOrder         = errors.New("Order not found")
	ErrNoCustomer      = errors.New("User not found")
	ErrNoPaymentMethod = errors.New("Payment method not found")
	ErrNotDelivered    = errors.New("Non-delivered order cannot be returned")
	ErrPaymentMethod   = errors.New("Payment method should be the original payment method")
	ErrNoItem          = errors.New("Some item not found")
)

type (
	// Product is something the shop sells, in one or more variants.
	Product struct {
		ID, Name, Description string
		// Keywords are other words that people search it by.
		Keywords string
		Variants []Variant
	}
	// Variant is one form of a product that can be bought.
	Variant struct {
		ID        string
		Options   map[string]string
		Price     Money
		Available bool
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
		// Balance is a gift card's, in minor units; nil for others.
		Balance *int64
	}
	// Order is what a customer bought at one time.
	Order struct {
		// ID begins with "#W".
		ID, CustomerID, Status string
		Currency               string
		PlacedAt               time.Time
		CancelReason           string
		Address                Address
		Lines                  []Line
		Payments               []Payment
		Fulfilments            []Fulfilment
		// Return is nil until one is requested.
		Return *Return
	}
	// Line is one thing in an order. Two of the same thing are two lines.
	Line struct {
		ItemID, ProductID, Name string
		Options                 map[string]string
		Price                   Money
	}
	// Payment is money that moved, either way.
	Payment struct {
		// Kind is "payment" or "refund".
		Kind     string
		Amount   Money
		MethodID string
	}
	// Fulfilment is a parcel with a part of an order.
	Fulfilment struct {
		TrackingID, Carrier, Service string
		ItemIDs                      []string
		// ETA and DeliveredAt are zero when unknown.
		ETA, DeliveredAt time.Time
		Events           []ParcelEvent
	}
	// ParcelEvent is something that happened to a parcel.
	ParcelEvent struct {
		At    time.Time
		Code  string
		Place string
	}
	// Return is a customer's wish to send things back.
	Return struct {
		ItemIDs     []string
		MethodID    string
		RequestedAt time.Time
	}
)
