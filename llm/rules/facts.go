package rules

import (
	"encoding/json"
	"strings"
	"time"
)

// confirmationRequired is the status with which the agent answers a write whose
// question has not been heard and agreed to.
const confirmationRequired = "confirmation_required"

// What the brain reads of the tools' results.
type (
	order struct {
		ID          string                   `json:"order_id"`
		User        string                   `json:"user_id"`
		Status      string                   `json:"status"`
		Currency    string                   `json:"currency"`
		PlacedAt    string                   `json:"placed_at"`
		Address     address                  `json:"address"`
		Items       []item                   `json:"items"`
		Parcels     []parcel                 `json:"fulfillments"`
		Payments    []payment                `json:"payment_history"`
		Reason      string                   `json:"cancel_reason"`
		ReturnItems []string                 `json:"return_items"`
		ReturnTo    string                   `json:"return_payment_method_id"`
		Methods     map[string]paymentMethod `json:"payment_methods"`
		Refunds     []string                 `json:"refund_options"`
	}
	item struct {
		Name      string            `json:"name"`
		ProductID string            `json:"product_id"`
		ID        string            `json:"item_id"`
		Options   map[string]string `json:"options"`
	}
	address struct {
		Address1 string `json:"address1"`
		City     string `json:"city"`
		State    string `json:"state"`
		Country  string `json:"country"`
	}
	parcel struct {
		Tracking  []string `json:"tracking_id"`
		Carrier   string   `json:"carrier"`
		ETA       string   `json:"eta"`
		Delivered string   `json:"delivered_at"`
		Events    []event  `json:"events"`
		State     string   `json:"state"`
	}
	event struct {
		At    string `json:"at"`
		Code  string `json:"code"`
		Place string `json:"place"`
	}
	payment struct {
		Kind   string      `json:"transaction_type"`
		Amount json.Number `json:"amount"`
		Method string      `json:"payment_method_id"`
	}
	paymentMethod struct {
		Source string `json:"source"`
		Brand  string `json:"brand"`
	}
	orderList struct {
		Orders []order `json:"orders"`
	}
	product struct {
		Name      string              `json:"name"`
		From      json.Number         `json:"price_from"`
		To        json.Number         `json:"price_to"`
		Currency  string              `json:"currency"`
		Available bool                `json:"available"`
		Options   map[string][]string `json:"options"`
	}
	productList struct {
		Products []product `json:"products"`
	}
)

// The statuses that have words of their own.
const (
	pendingStatus   = "pending"
	processedStatus = "processed"
	deliveredStatus = "delivered"
	cancelledStatus = "cancelled"
	returnStatus    = "return requested"
	exchangeStatus  = "exchange requested"
	modifiedStatus  = "pending (item modified)"
)

// spokenID is an order's number without the sign before it.
func spokenID(id string) string { return strings.TrimPrefix(id, "#") }

// number is the order's as the caller says it.
func (o order) number() string { return spokenID(o.ID) }

// delivered is when the last parcel came, "" if that is not known.
func (o order) delivered() string {
	last := ""
	for _, p := range o.Parcels {
		last = max(last, p.Delivered)
	}
	return last
}

// paid is what was paid at first, and how.
func (o order) paid() (payment, bool) {
	for _, p := range o.Payments {
		if p.Kind == "payment" {
			return p, true
		}
	}
	return payment{}, false
}

// moment reads a time or a date of a result.
func moment(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
