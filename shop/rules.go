package shop

import (
	"fmt"
	"time"

	"parley/shop/logistics"
	"parley/shop/policy"
)

// Rules are what a shop promises and allows beside what it keeps in its tables. A
// store begins with those that come with the program.
type Rules struct {
	Policy *policy.Book
	Lanes  *logistics.Book
}

// DefaultRules are those that come with the program.
func DefaultRules() (Rules, error) {
	p, err := policy.Default()
	if err != nil {
		return Rules{}, fmt.Errorf("reading the policy: %w", err)
	}
	l, err := logistics.Default()
	if err != nil {
		return Rules{}, fmt.Errorf("reading the lanes: %w", err)
	}
	return Rules{p, l}, nil
}

// SetRules puts other rules in force. It is called before the store is used.
func (s *Store) SetRules(r Rules) { s.rules = r }

// lane is that of a parcel; one whose mode is not known counts as an express one.
func (s *Store) lane(p Parcel, country string) logistics.Lane {
	mode := p.Mode
	if mode == "" {
		mode = Express
	}
	l, _ := s.rules.Lanes.Lane(mode, country)
	return l
}

// judge says how a parcel stands, and by how many days it is late.
func (s *Store) judge(p Parcel, country string) (state string, late int) {
	known := logistics.Parcel{Shipped: p.ShippedAt, ETA: p.ETA, Delivered: p.DeliveredAt}
	if n := len(p.Events); n > 0 {
		known.Last, known.Code = p.Events[n-1].At, p.Events[n-1].Code
	}
	return s.lane(p, country).Judge(known, s.now())
}

// parcelCase is what the policy is asked about a parcel of an order.
func (s *Store) parcelCase(o Order, p Parcel, problem string) policy.Case {
	country := s.rules.Lanes.Code(o.Address.Country)
	_, late := s.judge(p, country)
	c := policy.Case{Problem: problem, Country: country, Mode: p.Mode, DaysLate: late, Price: major(o.total())}
	last := p.ShippedAt
	if n := len(p.Events); n > 0 {
		last = p.Events[n-1].At
	}
	if !last.IsZero() {
		c.DaysSilent = int(s.now().Sub(last) / (24 * time.Hour))
	}
	return c
}

// total is what the things in an order cost.
func (o Order) total() Money {
	sum := Money{Currency: o.Currency}
	for _, l := range o.Lines {
		sum.Minor += l.Price.Minor
	}
	return sum
}

// major is an amount in major units, for rules that compare it.
func major(m Money) float64 {
	f, err := m.Number().Float64()
	if err != nil {
		return 0
	}
	return f
}

// newest is the parcel of an order that went out last; false when there is none.
func (o Order) newest() (p Parcel, ok bool) {
	for _, f := range o.Fulfilments {
		for _, x := range f.Parcels {
			if !ok || x.ShippedAt.After(p.ShippedAt) {
				p, ok = x, true
			}
		}
	}
	return p, ok
}
