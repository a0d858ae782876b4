package shop

import (
	"cmp"
	"fmt"
	"slices"
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

// mode is how a parcel travels; one of which that is not known counts as express.
func (p Parcel) mode() string { return cmp.Or(p.Mode, Express) }

// lane is that of a parcel.
func (s *Store) lane(p Parcel, country string) logistics.Lane {
	l, _ := s.rules.Lanes.Lane(p.mode(), country)
	return l
}

// judge says how a parcel of an order stands, and by how many days it is late for
// the customer, whose zone it is.
func (s *Store) judge(o Order, p Parcel, zone *time.Location) (state string, late int) {
	switch o.Status {
	case Delivered, ReturnRequested, ExchangeRequested:
		return logistics.Delivered, 0 // the shop's own word counts, also where no event says so
	}
	known := logistics.Parcel{Shipped: p.ShippedAt, ETA: p.ETA, Delivered: p.DeliveredAt}
	if n := len(p.Events); n > 0 {
		known.Last, known.Code = p.Events[n-1].At, p.Events[n-1].Code
	}
	state, late = s.lane(p, s.rules.Lanes.Code(o.Address.Country)).Judge(known, s.now().In(zone))
	if state == logistics.Labelled && o.Status == Shipped && len(p.Events) == 0 {
		state = logistics.InTransit // the shop handed it over, and the carrier tells nothing
	}
	return state, late
}

// silent counts the days since a parcel was last heard of; 0 when it never was.
func (s *Store) silent(p Parcel, zone *time.Location) int {
	last := p.ShippedAt
	if n := len(p.Events); n > 0 {
		last = p.Events[n-1].At
	}
	if last.IsZero() {
		return 0
	}
	return max(0, logistics.DaysBetween(last, s.now().In(zone)))
}

// parcelCase is what the policy is asked about a parcel of an order, which has these
// things in it.
func (s *Store) parcelCase(o Order, p sentParcel, problem string, zone *time.Location) policy.Case {
	state, late := s.judge(o, p.Parcel, zone)
	c := policy.Case{
		Problem: problem, Country: s.rules.Lanes.Code(o.Address.Country), Mode: p.mode(), Price: major(o.worth(p.itemIDs)), DaysLate: late,
	}
	if state != logistics.Delivered {
		c.DaysSilent = s.silent(p.Parcel, zone)
	}
	return c
}

// sentParcel is a parcel with what is in it.
type sentParcel struct {
	Parcel
	itemIDs []string
}

// parcels are those of an order.
func (o Order) parcels() []sentParcel {
	var all []sentParcel
	for _, f := range o.Fulfilments {
		for _, p := range f.Parcels {
			all = append(all, sentParcel{p, f.ItemIDs})
		}
	}
	return all
}

// troubled is the parcel of an order that a problem is most likely about: when
// something is missing, the one that is worst off, and else the one that came last.
// It says false when there is none.
func (s *Store) troubled(o Order, problem string, zone *time.Location) (sentParcel, bool) {
	all := o.parcels()
	if len(all) == 0 {
		return sentParcel{}, false
	}
	worse := func(a, b sentParcel) int {
		return cmp.Or(a.DeliveredAt.Compare(b.DeliveredAt), a.ShippedAt.Compare(b.ShippedAt))
	}
	if problem == "lost" || problem == "late" {
		ranks := []string{logistics.Delivered, logistics.Labelled, logistics.Out, logistics.InTransit, logistics.Late, logistics.Lost}
		rank := func(p sentParcel) int {
			state, _ := s.judge(o, p.Parcel, zone)
			return slices.Index(ranks, state)
		}
		worse = func(a, b sentParcel) int {
			return cmp.Or(rank(a)-rank(b), s.silent(a.Parcel, zone)-s.silent(b.Parcel, zone))
		}
	}
	return slices.MaxFunc(all, worse), true
}

// worth is what some things in an order cost; without any named, all of them.
func (o Order) worth(itemIDs []string) Money {
	if len(itemIDs) == 0 {
		return o.total()
	}
	left := make(map[string]int, len(itemIDs))
	for _, id := range itemIDs {
		left[id]++
	}
	sum := Money{Currency: o.Currency}
	for _, l := range o.Lines {
		if left[l.ItemID] > 0 {
			left[l.ItemID]--
			sum.Minor += l.Price.Minor
		}
	}
	return sum
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
