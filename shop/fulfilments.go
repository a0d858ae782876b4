package shop

import (
	"context"
	"database/sql"
	"time"
)

// fulfilments reads what went out of an order, and in which parcels.
func fulfilments(ctx context.Context, q queryer, o *Order) error {
	at := make(map[int64]int) // position to index
	err := rows(ctx, q, func(r *sql.Rows) error {
		var position int64
		var item sql.NullString
		if err := r.Scan(&position, &item); err != nil {
			return err
		}
		if _, seen := at[position]; !seen {
			at[position] = len(o.Fulfilments)
			o.Fulfilments = append(o.Fulfilments, Fulfilment{})
		}
		if f := &o.Fulfilments[at[position]]; item.Valid {
			f.ItemIDs = append(f.ItemIDs, item.String)
		}
		return nil
	}, `SELECT f.position, i.item_id
		FROM fulfilments f LEFT JOIN fulfilment_items i ON i.order_id = f.order_id AND i.fulfilment = f.position
		WHERE f.order_id = $1 ORDER BY f.position, i.position`, o.ID)
	if err != nil || len(o.Fulfilments) == 0 {
		return err
	}
	type place struct{ fulfilment, parcel int64 }
	parcels := make(map[place]int)
	return rows(ctx, q, func(r *sql.Rows) error {
		var p Parcel
		var key place
		var shipped, eta, delivered, when sql.NullInt64
		var code, where sql.NullString
		if err := r.Scan(&key.fulfilment, &key.parcel, &p.TrackingID, &p.Carrier, &p.Service, &p.Mode, &shipped, &eta, &delivered,
			&when, &code, &where); err != nil {
			return err
		}
		f := &o.Fulfilments[at[key.fulfilment]]
		if _, seen := parcels[key]; !seen {
			p.ShippedAt, p.ETA, p.DeliveredAt = moment(shipped), moment(eta), moment(delivered)
			parcels[key] = len(f.Parcels)
			f.Parcels = append(f.Parcels, p)
		}
		if when.Valid {
			known := &f.Parcels[parcels[key]]
			known.Events = append(known.Events, ParcelEvent{At: time.Unix(when.Int64, 0).UTC(), Code: code.String, Place: where.String})
		}
		return nil
	}, `SELECT p.fulfilment, p.position, p.tracking_id, p.carrier, p.service, p.mode, p.shipped_at, p.eta, p.delivered_at, e.at, e.code, e.place
		FROM parcels p LEFT JOIN parcel_events e ON e.order_id = p.order_id AND e.fulfilment = p.fulfilment AND e.parcel = p.position
		WHERE p.order_id = $1 ORDER BY p.fulfilment, p.position, e.position`, o.ID)
}
