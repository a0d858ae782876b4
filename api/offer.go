package api

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"parley/room"
)

// offerJSON is the JSON shape of an offer and of its answer.
type offerJSON struct {
	SDP  string `json:"sdp"`
	Type string `json:"type"`
}

// offered is what a client sent to begin a call.
type offered struct {
	sdp    string
	asJSON bool
	// session is what the client asks of the conversation, in the words of its
	// protocol; nil when it asks nothing.
	session []byte
}

// readOffer reads an SDP offer in any of its shapes.
func readOffer(w http.ResponseWriter, r *http.Request) (offered, error) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	switch kind {
	case "application/sdp":
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOffer))
		return offered{sdp: string(body)}, err
	case "application/json":
		var offer offerJSON
		if err := readJSON(w, r, maxOffer, &offer); err != nil {
			return offered{asJSON: true}, err
		}
		if offer.Type != "offer" {
			return offered{asJSON: true}, problem(http.StatusBadRequest, "bad-offer", `"type" has to be "offer", not %q.`, offer.Type)
		}
		return offered{sdp: offer.SDP, asJSON: true}, nil
	case "multipart/form-data":
		return readOfferForm(http.MaxBytesReader(w, r.Body, 2*maxOffer), parameters["boundary"])
	default:
		return offered{}, problem(http.StatusUnsupportedMediaType, "media-type",
			`The offer comes as application/sdp, as application/json {"type":"offer","sdp":…}, or as a form with the fields sdp and session; not as %q.`, r.Header.Get("Content-Type"))
	}
}

// readOfferForm reads the fields sdp and session of a form.
func readOfferForm(body io.Reader, boundary string) (offered, error) {
	var o offered
	if boundary == "" {
		return o, problem(http.StatusBadRequest, "bad-form", "The form names no boundary.")
	}
	for form := multipart.NewReader(body, boundary); ; {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return o, nil
		}
		if err != nil {
			return o, badForm(err)
		}
		field, err := io.ReadAll(part)
		if err != nil {
			return o, badForm(err)
		}
		switch part.FormName() {
		case "sdp":
			o.sdp = string(field)
		case "session":
			o.session = field
		default:
			return o, problem(http.StatusUnprocessableEntity, "bad-form", "The form has a field %q; sdp and session are possible.", part.FormName())
		}
	}
}

func writeAnswer(w http.ResponseWriter, status int, sdp string, asJSON bool) {
	if asJSON {
		writeJSON(w, status, offerJSON{SDP: sdp, Type: "answer"})
		return
	}
	w.Header().Set("Content-Type", "application/sdp")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, sdp) // nobody is left to tell
}

// badBody turns a body that could not be read into something the client can mend.
func badBody(err error) error {
	if p := asProblem(err); p != nil {
		return p
	}
	return problem(http.StatusBadRequest, "bad-body", "The body could not be read to its end.")
}

func offerProblem(err error) error {
	p, ok := errors.AsType[OfferProblem](err)
	if !ok {
		return err
	}
	status, reason := p.OfferStatus()
	kind := "bad-offer"
	switch {
	case errors.Is(err, room.ErrShutdown):
		kind = "closing"
	case status == http.StatusServiceUnavailable:
		kind = "busy"
	case status == http.StatusGone:
		kind = "over"
	}
	return problem(status, kind, "%s", reason)
}
