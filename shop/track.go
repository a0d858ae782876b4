package shop

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"parley/shop/logistics"
	"parley/tools"
)

type (
	trackView struct {
		OrderID string       `json:"order_id"`
		Status  string       `json:"status"`
		Parcels []parcelView `json:"parcels"`
	}
	parcelView struct {
		TrackingID  string      `json:"tracking_id"`
		Carrier     string      `json:"carrier,omitempty"`
		Mode        string      `json:"mode"`
		ItemIDs     []string    `json:"item_ids"`
		State       string      `json:"state"`
		LateDays    int         `json:"late_days"`
		LastEvent   *eventView  `json:"last_event,omitempty"`
		Events      []eventView `json:"events,omitempty"`
		ETA         string      `json:"eta,omitempty"`
		ETALatest   string      `json:"eta_latest,omitempty"`
		DeliveredAt string      `json:"delivered_at,omitempty"`
		Offer       *offerView  `json:"offer,omitempty"`
	}
	offerView struct {
		Kind      string      `json:"kind"`
		AfterDays int         `json:"after_days,omitempty"`
		Amount    json.Number `json:"amount,omitempty"`
		Currency  string      `json:"currency,omitempty"`
		MethodID  string      `json:"payment_method_id,omitempty"`
		Within    int         `json:"within_days,omitempty"`
	}
)

// trackParcel tells where the parcels of an order are, when they will come, and,
// where one is late or lost, what the policy offers.
func (s *Store) trackParcel(ctx context.Context, args orderArgs, call tools.Call) (any, error) {
	o, c, err := s.orderOf(ctx, call, args.OrderID)
	if err != nil {
		return nil, err
	}
	v := trackView{OrderID: o.ID, Status: o.Status, Parcels: []parcelView{}}
	for _, p := range o.parcels() {
		v.Parcels = append(v.Parcels, s.viewParcel(o, p, c.zone()))
	}
	return v, nil
}

func (s *Store) viewParcel(o Order, p sentParcel, zone *time.Location) parcelView {
	x := parcelView{TrackingID: p.TrackingID, Carrier: p.Carrier, Mode: p.mode(), ItemIDs: append([]string{}, p.itemIDs...), DeliveredAt: at(p.DeliveredAt, zone)}
	for _, e := range p.Events {
		x.Events = append(x.Events, eventView{at(e.At, zone), e.Code, e.Place})
	}
	if n := len(x.Events); n > 0 {
		x.LastEvent = &x.Events[n-1]
	}
	x.State, x.LateDays = s.judge(o, p.Parcel, zone)
	if x.State == logistics.Delivered {
		return x
	}
	x.ETA = day(p.ETA, zone)
	if !o.PlacedAt.IsZero() && p.Mode != "" { // for a mode that is only supposed there is no promise
		from, to := s.lane(p.Parcel, s.rules.Lanes.Code(o.Address.Country)).Estimate(o.PlacedAt, zone)
		x.ETA = cmp.Or(x.ETA, day(from, zone))
		if to.After(p.ETA) {
			x.ETALatest = day(to, zone)
		}
	}
	if x.State == logistics.Late || x.State == logistics.Lost {
		if offer, err := s.rules.Policy.Problem(s.parcelCase(o, p, x.State, zone)); err == nil {
			x.Offer = &offerView{Kind: offer.Kind, AfterDays: offer.AfterDays, Within: offer.WithinDays}
		}
	}
	return x
}

// orderOf is an order that a caller reaches, and whose it is.
func (s *Store) orderOf(ctx context.Context, call tools.Call, orderID string) (o Order, c Customer, err error) {
	err = s.view(ctx, func(q queryer) error {
		if o, err = order(ctx, q, reachOf(call.Caller), orderID); err != nil {
			return err
		}
		c, err = customer(ctx, q, o.CustomerID)
		return err
	})
	return o, c, err
}
