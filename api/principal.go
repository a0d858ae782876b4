package api

import (
	"context"

	"parley/access"
)

// principal is who makes a request.
type principal struct {
	// key is set for a request with an API key, or with a token that it minted.
	key access.Key
	// grant is not nil for a request with a token.
	grant *access.Grant
	// who is what the request counts against.
	who access.Who
	// open says that the server asks for no key.
	open bool
}

// bearer is who shows a token, or is known by what it said.
func bearer(g access.Grant, address string) principal {
	return principal{key: access.Key{ID: g.Key}, grant: &g, who: access.Who{Key: g.Key, Customer: g.Customer, Address: address}}
}

// owner names whose conversations the principal begins: a customer's are reached
// by every token of that customer, a stranger's by the one token.
func (p principal) owner() string {
	switch {
	case p.grant == nil:
		return ""
	case p.grant.Customer != "":
		return "customer:" + p.grant.Customer
	default:
		return "token:" + p.grant.ID
	}
}

// name tells principals apart, for idempotency keys.
func (p principal) name() string {
	if p.grant != nil {
		return p.owner()
	}
	return "key:" + p.key.ID
}

// reaches says whether the principal may know of a conversation.
func (p principal) reaches(r *record) bool { return p.grant == nil || p.owner() == r.owner }

type principalKey struct{}

func withPrincipal(ctx context.Context, p principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// principalOf is who makes the request; every request that guard lets through has one.
func principalOf(ctx context.Context) principal {
	p, _ := ctx.Value(principalKey{}).(principal)
	return p
}
