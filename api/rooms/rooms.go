// Package rooms has the agent sent into LiveKit's rooms by the API: a shop's server
// asks for a shopper's token for a room, or for the agent in a room that there is.
package rooms

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"

	"parley/access"
	"parley/api"
	"parley/llm"
	"parley/record"
)

// Config sets up a [Door].
type Config struct {
	// URL is the LiveKit server's address, ws or wss, as shoppers reach it, too.
	URL string
	// Key and Secret are the server's key pair.
	Key, Secret string
	// AgentName is the name under which the agent is dispatched.
	AgentName string
	// Record keeps the conversations, so that another server can take them up; nil
	// keeps them nowhere.
	Record *record.Store
	// Attributes are those by which the agent tells somebody's role from a token, which
	// is "shopper", "staff" or "guest", and whether a guest may interrupt it.
	Attributes func(role string, mayInterrupt bool) map[string]string
	// Log is told what clients are not; nothing if nil.
	Log *slog.Logger
}

const (
	// maxBody bounds a request's body, maxName a room's name, in bytes.
	maxBody = 16 << 10
	maxName = 128
	// dispatchTime bounds the LiveKit server's answer.
	dispatchTime = 5 * time.Second
	// joinTime is how long a shopper's token for a room opens its door. It has no
	// influence on how long they stay.
	joinTime = 10 * time.Minute
)

// Door is the rooms' part of the API, and begins the conversations of those whom it
// let in. It is safe for use by many goroutines.
type Door struct {
	cfg      Config
	dispatch lk.AgentDispatchService
	people   lk.RoomService
	worker   atomic.Pointer[Worker]
	hall     atomic.Pointer[api.Hall]
}

var _ api.Protocol = (*Door)(nil)

// New makes the door of one LiveKit server.
func New(cfg Config) *Door {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	address := "http" + strings.TrimPrefix(cfg.URL, "ws")
	client := &http.Client{Timeout: dispatchTime}
	d := &Door{cfg: cfg, dispatch: lk.NewAgentDispatchServiceProtobufClient(address, client), people: lk.NewRoomServiceProtobufClient(address, client)}
	d.Employ(nobody{})
	return d
}

// Mount implements api.Protocol.
func (d *Door) Mount(r chi.Router, h *api.Hall) {
	d.hall.Store(h)
	h.Describe(routes()...)
	r.Get("/v1/rooms", d.list)
	r.Post("/v1/rooms/{name}/agent", d.sendAgent)
	r.Post("/v1/rooms/{name}/token", d.letIn)
}

// errand is the metadata of a job: whom the agent is to talk with.
type errand struct {
	// Token is the customer's, as POST /v1/tokens makes it; "" is a stranger.
	Token string `json:"parley_token,omitempty"`
	// Shopper is the identity in the room of who speaks for the customer.
	Shopper string `json:"parley_shopper,omitempty"`
}

// Look makes images of a photo that came in a room. An error says to its sender, in
// plain words, why it is not taken.
func (d *Door) Look(ctx context.Context, file []byte) ([]llm.Image, error) {
	hall := d.hall.Load()
	images, err := hall.Look(ctx, [][]byte{file})
	if err != nil {
		return nil, errors.New(hall.Explain(ctx, err).Detail)
	}
	return images, nil
}

// wish is the body of both requests: whom the conversation is with, as for POST
// /v1/tokens.
type wish struct {
	// Identity is that of the shopper in the room, for the agent to know them by.
	Identity string `json:"identity"`
	Customer string `json:"customer"`
	Name     string `json:"name"`
	Language string `json:"language"`
	Viewing  string `json:"viewing"`
	// Role is what the person is in the room: "shopper", which is meant by "", "staff" or
	// "guest". Staff and guests speak for no customer, and bring no agent.
	Role string `json:"role"`
	// MayInterrupt has the agent give way to a guest and answer them.
	MayInterrupt bool `json:"may_interrupt"`
	// Prepare sends the agent ahead: it is in the room before the shopper has the token.
	// Left out, it goes where nobody is in the room and half of this program's places are
	// free.
	Prepare *bool `json:"prepare"`
}

// beside says that the person is not whom the conversation is with.
func (w wish) beside() bool { return w.Role == roleStaff || w.Role == roleGuest }

// The roles of people in a room.
const (
	roleShopper = "shopper"
	roleStaff   = "staff"
	roleGuest   = "guest"
)

// check says whether the wish can be granted to a person who enters (or, with entering
// false, to an agent who is sent).
func (w wish) check(entering bool) error {
	refuse := func(format string, args ...any) error {
		return api.NewProblem(http.StatusUnprocessableEntity, "bad-request", format, args...)
	}
	switch {
	case w.Role != "" && w.Role != roleShopper && !w.beside():
		return refuse("A role is %q, %q or %q.", roleShopper, roleStaff, roleGuest)
	case w.MayInterrupt && w.Role != roleGuest:
		return refuse("may_interrupt is for guests: a shopper may anyway, and staff take the floor.")
	case w.Prepare != nil && *w.Prepare && (w.beside() || !entering):
		return refuse("prepare is for shoppers who enter: the agent goes ahead of nobody else.")
	case w.beside() && !entering:
		return refuse("The agent is sent to a shopper, and to nobody with another role.")
	case w.beside() && (w.Customer != "" || w.Viewing != ""):
		return refuse("Staff and guests speak for no customer, and view no product.")
	}
	return nil
}

// read reads a request: the room's name, the wish and the metadata for the agent's job.
// fresh says that the shopper gets a new identity.
func (d *Door) read(r *http.Request, fresh bool) (name string, w wish, metadata string, err error) {
	name = chi.URLParam(r, "name")
	if name == "" || len(name) > maxName {
		return "", w, "", api.NewProblem(http.StatusUnprocessableEntity, "bad-request", "A room's name has 1 to %d bytes.", maxName)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return "", w, "", api.NewProblem(http.StatusBadRequest, "bad-body", "The body could not be read, or is over %d bytes.", maxBody)
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &w); err != nil {
			return "", w, "", api.NewProblem(http.StatusBadRequest, "bad-json", "The body is not the JSON object that is expected here: %v.", err)
		}
	}
	if err := w.check(fresh); err != nil {
		return "", w, "", err
	}
	// A room is anybody's who knows its name, so only a shop's server may choose one:
	// Mint asks for its key.
	token, _, err := d.hall.Load().Mint(r.Context(), access.Grant{Customer: w.Customer, Name: w.Name, Language: w.Language, Viewing: w.Viewing}, 0)
	if err != nil {
		return "", w, "", err
	}
	if w.beside() {
		w.Identity = w.Role + "-" + uuid.NewString()
		return name, w, "", nil
	}
	e := errand{Token: token, Shopper: w.Identity}
	if fresh {
		e.Shopper = "shopper-" + uuid.NewString()
		w.Identity = e.Shopper
	}
	if e.Shopper == "" {
		if w.Customer != "" { // else whoever is first in the room would speak for the customer
			return "", w, "", api.NewProblem(http.StatusUnprocessableEntity, "bad-request", "With a customer, identity says which participant of the room they are.")
		}
		return name, w, "", nil
	}
	text, err := json.Marshal(e)
	return name, w, string(text), err
}

// sendAgent sends the agent into a room.
func (d *Door) sendAgent(w http.ResponseWriter, r *http.Request) {
	name, _, metadata, err := d.read(r, false)
	if err != nil {
		d.hall.Load().Fail(w, r, err)
		return
	}
	dispatched, err := d.create(r.Context(), name, metadata)
	if err != nil {
		d.failDispatch(w, r, name, err)
		return
	}
	api.WriteJSON(w, http.StatusCreated, sent{Room: name, Dispatch: dispatched.GetId()})
}

// failDispatch answers a request for whom the agent could not be sent.
func (d *Door) failDispatch(w http.ResponseWriter, r *http.Request, room string, err error) {
	d.cfg.Log.Warn("dispatching the agent into a room", "room", room, "error", err)
	d.hall.Load().Fail(w, r, api.NewProblem(http.StatusBadGateway, "livekit", "The LiveKit server did not take the dispatch."))
}

// letIn makes a person's token for a room. With a shopper the agent comes, when the room
// begins. The token lets nobody change their own attributes, which say what they are.
func (d *Door) letIn(w http.ResponseWriter, r *http.Request) {
	name, wish, metadata, err := d.read(r, true)
	if err != nil {
		d.hall.Load().Fail(w, r, err)
		return
	}
	token := auth.NewAccessToken(d.cfg.Key, d.cfg.Secret).SetIdentity(wish.Identity).SetName(wish.Name).SetValidFor(joinTime).
		SetAttributes(d.cfg.Attributes(cmp.Or(wish.Role, roleShopper), wish.MayInterrupt)).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: name, CanUpdateOwnMetadata: new(false)})
	brought := d.cfg.AgentName != "" && !wish.beside() // without a name it comes into every room by itself
	if brought {
		token.SetRoomConfig(&lk.RoomConfiguration{Agents: []*lk.RoomAgentDispatch{{AgentName: d.cfg.AgentName, Metadata: metadata}}})
	}
	text, err := token.ToJWT()
	if err != nil {
		d.hall.Load().Fail(w, r, fmt.Errorf("making a token for a room: %w", err))
		return
	}
	if brought {
		if err := d.sendAhead(r.Context(), name, metadata, wish.Prepare); err != nil {
			d.failDispatch(w, r, name, err)
			return
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	api.WriteJSON(w, http.StatusCreated, ticket{URL: d.cfg.URL, Room: name, Token: text})
}
