package shop

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"parley/tools"
)

// maxNote bounds what is kept of a caller's words about a problem, in bytes.
const maxNote = 2000

type problemArgs struct {
	OrderID string `json:"order_id"`
	Problem string `json:"problem"`
	Note    string `json:"note"`
}

type problemView struct {
	OrderID string     `json:"order_id"`
	Problem string     `json:"problem"`
	CaseID  string     `json:"case_id"`
	Status  string     `json:"status"`
	Offer   *offerView `json:"offer,omitempty"`
}

// reportParcelProblem writes down that a parcel is lost, late, damaged or wrong, and
// tells what the policy offers. A problem that has been reported already keeps its
// case, and gets the photos that were sent since.
func (s *Store) reportParcelProblem(ctx context.Context, args problemArgs, call tools.Call) (any, error) {
	return s.once(ctx, call, func(tx *sql.Tx, now time.Time) (any, error) {
		o, err := order(ctx, tx, reachOf(call.Caller), args.OrderID)
		if err != nil {
			return nil, err
		}
		c, err := customer(ctx, tx, o.CustomerID)
		if err != nil {
			return nil, err
		}
		p, sent := s.troubled(o, args.Problem, c.zone())
		if !sent && strings.HasPrefix(o.Status, Pending) || o.Status == Cancelled {
			return nil, errNotSent
		}
		v := problemView{OrderID: o.ID, Problem: args.Problem, Status: "reported"}
		var offer string
		err = tx.QueryRowContext(ctx, `SELECT case_id, status, offer FROM parcel_problems WHERE order_id = $1 AND problem = $2`, o.ID, args.Problem).
			Scan(&v.CaseID, &v.Status, &offer)
		if err == nil {
			if err := json.Unmarshal([]byte(offer), &v.Offer); err != nil {
				return nil, fmt.Errorf("reading the offer of case %s: %w", v.CaseID, err)
			}
			return v, attach(ctx, tx, now, call, o.ID, v.CaseID)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("looking for an earlier report: %w", err)
		}
		if v.Offer, err = s.offer(o, p, args.Problem, c.zone()); err != nil {
			return nil, err
		}
		raw, err := json.Marshal(v.Offer)
		if err != nil {
			return nil, fmt.Errorf("writing the offer: %w", err)
		}
		v.CaseID = caseID(call.Key)
		_, err = tx.ExecContext(ctx, `INSERT INTO parcel_problems (case_id, order_id, problem, note, offer, status, reported_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			v.CaseID, o.ID, args.Problem, strings.ToValidUTF8(args.Note[:min(len(args.Note), maxNote)], ""), string(raw), v.Status, now.Unix())
		if err != nil {
			return nil, fmt.Errorf("writing the report down: %w", err)
		}
		return v, attach(ctx, tx, now, call, o.ID, v.CaseID)
	})
}

// offer is what the policy offers for a problem; money with its amount, which is
// that of what is in the parcel, and where it would go.
func (s *Store) offer(o Order, p sentParcel, problem string, zone *time.Location) (*offerView, error) {
	offer, err := s.rules.Policy.Problem(s.parcelCase(o, p, problem, zone))
	if err != nil {
		return nil, err
	}
	v := &offerView{Kind: offer.Kind, AfterDays: offer.AfterDays, Within: offer.WithinDays}
	if offer.Kind == "refund" && len(o.Payments) > 0 {
		worth := o.worth(p.itemIDs)
		v.Amount, v.Currency, v.MethodID = worth.Number(), worth.Currency, o.Payments[0].MethodID
	}
	return v, nil
}

// caseID is a short number for people, made from the write's key.
func caseID(key string) string {
	sum := sha256.Sum256([]byte("case " + key))
	return "C" + strings.ToUpper(hex.EncodeToString(sum[:4]))
}
