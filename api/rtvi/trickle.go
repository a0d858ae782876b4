package rtvi

import (
	"context"
	"net/http"

	"parley/api"
	"parley/room"
)

// maxCandidates bounds the candidates of one request.
const maxCandidates = 64

// trickleRequest is the body of a PATCH: candidates that the client has found since
// its offer.
type trickleRequest struct {
	ID         string      `json:"pc_id"`
	Candidates []candidate `json:"candidates"`
}

type candidate struct {
	// Candidate is the attribute's value; "" says that there are no more.
	Candidate string  `json:"candidate"`
	Mid       *string `json:"sdp_mid"`
	Line      *uint16 `json:"sdp_mline_index"`
}

// trickleAnswer says that the candidates are taken.
type trickleAnswer struct {
	Status string `json:"status"`
}

// trickle takes a client's further candidates.
func (p *Protocol) trickle(w http.ResponseWriter, r *http.Request) {
	var request trickleRequest
	body, err := readBody(w, r)
	if err == nil {
		err = readJSON(body, &request)
	}
	if err == nil && len(request.Candidates) > maxCandidates {
		err = api.NewProblem(http.StatusUnprocessableEntity, "bad-request", "There are %d candidates; at most %d are taken at once.", len(request.Candidates), maxCandidates)
	}
	if err == nil {
		err = p.takeCandidates(r.Context(), request)
	}
	if err != nil {
		p.hall.Fail(w, r, err)
		return
	}
	writeJSON(w, trickleAnswer{"success"})
}

func (p *Protocol) takeCandidates(ctx context.Context, request trickleRequest) error {
	one := p.findPeer(request.ID, p.hall.Who(ctx))
	if one == nil {
		return api.NewProblem(http.StatusNotFound, "no-call", "There is no connection %q.", short(request.ID))
	}
	if one.over() {
		return errOver()
	}
	call, err := p.hall.Call(ctx, one.conversation.ID())
	if err != nil {
		return err
	}
	candidates := make([]room.Candidate, len(request.Candidates))
	for i, c := range request.Candidates {
		candidates[i] = room.Candidate{Text: c.Candidate, Mid: c.Mid, Line: c.Line}
	}
	if err := call.Trickle(ctx, candidates); err != nil {
		return api.OfferError(err)
	}
	return nil
}
