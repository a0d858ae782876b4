-- A label that a customer shows names a parcel by its tracking number.

-- +goose Up
CREATE INDEX parcels_by_tracking ON parcels (tracking_id);

-- +goose Down
DROP INDEX parcels_by_tracking;
