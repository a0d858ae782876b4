package logistics

import "time"

// The states of a parcel.
const (
	Labelled  = "label_created"
	InTransit = "in_transit"
	Out       = "out_for_delivery"
	Delivered = "delivered"
	Late      = "late"
	Lost      = "lost"
)

// Parcel is what is known of a parcel. Times may be zero.
type Parcel struct {
	Shipped, ETA, Delivered time.Time
	// Last is the newest event: its time and its code.
	Last time.Time
	Code string
}

// doorDays is how many days "out for delivery" is believed: what is silent for longer
// is not in the van any more.
const doorDays = 1

// Judge says how a parcel stands at a moment, and by how many days it is late. One
// of which nothing was heard for as long as its lane allows is late or lost, whatever
// was promised. Days are those of the calendar in the zone of now, which is the
// customer's: what was due today is not late.
func (l Lane) Judge(p Parcel, now time.Time) (state string, late int) {
	if !p.Delivered.IsZero() || p.Code == Delivered {
		return Delivered, 0
	}
	if !p.ETA.IsZero() {
		late = max(0, DaysBetween(p.ETA, now))
	}
	heard, quiet := p.Last, 0
	if heard.IsZero() {
		heard = p.Shipped
	}
	if !heard.IsZero() {
		quiet = max(0, DaysBetween(heard, now))
	}
	switch {
	case quiet > 0 && quiet >= l.LostAfter:
		return Lost, late
	case p.Code == Out && quiet <= doorDays:
		return Out, late
	case late > 0, quiet > 0 && quiet >= l.LateAfter:
		return Late, late
	case p.Code == Labelled || p.Code == "" && p.Shipped.IsZero():
		return Labelled, 0
	}
	return InTransit, 0
}

// DaysBetween counts days of the calendar from one moment to another, in the zone of
// the second; negative when the first is on a later day.
func DaysBetween(from, to time.Time) int {
	date := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(date(to).Sub(date(from.In(to.Location()))) / (24 * time.Hour))
}
