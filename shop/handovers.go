package shop

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parley/tools"
)

type handoverArgs struct {
	Summary string `json:"summary"`
}

func (s *Store) transferToHumanAgents(ctx context.Context, args handoverArgs, call tools.Call) (any, error) {
	who := call.Caller.CustomerID
	call.Caller.CustomerID = "" // a caller may become known between a try and its repetition
	return s.once(ctx, call, func(tx *sql.Tx, now time.Time) (any, error) {
		_, err := tx.ExecContext(ctx, `INSERT INTO handovers (id, conversation, customer_id, summary, at) VALUES ($1, $2, $3, $4, $5)`,
			call.Key, call.Conversation.ID, who, args.Summary, now.Unix())
		if err != nil {
			return nil, fmt.Errorf("recording a hand-over: %w", err)
		}
		return "Transfer successful", nil
	})
}
