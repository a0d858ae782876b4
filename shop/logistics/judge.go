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

// Judge says how a parcel stands at a moment, and by how many days it is late. One
// of which nothing was heard for longer than its lane allows is late or lost,
// whatever was promised.
func (l Lane) Judge(p Parcel, now time.Time) (state string, late int) {
	if !p.Delivered.IsZero() || p.Code == Delivered {
		return Delivered, 0
	}
	if !p.ETA.IsZero() && now.After(endOfDay(p.ETA)) {
		late = days(p.ETA, now)
	}
	heard := p.Last
	if heard.IsZero() {
		heard = p.Shipped
	}
	if !heard.IsZero() {
		switch quiet := days(heard, now); {
		case quiet >= l.LostAfter:
			return Lost, late
		case quiet >= l.LateAfter:
			return Late, late
		}
	}
	switch {
	case late > 0:
		return Late, late
	case p.Code == Labelled || p.Code == "":
		return Labelled, 0
	case p.Code == Out:
		return Out, 0
	}
	return InTransit, 0
}

// days are the whole days between two moments.
func days(from, to time.Time) int { return int(to.Sub(from) / (24 * time.Hour)) }

func endOfDay(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 59, 0, t.Location())
}
