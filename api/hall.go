package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"parley/access"
	"parley/agent"
	"parley/llm"
	"parley/room"
)

// Protocol is a further way to talk with the agent, with routes and messages of its
// own, over the same conversations.
type Protocol interface {
	// Mount adds the protocol's routes to r, the server's root. What comes to them has
	// passed the server's guard: it may converse, and was counted.
	Mount(r chi.Router, h *Hall)
}

// ChannelProtocol is a [Protocol] whose clients make their calls as Parley's own do, and
// speak over a data channel with a name of its own.
type ChannelProtocol interface {
	Protocol
	// Label is the channel's name.
	Label() string
	// Prepare looks at the request for a call. session is what its body asks of the
	// conversation, nil when it asks nothing. adjust changes the options of the
	// conversation, if one begins with the call, and may be nil; serve serves the
	// channel and returns when its Messages are closed.
	Prepare(r *http.Request, session []byte) (adjust func(*agent.Options), serve func(*agent.Conversation, room.Channel), err error)
}

// Hall is where a [Protocol] holds conversations: within the keys, tokens and limits
// of who makes a request, which is known by the request's context. Its methods may be
// called from any goroutine.
type Hall struct {
	server      *Server
	description *description
}

// Begin starts a conversation for who asks. adjust, if not nil, changes its options,
// but not its id and not whom it is with; one that it resumes has those of its story.
func (h *Hall) Begin(ctx context.Context, adjust func(*agent.Options)) (*agent.Conversation, error) {
	return h.server.begin(ctx, adjust)
}

// Reach is the conversation with this id, if it runs and who asks may know of it.
func (h *Hall) Reach(ctx context.Context, id string) (*agent.Conversation, error) {
	return h.server.reach(ctx, id)
}

// End ends a conversation; it returns before that is done.
func (h *Hall) End(c *agent.Conversation, cause error) { h.server.Host.End(c.ID(), cause) }

// Seat is a conversation that a client's call is to carry.
type Seat struct {
	Conversation *agent.Conversation
	// Ends says that the conversation ends with the call.
	Ends bool
	// Channels serve the data channels that the client opens, by label. Each runs on
	// a goroutine of its own and returns when the channel's Messages are closed.
	Channels map[string]func(room.Channel)
	// Left, if not nil, is told once that the call is over, and why. It returns at once.
	Left func(cause error)
	// Farewell, if not nil, is called when the conversation has ended during the call,
	// which is hung up when it returns. It returns when ctx ends.
	Farewell func(ctx context.Context)
}

// Answer answers a client's offer, SDP, and seats the conversation, which has one
// call at a time. Whichever ends first takes the other with it. A conversation that
// ends with its call has ended when there is an error.
func (h *Hall) Answer(ctx context.Context, offer string, seat Seat) (answer string, call Call, err error) {
	g, err := h.server.take(ctx, seat.Conversation, seat.Ends)
	if err != nil {
		return "", nil, err
	}
	g.channels, g.gone, g.farewell = seat.Channels, seat.Left, seat.Farewell
	return h.server.answer(ctx, offer, g)
}

// Abandon ends a conversation that has led to nothing, as if it had not begun.
func (h *Hall) Abandon(c *agent.Conversation, cause error) {
	h.server.abandon(c, cause)
}

// Hangup ends the call of the conversation with this id, if there is one, and waits
// until its seat is free.
func (h *Hall) Hangup(ctx context.Context, id string, cause error) error {
	if call, err := h.Call(ctx, id); err == nil {
		return h.server.hangUp(ctx, id, call, cause)
	}
	return nil
}

// Bearer is who shows a customer's token by another way than a request: the context
// for Begin. "" is a stranger, with whom conversations are held without a name, or on a
// server without keys its only user.
func (h *Hall) Bearer(ctx context.Context, token string) (context.Context, error) {
	s := h.server
	if s.Keys == nil || !s.Keys.Any() {
		return withPrincipal(ctx, principal{open: true}), nil
	}
	if token == "" {
		return withPrincipal(ctx, principal{}), nil
	}
	g, err := s.checkToken(token)
	if err != nil {
		return nil, err
	}
	return withPrincipal(ctx, bearer(g, "")), nil
}

// Shop is nil when who asks is the shop's own server, or the user of an open one, and an
// error for the client when it is a customer.
func (h *Hall) Shop(ctx context.Context) error {
	if p := principalOf(ctx); p.grant != nil {
		return problem(http.StatusForbidden, "scope", "This needs a key; a customer's token does not do.")
	}
	return nil
}

// Who names who makes a request, to tell it from others. A customer's tokens are one.
func (h *Hall) Who(ctx context.Context) string { return principalOf(ctx).name() }

// Call is the call of the conversation with this id, if who asks may know of it.
func (h *Hall) Call(ctx context.Context, id string) (Call, error) { return h.server.findCall(ctx, id) }

// Count charges who makes a request for a message of n bytes that came by another
// way than a request; over a limit it is an error for the client.
func (h *Hall) Count(ctx context.Context, n int) error {
	return h.server.count(principalOf(ctx), n)
}

// Look makes images of photos as they came; an error is one for the client.
func (h *Hall) Look(ctx context.Context, files [][]byte) ([]llm.Image, error) {
	return h.server.look(ctx, files)
}

// Mint makes a token for a customer's browser, if who asks may: with a key of the scope
// tokens. On a server without keys, where nobody needs a token, text is "".
func (h *Hall) Mint(ctx context.Context, g access.Grant, life time.Duration) (text string, expires time.Time, err error) {
	p := principalOf(ctx)
	switch {
	case p.open || h.server.Tokens == nil:
		return "", time.Now().Add(cmp.Or(life, access.DefaultLife)), nil
	case p.grant != nil || !p.key.May(access.Mint):
		return "", time.Time{}, problem(http.StatusForbidden, "scope", "This needs a key with the scope %q.", access.Mint)
	}
	g.Key = p.key.ID
	text, g, err = h.server.Tokens.Mint(g, life)
	if err != nil {
		return "", time.Time{}, problem(http.StatusUnprocessableEntity, "bad-request", "%s.", capital(err.Error()))
	}
	return text, g.Expires, nil
}

// Go runs f on a goroutine that the server waits for when it closes.
func (h *Hall) Go(f func()) { h.server.serving.Go(f) }

// Fail answers a request with an error in the API's own shape.
func (h *Hall) Fail(w http.ResponseWriter, r *http.Request, err error) { h.server.fail(w, r, err) }

// Explain makes of any error what a client may be told, and logs what it may not. It
// may be called when ctx has ended, on any goroutine.
func (h *Hall) Explain(ctx context.Context, err error) *Problem {
	// With a request that has ended the server would break off its handler.
	return h.server.explain(context.WithoutCancel(ctx), err)
}

// WriteJSON answers a request with a JSON value.
func WriteJSON(w http.ResponseWriter, status int, v any) { writeJSON(w, status, v) }

// OfferError makes of what became of an offer or a candidate an error for the client,
// if it is one.
func OfferError(err error) error { return offerProblem(err) }

// NewProblem makes an error for the client. kind is the last part of its type, which
// is urn:parley:problem:KIND.
func NewProblem(status int, kind, format string, args ...any) *Problem {
	return problem(status, kind, format, args...)
}
