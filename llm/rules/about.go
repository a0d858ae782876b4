package rules

import (
	"slices"
	"strings"
)

// about answers a question about one order.
func (t *turn) about(u understood) error {
	t.state.Task = taskOrder
	o, found, err := t.which(u, t.mayBeMeant)
	if err != nil || !found {
		return err
	}
	t.state.Asked, t.state.Words = "", ""
	switch t.state.Aspect {
	case etaAspect:
		return t.eta(o)
	case itemsAspect:
		t.say("order_items", "Order", o.number(), "Items", t.someItems(o.Items))
	case totalAspect:
		if p, ok := o.paid(); ok {
			t.say("order_total", "Order", o.number(), "Amount", t.money(p.Amount, o.Currency), "Method", t.method(p.Method, o.Methods))
		} else {
			return t.status(o)
		}
	case trackingAspect, carrierAspect:
		return t.tracking(o)
	case addressAspect:
		t.say("order_address", "Order", o.number(), "Address", strings.Trim(o.Address.Address1+", "+o.Address.City, ", "))
	case placedAspect:
		t.say("order_placed", "Order", o.number(), "Day", t.day(o.PlacedAt, o.PlacedAt))
	case paidAspect:
		if p, ok := o.paid(); ok {
			t.say("order_paid", "Order", o.number(), "Method", t.method(p.Method, o.Methods))
		} else {
			return t.status(o)
		}
	case refundAspect:
		return t.refund(o)
	default:
		return t.status(o)
	}
	return nil
}

// mayBeMeant says which orders a question without a number can be about: those
// that are still to come, or, after money, those that it can come back from.
func (t *turn) mayBeMeant(o order) bool {
	switch t.state.Aspect {
	case refundAspect:
		return o.Status == returnStatus || o.Status == cancelledStatus
	case trackingAspect, carrierAspect, etaAspect:
		return o.Status == processedStatus
	}
	if t.mentions("parcel", "parcels", "package", "packages", "packet", "delivery", "shipment") || t.mentions("track", "tracking", "frat") {
		return o.Status == processedStatus
	}
	return o.Status != deliveredStatus && o.Status != cancelledStatus
}

// status says how an order stands, the short answer first.
func (t *turn) status(o order) error {
	switch o.Status {
	case pendingStatus, modifiedStatus:
		t.say("status_pending", "Order", o.number())
	case processedStatus:
		t.say("status_processed", "Order", o.number())
		return t.parcel(o)
	case deliveredStatus:
		if when := o.delivered(); when != "" {
			t.say("status_delivered", "Order", o.number(), "Day", t.day(when, o.PlacedAt))
		} else {
			t.say("status_delivered_undated", "Order", o.number())
		}
	case cancelledStatus:
		if o.Reason != "" {
			t.say("status_cancelled_why", "Order", o.number(), "Reason", o.Reason)
		} else {
			t.say("status_cancelled", "Order", o.number())
		}
		t.refunded(o)
	case returnStatus:
		t.say("status_return_requested", "Order", o.number(), "Items", t.theItems(known(o.Items, o.ReturnItems), o.Items))
	case exchangeStatus:
		t.say("status_exchange_requested", "Order", o.number())
	default:
		t.say("status_other", "Order", o.number(), "Status", o.Status)
	}
	return nil
}

// parcel says where the parcel was seen last and when it will come.
func (t *turn) parcel(o order) error {
	p, ok, err := t.tracked(o)
	if err != nil || !ok {
		return err
	}
	t.lastSeen(p, o)
	t.expected(p, o)
	return nil
}

// lastSeen says what happened to a parcel last.
func (t *turn) lastSeen(p parcel, o order) {
	n := len(p.Events)
	if n == 0 {
		return
	}
	e := p.Events[n-1]
	key := "event_" + e.Code
	if !slices.Contains([]string{"label_created", "picked_up", "departed", "arrived", "out_for_delivery", "delivered"}, e.Code) {
		key = "event_other"
	}
	t.say(key, "Place", e.Place, "Day", t.day(e.At, o.PlacedAt))
}

// tracking is what track_parcel gives.
type tracking struct {
	OrderID string          `json:"order_id"`
	Parcels []trackedParcel `json:"parcels"`
}

type trackedParcel struct {
	Tracking string  `json:"tracking_id"`
	Carrier  string  `json:"carrier"`
	State    string  `json:"state"`
	ETA      string  `json:"eta"`
	Events   []event `json:"events"`
}

// tracked is the newest parcel of an order as the carrier knows it, or, where nothing
// can be tracked, as the order tells; false when there is none.
func (t *turn) tracked(o order) (parcel, bool, error) {
	if len(o.Parcels) == 0 {
		return parcel{}, false, nil
	}
	known := o.Parcels[len(o.Parcels)-1]
	if !t.tools[toolTrack] {
		return known, true, nil
	}
	var seen tracking
	refusal, err := t.use(toolTrack, orderArguments{o.number()}, &seen)
	if err != nil {
		return parcel{}, false, err
	}
	if refusal != "" || len(seen.Parcels) == 0 {
		return known, true, nil
	}
	x := seen.Parcels[len(seen.Parcels)-1]
	return parcel{Tracking: []string{x.Tracking}, Carrier: x.Carrier, ETA: x.ETA, Events: x.Events, State: x.State}, true, nil
}

// expected says when a parcel will come, or that it is late.
func (t *turn) expected(p parcel, o order) {
	if p.State == "lost" {
		t.say("parcel_lost")
		return
	}
	when, ok := moment(p.ETA)
	if !ok {
		t.say("parcel_no_eta")
		return
	}
	today := t.brain.now()
	if placed, ok := moment(o.PlacedAt); ok {
		today = today.In(placed.Location())
	}
	if days(today, when) < 0 {
		t.say("parcel_late", "Day", t.day(p.ETA, o.PlacedAt))
		return
	}
	t.say("parcel_eta", "Day", t.day(p.ETA, o.PlacedAt))
}

// eta answers when it will come.
func (t *turn) eta(o order) error {
	switch {
	case o.Status == processedStatus && len(o.Parcels) > 0:
		t.say("status_processed", "Order", o.number())
		p, _, err := t.tracked(o)
		if err != nil {
			return err
		}
		t.expected(p, o)
	case strings.HasPrefix(o.Status, pendingStatus):
		t.say("not_shipped_yet", "Order", o.number())
	default:
		return t.status(o)
	}
	return nil
}

func (t *turn) tracking(o order) error {
	p, ok, err := t.tracked(o)
	switch {
	case err != nil:
		return err
	case !ok:
		t.say("order_no_parcel", "Order", o.number())
	case t.state.Aspect == carrierAspect && p.Carrier != "":
		t.say("order_carrier", "Carrier", p.Carrier)
	case len(p.Tracking) > 0 && p.Carrier != "":
		t.say("order_tracking", "Carrier", p.Carrier, "Number", spelled(p.Tracking[0]))
	default:
		return t.status(o)
	}
	return nil
}

// refunded says what money came back.
func (t *turn) refunded(o order) bool {
	for _, p := range o.Payments {
		if p.Kind == "refund" {
			t.say("status_refunded", "Amount", t.money(p.Amount, o.Currency), "Method", t.method(p.Method, o.Methods))
			return true
		}
	}
	return false
}

func (t *turn) refund(o order) error {
	switch {
	case o.Status == returnStatus:
		t.say("refund_pending", "Order", o.number(), "Method", t.method(o.ReturnTo, o.Methods))
	case o.Status == cancelledStatus:
		return t.status(o)
	case !t.refunded(o):
		t.say("refund_none", "Order", o.number())
	}
	return nil
}
