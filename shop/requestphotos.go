package shop

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parley/tools"
)

// The requests that photos are attached to, besides the case of a reported problem.
const (
	returnRequest   = "return"
	exchangeRequest = "exchange"
)

// maxRequestPhotos bounds the photos of one request.
const maxRequestPhotos = 12

// RequestPhoto is a photo that a customer sent, and what it belongs to.
type RequestPhoto struct {
	// Request is "return", "exchange", or the case of a reported problem.
	Request string `json:"request"`
	// Hash is the photo's SHA-256 in hex.
	Hash string `json:"sha256"`
}

// attach records that the photos which were sent in the call's conversation, and which
// belong to nothing yet, belong to a request. It takes them from the conversation
// and never from the arguments, so that no model can name one.
func attach(ctx context.Context, tx *sql.Tx, now time.Time, call tools.Call, orderID, request string) error {
	var there int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM request_photos WHERE order_id = $1 AND request = $2`, orderID, request).Scan(&there); err != nil {
		return fmt.Errorf("reading the photos of %s: %w", orderID, err)
	}
	for _, hash := range call.Conversation.Photos {
		if there == maxRequestPhotos {
			break
		}
		done, err := tx.ExecContext(ctx, `INSERT INTO request_photos (conversation, hash, order_id, request, position, attached_at)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (conversation, hash) DO NOTHING`,
			call.Conversation.ID, hash, orderID, request, there, now.Unix())
		if err != nil {
			return fmt.Errorf("attaching a photo to %s: %w", orderID, err)
		}
		n, err := done.RowsAffected()
		if err != nil {
			return fmt.Errorf("attaching a photo to %s: %w", orderID, err)
		}
		there += int(n)
	}
	return nil
}

// requestPhotos are the photos that belong to an order's requests.
func requestPhotos(ctx context.Context, q queryer, orderID string) (photos []RequestPhoto, err error) {
	err = rows(ctx, q, func(r *sql.Rows) error {
		var p RequestPhoto
		if err := r.Scan(&p.Request, &p.Hash); err != nil {
			return err
		}
		photos = append(photos, p)
		return nil
	}, `SELECT request, hash FROM request_photos WHERE order_id = $1 ORDER BY request, position, hash`, orderID)
	if err != nil {
		return nil, fmt.Errorf("reading the photos of %s: %w", orderID, err)
	}
	return photos, nil
}

// PhotosNeeded says which of some photos were attached to a request at or after since.
func (s *Store) PhotosNeeded(ctx context.Context, hashes []string, since time.Time) (map[string]bool, error) {
	needed := make(map[string]bool)
	err := s.view(ctx, func(q queryer) error {
		for _, hash := range hashes {
			var last sql.NullInt64
			if err := q.QueryRowContext(ctx, `SELECT MAX(attached_at) FROM request_photos WHERE hash = $1`, hash).Scan(&last); err != nil {
				return err
			}
			if last.Valid && last.Int64 >= since.Unix() {
				needed[hash] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for what photos belong to: %w", err)
	}
	return needed, nil
}
