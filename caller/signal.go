package caller

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// maxAnswer is how much of a reply is read.
const maxAnswer = 1 << 20

// signaller exchanges an offer for an answer and ends calls.
type signaller struct {
	options *Options
}

// offer posts an offer. resource is what to delete at the end, "" if nothing.
func (s signaller) offer(ctx context.Context, sdp string) (answer, resource string, err error) {
	body, contentType, accept := []byte(sdp), "application/sdp", "application/sdp"
	if s.options.Shape == JSON {
		contentType, accept = "application/json", "application/json"
		if body, err = json.Marshal(description{Type: "offer", SDP: sdp}); err != nil {
			return "", "", fmt.Errorf("writing the offer: %w", err)
		}
	}
	r, err := s.do(ctx, http.MethodPost, s.options.URL, body, contentType, accept)
	if err != nil {
		return "", "", err
	}
	if r.code < 200 || r.code > 299 {
		return "", "", s.refusal(r)
	}
	answer, err = s.answer(r.text)
	return answer, r.location, err
}

// answer finds the SDP in the text of a reply.
func (s signaller) answer(text []byte) (string, error) {
	answer := string(text)
	if s.options.Shape == JSON {
		var d description
		if err := json.Unmarshal(text, &d); err != nil {
			return "", fmt.Errorf("%s did not answer with JSON of the form {\"type\":…,\"sdp\":…} but with %s", s.options.URL, excerpt(text))
		}
		if d.Type != "answer" && d.Type != "" {
			return "", fmt.Errorf("%s answered with a description of type %q instead of an answer", s.options.URL, d.Type)
		}
		answer = d.SDP
	}
	if !strings.HasPrefix(strings.TrimSpace(answer), "v=") {
		return "", fmt.Errorf("%s did not answer with an SDP but with %s%s", s.options.URL, excerpt([]byte(answer)), s.otherShape(text))
	}
	return answer, nil
}

// description is an offer or an answer in JSON.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// hangup deletes a call. It has its own time: the call it ends may have been cancelled.
func (s signaller) hangup(ctx context.Context, resource string) error {
	if resource == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	r, err := s.do(ctx, http.MethodDelete, resource, nil, "", "")
	if err != nil {
		return err
	}
	// A call that is gone already is what was wanted.
	if r.code > 299 && r.code != http.StatusNotFound && r.code != http.StatusGone {
		return fmt.Errorf("hanging up: %s answered %s", resource, r.status)
	}
	return nil
}

// reply is what came back for a request.
type reply struct {
	code     int
	status   string // the code in words
	location string // as a whole address, "" if none
	text     []byte
}

// do sends a request and reads what comes back.
func (s signaller) do(ctx context.Context, method, target string, body []byte, contentType, accept string) (*reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, s.explain(err)
	}
	maps.Copy(request.Header, s.options.Header)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("Accept", accept)
	}
	response, err := s.options.Client.Do(request)
	if err != nil {
		return nil, s.explain(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of %s: %w", target, err)
	}
	r := &reply{code: response.StatusCode, status: response.Status, text: text}
	if location := response.Header.Get("Location"); location != "" {
		if resolved, err := response.Request.URL.Parse(location); err == nil {
			r.location = resolved.String()
		}
	}
	return r, nil
}

// explain puts the commonest failures into plain words.
func (s signaller) explain(err error) error {
	var host string
	if parsed, parseErr := url.Parse(s.options.URL); parseErr == nil {
		host = parsed.Host
	}
	var lookup *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody listens at %s (connection refused): is the agent running?", host)
	case errors.As(err, &lookup):
		return fmt.Errorf("there is no machine called %q", lookup.Name)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%s did not answer the offer in time", host)
	}
	return fmt.Errorf("posting the offer: %w", err)
}

// refusal says why an agent did not take the call.
func (s signaller) refusal(r *reply) error {
	hint := ""
	switch r.code {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		hint = ": is this the address that takes offers?"
	case http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusBadRequest:
		hint = s.otherShape(nil)
	case http.StatusUnauthorized, http.StatusForbidden:
		hint = ": it wants a key (--header \"Authorization: Bearer …\")"
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		hint = ": it has too many calls"
	}
	said := ""
	if message := saidBy(r.text); message != "" {
		said = "; it says: " + message
	}
	return fmt.Errorf("%s refused the offer with %s%s%s", s.options.URL, r.status, hint, said)
}

// otherShape proposes the other shape, if there is reason to.
func (s signaller) otherShape(text []byte) string {
	if s.options.Shape == Raw {
		if text != nil && !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
			return ""
		}
		return " (perhaps it wants --shape json)"
	}
	return " (perhaps it wants --shape raw)"
}

// saidBy finds the message in an error's body: a problem document, an OpenAI
// error, FastAPI's detail, or a short text.
func saidBy(text []byte) string {
	var problem struct {
		Detail  any    `json:"detail"`
		Title   string `json:"title"`
		Message string `json:"message"`
		Error   any    `json:"error"`
	}
	if json.Unmarshal(text, &problem) == nil {
		if nested, ok := problem.Error.(map[string]any); ok {
			problem.Error = nested["message"]
		}
		for _, candidate := range []any{problem.Detail, problem.Error, problem.Message, problem.Title} {
			if s, ok := candidate.(string); ok && s != "" {
				return shorten(s)
			}
		}
	}
	if trimmed := strings.TrimSpace(string(text)); trimmed != "" && !strings.HasPrefix(trimmed, "<") {
		return shorten(trimmed)
	}
	return ""
}

func excerpt(text []byte) string {
	trimmed := strings.TrimSpace(string(text))
	if trimmed == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", shorten(trimmed))
}

func shorten(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return text
}
