package importer

import (
	"slices"
	"strings"
	"time"

	"parley/shop"
)

// The values that columns and fields may have.
var (
	statuses = []string{shop.Pending, shop.Shipped, shop.Delivered, shop.Cancelled, shop.ItemsModified, shop.ReturnRequested, shop.ExchangeRequested}
	modes    = []string{shop.Express, shop.OverseasWarehouse, shop.DedicatedLine, shop.Postal}
	sources  = []string{shop.CreditCard, shop.PayPal, shop.GiftCard}
	kinds    = []string{shop.Paid, shop.Refunded}
)

// oneOf checks a value that may be "".
func (c *complaints) oneOf(at place, value string, allowed []string) {
	if value != "" && !slices.Contains(allowed, value) {
		c.add(at, "%q is not known; it is one of %s", value, strings.Join(allowed, ", "))
	}
}

// moment reads a time that may be "".
func (c *complaints) moment(at place, value string) time.Time {
	if value == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, value); err == nil && t.Year() > 1970 {
			return t.UTC()
		}
	}
	c.add(at, "%q is no time; write 2026-11-20T10:00:00+08:00, or a date such as 2026-11-20", value)
	return time.Time{}
}

// zone checks a time zone that may be "".
func (c *complaints) zone(at place, value string) {
	if _, err := time.LoadLocation(value); err != nil {
		c.add(at, "%q is no time zone; write one such as Asia/Singapore", value)
	}
}

// money reads an amount. fallback is the currency of amounts that name none.
func (c *complaints) money(at place, value, currency, fallback string) shop.Money {
	if currency == "" {
		currency = fallback
	}
	m, err := shop.ParseMoney(value, currency)
	switch {
	case err != nil:
		c.add(at, "%v", err)
	case m.Minor < 0:
		c.add(at, "%s is below 0", value)
	}
	return m
}

// currency checks that there is one.
func (c *complaints) currency(at place, value, fallback string) string {
	if value == "" {
		value = fallback
	}
	switch {
	case value == "":
		c.add(at, "it is missing; write a currency such as SGD, or name one for the whole file with --currency")
	case !shop.KnownCurrency(value):
		c.add(at, "%q is no currency; write its three letters, such as SGD", value)
	}
	return value
}
