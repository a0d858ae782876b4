package api

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"parley/agent"
	"parley/room"
)

// Protocol is a further way to talk with the agent, with routes and messages of its
// own, over the same conversations.
type Protocol interface {
	// Mount adds the protocol's routes to r, the server's root. What comes to them has
	// passed the server's guard: it may converse, and was counted.
	Mount(r chi.Router, h *Hall)
}

// Hall is where a [Protocol] holds conversations: within the keys, tokens and limits
// of who makes a request, which is known by the request's context. Its methods may be
// called from any goroutine.
type Hall struct{ server *Server }

// Begin starts a conversation for who asks. adjust, if not nil, changes its options,
// but not its id and not whom it is with.
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
}

// Answer answers a client's offer, SDP, and seats the conversation, which has one
// call at a time. Whichever ends first takes the other with it. A conversation that
// ends with its call has ended when there is an error.
func (h *Hall) Answer(ctx context.Context, offer string, seat Seat) (answer string, call Call, err error) {
	g, err := h.server.take(ctx, seat.Conversation, seat.Ends)
	if err != nil {
		return "", nil, err
	}
	g.channels = seat.Channels
	return h.server.answer(ctx, offer, g)
}

// Call is the call of the conversation with this id, if who asks may know of it.
func (h *Hall) Call(ctx context.Context, id string) (Call, error) { return h.server.findCall(ctx, id) }

// Count charges who makes a request for a message of n bytes that came by another
// way than a request; over a limit it is an error for the client.
func (h *Hall) Count(ctx context.Context, n int) error {
	return h.server.count(principalOf(ctx), n)
}

// Go runs f on a goroutine that the server waits for when it closes.
func (h *Hall) Go(f func()) { h.server.serving.Go(f) }

// Fail answers a request with an error in the API's own shape.
func (h *Hall) Fail(w http.ResponseWriter, r *http.Request, err error) { h.server.fail(w, r, err) }

// Explain makes of any error what a client may be told, and logs what it may not.
func (h *Hall) Explain(ctx context.Context, err error) *Problem { return h.server.explain(ctx, err) }

// NewProblem makes an error for the client. kind is the last part of its type, which
// is urn:parley:problem:KIND.
func NewProblem(status int, kind, format string, args ...any) *Problem {
	return problem(status, kind, format, args...)
}
