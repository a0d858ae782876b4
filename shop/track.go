package shop

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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

type trackArgs struct {
	// OrderID is an order's number, or the tracking number of one of its parcels.
	OrderID string `json:"order_id"`
}

// trackParcel tells where the parcels of an order are, when they will come, and,
// where one is late or lost, what the policy offers.
func (s *Store) trackParcel(ctx context.Context, args trackArgs, call tools.Call) (any, error) {
	o, c, err := s.orderOf(ctx, call, args.OrderID)
	if errors.Is(err, ErrNoOrder) {
		var orderID string
		if orderID, err = s.parcelOrder(ctx, call, args.OrderID); err == nil {
			o, c, err = s.orderOf(ctx, call, orderID)
		}
	}
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

// parcelOrder is the order of the parcel with a tracking number; [ErrNoOrder] where the
// caller reaches none.
func (s *Store) parcelOrder(ctx context.Context, call tools.Call, tracking string) (found string, err error) {
	within := reachOf(call.Caller)
	err = rows(ctx, s.read, func(r *sql.Rows) error {
		var orderID, customerID string
		err := r.Scan(&orderID, &customerID)
		if err == nil && found == "" && within.has(customerID) {
			found = orderID
		}
		return err
	}, `SELECT o.id, o.customer_id FROM parcels p JOIN orders o ON o.id = p.order_id WHERE p.tracking_id = $1 ORDER BY o.position DESC LIMIT 20`,
		strings.ToUpper(strings.Join(strings.Fields(tracking), "")))
	if err != nil {
		return "", fmt.Errorf("looking for the order of a parcel: %w", err)
	}
	if found == "" {
		return "", ErrNoOrder
	}
	return found, nil
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
