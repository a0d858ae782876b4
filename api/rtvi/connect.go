package rtvi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"parley/agent"
	"parley/api"
	"parley/room"
	"parley/tools/clienttool"
)

// maxBody bounds a body in bytes: an offer of 64 KiB, written as JSON.
const maxBody = 128 << 10

// startRequest is the body of /start, as far as it means something here.
type startRequest struct {
	Transport       string `json:"transport"`
	CreateDailyRoom bool   `json:"createDailyRoom"`
	// What the app adds stands beside these, or in Body.
	appData
	Body appData `json:"body"`
}

type iceServer struct {
	URLs []string `json:"urls"`
}

type iceConfig struct {
	ICEServers []iceServer `json:"iceServers"`
}

// startAnswer tells the client where its offer goes.
type startAnswer struct {
	SessionID string    `json:"sessionId"`
	ICE       iceConfig `json:"iceConfig"`
}

// start makes a session, whose address takes the offer that follows.
func (p *Protocol) start(w http.ResponseWriter, r *http.Request) {
	var request startRequest
	body, err := readBody(w, r)
	if err == nil && len(bytes.TrimSpace(body)) > 0 {
		err = readJSON(body, &request)
	}
	if err == nil && (request.CreateDailyRoom && request.Transport == "" || request.Transport != "" && request.Transport != "webrtc") {
		err = api.NewProblem(http.StatusUnprocessableEntity, "bad-request", `The transport "webrtc" is the one that is served here.`)
	}
	var offered []clienttool.Tool
	if err == nil {
		if request.Tools == nil {
			request.appData = request.Body
		}
		offered, err = readFunctions(request.appData)
	}
	id := ""
	if err == nil {
		id, err = p.newSession(p.hall.Who(r.Context()), offered, time.Now())
	}
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	answer := startAnswer{SessionID: id, ICE: iceConfig{ICEServers: []iceServer{}}}
	if len(p.STUN) > 0 {
		answer.ICE.ICEServers = append(answer.ICE.ICEServers, iceServer{p.STUN})
	}
	writeJSON(w, answer)
}

// offerRequest is the body of an offer.
type offerRequest struct {
	SDP     string `json:"sdp"`
	Type    string `json:"type"`
	ID      string `json:"pc_id"`
	Restart bool   `json:"restart_pc"`
	// What the app adds.
	Data appData `json:"requestData"`
}

type offerAnswer struct {
	SDP  string `json:"sdp"`
	Type string `json:"type"`
	ID   string `json:"pc_id"`
}

// offer answers a client's offer: of a new client, or of one that negotiates again
// or makes its connection anew.
func (p *Protocol) offer(w http.ResponseWriter, r *http.Request) {
	var request offerRequest
	body, err := readBody(w, r)
	if err == nil {
		err = readJSON(body, &request)
	}
	if err == nil && request.Type != "offer" {
		err = api.NewProblem(http.StatusBadRequest, "bad-offer", `"type" has to be "offer", not %q.`, short(request.Type))
	}
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), setupTime)
	defer cancel()
	one := p.findPeer(request.ID, p.hall.Who(ctx))
	offered, err := p.admit(r, one)
	if err == nil && request.Data.Tools != nil {
		offered, err = readFunctions(request.Data)
	}
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	var answer offerAnswer
	if one == nil {
		answer, err = p.begin(ctx, request, offered)
	} else {
		answer, err = p.again(ctx, one, request)
	}
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	writeJSON(w, answer)
}

// admit lets a request to a session's address through if there is that session, or
// if it is of a client that is connected already. It returns the tools that the
// session's client runs.
func (p *Protocol) admit(r *http.Request, one *peer) ([]clienttool.Tool, error) {
	id := chi.URLParam(r, "session")
	if id == "" {
		return nil, nil
	}
	offered, ok := p.useSession(id, p.hall.Who(r.Context()), time.Now())
	if ok || one != nil {
		return offered, nil
	}
	return nil, api.NewProblem(http.StatusNotFound, "no-session", "There is no session %q; it may have expired.", short(id))
}

// begin starts a conversation with a new client.
func (p *Protocol) begin(ctx context.Context, request offerRequest, offered []clienttool.Tool) (offerAnswer, error) {
	own := newFunctions()
	var equip func(*agent.Options)
	if len(offered) > 0 {
		equip = func(o *agent.Options) { own.equip(o, offered) }
	}
	c, err := p.hall.Begin(ctx, equip)
	if err != nil {
		return offerAnswer{}, err
	}
	one := p.addPeer(p.hall.Who(ctx), c, own)
	answer, err := p.seat(ctx, one, request.SDP)
	if err != nil {
		p.hall.Abandon(c, err)
	}
	return answer, err
}

// again answers a further offer of a client.
func (p *Protocol) again(ctx context.Context, one *peer, request offerRequest) (offerAnswer, error) {
	release, err := one.negotiate(ctx)
	if err != nil {
		return offerAnswer{}, err
	}
	defer release()
	if one.over() {
		return offerAnswer{}, errOver()
	}
	if call, err := p.hall.Call(ctx, one.conversation.ID()); err == nil && !request.Restart {
		sdp, err := call.Renegotiate(ctx, request.SDP)
		if err != nil {
			return offerAnswer{}, api.OfferError(err)
		}
		return offerAnswer{SDP: sdp, Type: "answer", ID: one.id}, nil
	}
	if err := p.hall.Hangup(ctx, one.conversation.ID(), errReplaced); err != nil {
		return offerAnswer{}, err
	}
	answer, err := p.seat(ctx, one, request.SDP)
	if err != nil {
		p.hall.End(one.conversation, err) // its call is gone
	}
	return answer, err
}

func errOver() error {
	return api.NewProblem(http.StatusGone, "over", "This conversation has ended.")
}

// seat answers an offer with a connection of its own.
func (p *Protocol) seat(ctx context.Context, one *peer, offer string) (offerAnswer, error) {
	s := one.sit()
	lasting := context.WithoutCancel(ctx) // it says who the messages count against
	sdp, _, err := p.hall.Answer(ctx, offer, api.Seat{
		Conversation: one.conversation,
		Channels:     map[string]func(room.Channel){channelLabel: func(ch room.Channel) { p.serve(lasting, one, s, ch) }},
		Left:         func(cause error) { p.left(one, s, cause) },
		Farewell:     s.farewell,
	})
	if err != nil {
		return offerAnswer{}, err
	}
	return offerAnswer{SDP: sdp, Type: "answer", ID: one.id}, nil
}

// readBody reads a bounded body.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	if err != nil && !errors.As(err, &large) && !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, api.NewProblem(http.StatusBadRequest, "bad-body", "The body could not be read to its end.")
	}
	return body, err
}

// readJSON reads a JSON object. What v does not know is left out: apps add to it.
func readJSON(body []byte, v any) error {
	if !utf8.Valid(body) {
		return api.NewProblem(http.StatusBadRequest, "bad-json", "JSON is UTF-8, and the body is not.")
	}
	if first := bytes.TrimSpace(body); len(first) == 0 || first[0] != '{' {
		return api.NewProblem(http.StatusBadRequest, "bad-json", "The body has to be a JSON object.")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return api.NewProblem(http.StatusBadRequest, "bad-json", "The body is not the JSON object that is expected here: %v.", err)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Cache-Control", "no-store")
	api.WriteJSON(w, http.StatusOK, v)
}

// short cuts what a client wrote to what a message can hold.
func short(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
