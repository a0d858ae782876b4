package shop

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"parley/tools"
)

// Bounds on finding out who is calling. Someone who knows their own details
// needs one try, and one more for a slip of the ear.
const (
	// triesInConversation is how many look-ups one conversation has.
	triesInConversation = 3
	// triesOnAccount is how many look-ups of one account may fail within triesWindow,
	// over all conversations: guessing a postal code takes more.
	triesOnAccount = 10
	triesWindow    = time.Hour
	// triesKept is how long a try is remembered, longer than any conversation.
	triesKept = 24 * time.Hour
)

type emailArgs struct {
	Email string `json:"email"`
}

func (s *Store) findUserIDByEmail(ctx context.Context, args emailArgs, call tools.Call) (any, error) {
	key := fold(args.Email)
	return s.identify(ctx, call, "email "+key, func(q queryer) ([]Customer, error) {
		return found(ctx, q, `SELECT id, first_name, last_name FROM customers WHERE email_key = $1 LIMIT 2`, key)
	})
}

type nameZipArgs struct {
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Zip       string `json:"zip"`
}

func (s *Store) findUserIDByNameZip(ctx context.Context, args nameZipArgs, call tools.Call) (any, error) {
	key := nameKey(args.FirstName, args.LastName)
	return s.identify(ctx, call, "name "+key, func(q queryer) ([]Customer, error) {
		return found(ctx, q, `SELECT id, first_name, last_name FROM customers WHERE name_key = $1 AND zip = $2 LIMIT 2`, key, args.Zip)
	})
}

func found(ctx context.Context, q queryer, query string, args ...any) ([]Customer, error) {
	var list []Customer
	err := rows(ctx, q, func(r *sql.Rows) error {
		var c Customer
		err := r.Scan(&c.ID, &c.FirstName, &c.LastName)
		list = append(list, c)
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("looking a customer up: %w", err)
	}
	return list, nil
}

// identify finds the one customer that look finds. A wrong guess and an unknown
// customer do the same work and get the same answer, and so do two customers who
// cannot be told apart. Each try of a caller who is not known yet is written
// down, by the conversation and by account, which is what was looked for.
func (s *Store) identify(ctx context.Context, call tools.Call, account string, look func(queryer) ([]Customer, error)) (any, error) {
	if call.Caller.Staff || call.Caller.Verified {
		list, err := look(s.read)
		if err != nil {
			return nil, err
		}
		if len(list) != 1 || !reachOf(call.Caller).has(list[0].ID) {
			return nil, ErrNoCustomer
		}
		return list[0].ID, nil
	}
	sum := sha256.Sum256([]byte(account))
	account = hex.EncodeToString(sum[:])
	var list []Customer
	var refused bool
	err := s.tx(ctx, func(tx *sql.Tx) error {
		now := s.now()
		if _, err := tx.ExecContext(ctx, `DELETE FROM verification_tries WHERE at < $1`, now.Add(-triesKept).Unix()); err != nil {
			return fmt.Errorf("forgetting old tries: %w", err)
		}
		var spent, failed int
		err := tx.QueryRowContext(ctx, `
			SELECT (SELECT COUNT(*) FROM verification_tries WHERE conversation = $1),
				(SELECT COUNT(*) FROM verification_tries WHERE account = $2 AND at > $3 AND found = 0)`,
			call.Conversation.ID, account, now.Add(-triesWindow).Unix()).Scan(&spent, &failed)
		if err != nil {
			return fmt.Errorf("counting tries: %w", err)
		}
		if refused = spent >= triesInConversation || failed >= triesOnAccount; refused {
			return nil
		}
		if list, err = look(tx); err != nil {
			return err
		}
		hit := 0
		if len(list) == 1 {
			hit = 1
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO verification_tries (conversation, account, found, at) VALUES ($1, $2, $3, $4)`,
			call.Conversation.ID, account, hit, now.Unix()); err != nil {
			return fmt.Errorf("writing a try down: %w", err)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case refused:
		return nil, errTries
	case len(list) != 1:
		return nil, ErrNoCustomer
	}
	c := list[0]
	return tools.Identified{Value: c.ID, Caller: tools.Caller{
		CustomerID: c.ID, Name: strings.TrimSpace(c.FirstName + " " + c.LastName), Verified: true, Language: call.Caller.Language,
	}}, nil
}
