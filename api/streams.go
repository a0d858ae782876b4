package api

import (
	"maps"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// describeStreams describes what is served without huma: offers and answers, which
// are SDP, streams of events, and what operators ask.
func (d *description) describeStreams() {
	text := &huma.Schema{Type: huma.TypeString}
	sdp := map[string]*huma.MediaType{
		"application/sdp": {Schema: text},
		"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"sdp", "type"}, Properties: map[string]*huma.Schema{
			"sdp": text, "type": {Type: huma.TypeString, Enum: []any{"offer", "answer"}},
		}}},
	}
	offer := maps.Clone(sdp)
	offer["multipart/form-data"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"sdp"}, Properties: map[string]*huma.Schema{
		"sdp": text, "session": {Type: huma.TypeString, Description: "A session of OpenAI's Realtime API, JSON."},
	}}}
	stream := map[string]*huma.MediaType{"text/event-stream": {Schema: text}}
	photos := &huma.Schema{Type: huma.TypeArray, Items: text, Description: "One to four photos, as base64 or data: URLs."}
	file := &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "A photo; the field may come up to four times."}
	typed := &huma.Schema{Type: huma.TypeString, Description: "What the customer typed."}
	message := map[string]*huma.MediaType{
		"application/json":    {Schema: &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"text": typed, "photos": photos}}},
		"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"text": typed, "photo": file}}},
	}
	id := &huma.Param{Name: "id", In: "path", Required: true, Schema: text, Description: "The conversation's id."}
	location := map[string]*huma.Param{"Location": {Schema: text, Description: "The call's address."}}

	d.describe(operation(http.MethodPost, "/v1/realtime/calls", "createCall", "Begin a call", "The offer of a WebRTC client; the answer carries all candidates."),
		offer, http.StatusCreated, &huma.Response{Description: "The answer", Content: sdp, Headers: location},
		&huma.Param{Name: "conversation", In: "query", Schema: text, Description: "A conversation that has begun by text, to carry on."})
	d.describe(operation(http.MethodPatch, "/v1/realtime/calls/{id}", "renegotiateCall", "Negotiate a call again", "For a change of tracks, or an ICE restart."),
		sdp, http.StatusOK, &huma.Response{Description: "The answer", Content: sdp}, id)
	d.describe(operation(http.MethodDelete, "/v1/realtime/calls/{id}", "endCall", "Hang up", ""),
		nil, http.StatusNoContent, &huma.Response{Description: "Hung up"}, id)
	d.describe(operation(http.MethodPost, "/v1/conversations/{id}/messages", "createMessage", "Say something by text", "The answer is a stream of the turn's events, the last of them turn.ended."),
		message, http.StatusOK, &huma.Response{Description: "The events of the turn", Content: stream}, id)
	d.describe(operation(http.MethodGet, "/v1/conversations/{id}/events", "streamEvents", "Follow a conversation", "All events as they happen, beginning with those that have happened."),
		nil, http.StatusOK, &huma.Response{Description: "The events", Content: stream}, id,
		&huma.Param{Name: "Last-Event-ID", In: "header", Schema: text, Description: "The id of the last event that was read; what followed is sent."})
	d.describe(operation(http.MethodGet, "/v1/conversations/{id}/turns/{turn}/audio", "readAudio", "Hear a turn", "Where calls are recorded, once the turn is over: left the customer, right the agent. Parts can be asked for (Range)."),
		nil, http.StatusOK, &huma.Response{Description: "A WAV file", Content: map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}, id,
		&huma.Param{Name: "turn", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeInteger, Minimum: new(1.0)}, Description: "The turn's number, as the transcript has it."})
	for path, what := range map[string]string{"/healthz": "Whether the program runs", "/readyz": "Whether callers would be served well", "/metrics": "Metrics, for Prometheus"} {
		op := operation(http.MethodGet, path, path[1:], what, "")
		op.Tags, op.Security = []string{"operators"}, []map[string][]string{{}}
		kind := "application/json"
		if path == "/metrics" {
			kind = "text/plain"
		}
		d.describe(op, nil, http.StatusOK, &huma.Response{Description: "The answer", Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{}}}})
	}
}

// describe adds an operation that huma does not serve.
func (d *description) describe(op huma.Operation, body map[string]*huma.MediaType, status int, answer *huma.Response, params ...*huma.Param) {
	op.Parameters = params
	if body != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: body}
	}
	op.Responses = map[string]*huma.Response{strconv.Itoa(status): answer, "default": d.anyProblem()}
	d.AddOperation(&op)
}
