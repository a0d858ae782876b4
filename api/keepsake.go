package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"parley/access"
)

// keepsake is who made a request, for a server that goes on with their conversation.
type keepsake struct {
	ID      string
	Expires time.Time
	access.Grant
}

// Keepsake is who makes a request, and which customer they are, as text for another
// server that goes on with their conversation; see Restore. It is "" for who has no
// token.
func (h *Hall) Keepsake(ctx context.Context) (text, customer string, err error) {
	g := principalOf(ctx).grant
	if g == nil {
		return "", "", nil
	}
	raw, err := json.Marshal(keepsake{g.ID, g.Expires, *g})
	if err != nil {
		return "", "", fmt.Errorf("keeping who makes a request: %w", err)
	}
	return string(raw), g.Customer, nil
}

// Restore is the context for Begin of who is named by a text of Keepsake. It works as
// long as the key that vouched for them, not only as long as their token: the
// conversation has begun.
func (h *Hall) Restore(ctx context.Context, text string) (context.Context, error) {
	if text == "" {
		return h.Bearer(ctx, "")
	}
	var k keepsake
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return nil, fmt.Errorf("reading who made a request: %w", err)
	}
	s := h.server
	if s.Keys == nil || !s.Keys.Works(k.Key) {
		return nil, access.ErrUnknown
	}
	g := k.Grant
	g.ID, g.Expires = k.ID, k.Expires
	return withPrincipal(ctx, bearer(g, "")), nil
}
