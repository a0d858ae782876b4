package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/text/language"

	"parley/access"
)

// createToken makes a token for one customer. Only a key makes one: a token would
// otherwise live for ever.
func (s *Server) createToken(ctx context.Context, in *tokenWish) (*mintedToken, error) {
	p := principalOf(ctx)
	if p.open || s.Tokens == nil {
		return nil, problem(http.StatusConflict, "no-keys", "This server has no keys and asks for no tokens; parley keys create makes a key.")
	}
	if w := in.Body.Language; w != "" {
		if tag, err := language.Parse(w); err != nil || tag == language.Und {
			return nil, problem(http.StatusUnprocessableEntity, "bad-request", "%q is no BCP 47 language tag, such as en or zh-Hans.", w)
		}
	}
	if w := in.Body.Origin; w != "" && !slices.Contains(s.Origins, w) && !ownOrigin(ctx, w) {
		return nil, problem(http.StatusUnprocessableEntity, "bad-request", "Pages of %q may not use this server; list it under access.origins in the config.", w)
	}
	text, g, err := s.Tokens.Mint(access.Grant{
		Key: p.key.ID, Customer: in.Body.Customer, Name: in.Body.Name, Language: in.Body.Language, Viewing: in.Body.Viewing,
		Tools: in.Body.Tools, Origin: in.Body.Origin, Begins: in.Body.Begins,
	}, time.Duration(in.Body.Seconds)*time.Second)
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "bad-request", "%s.", capital(err.Error()))
	}
	out := &mintedToken{CacheControl: "no-store"}
	out.Body.Token, out.Body.Expires = text, g.Expires.UTC()
	return out, nil
}

type hostKey struct{}

// ownOrigin says whether an origin is that of the server's own page, by the host
// under which the request came.
func ownOrigin(ctx context.Context, origin string) bool {
	host, _ := ctx.Value(hostKey{}).(string)
	u, err := url.Parse(origin)
	return err == nil && host != "" && u.Scheme+"://"+host == origin
}
