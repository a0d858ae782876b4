package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parley/access"
	"parley/agent"
)

// Problem is an error of the HTTP API, after RFC 9457. Type is stable and meant
// for programs, Detail is meant for people.
type Problem struct {
	Type   string `json:"type" doc:"What went wrong, for programs; stable, such as urn:parley:problem:limit."`
	Title  string `json:"title" doc:"The status in words."`
	Status int    `json:"status" doc:"The HTTP status."`
	Detail string `json:"detail,omitempty" doc:"What went wrong, for people."`

	retry     time.Duration // when to try again; 0 is not said
	challenge bool          // the answer asks for a key or a token
}

func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError: what the answer carries beside the body.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	switch {
	case p.retry > 0:
		h.Set("Retry-After", strconv.FormatInt(int64(math.Ceil(p.retry.Seconds())), 10))
	case p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests:
		h.Set("Retry-After", "2")
	}
	if p.challenge {
		h.Set("WWW-Authenticate", `Bearer realm="parley"`)
	}
	return h
}

// problem makes a Problem; kind is the last part of its type.
func problem(status int, kind, format string, args ...any) *Problem {
	return &Problem{
		Type:   "urn:parley:problem:" + kind,
		Title:  http.StatusText(status),
		Status: status,
		Detail: fmt.Sprintf(format, args...),
	}
}

// fail answers a request with an error.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := s.explain(r.Context(), err)
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // nobody is left to tell
}

// explain makes an error one for the client. What is no Problem is a fault of
// ours: it is logged and the client is told no more than that.
func (s *Server) explain(ctx context.Context, err error) *Problem {
	p := asProblem(err)
	if p == nil && ctx.Err() != nil {
		s.log.Debug("a client left before it was answered", "err", err)
		panic(http.ErrAbortHandler) // nobody is left to tell
	}
	if p == nil {
		s.log.Error("a request failed", "err", err)
		p = problem(http.StatusInternalServerError, "internal", "Something failed on our side; it has been logged.")
	}
	return p
}

func asProblem(err error) *Problem {
	var p *Problem
	var tooLarge *http.MaxBytesError
	var text *agent.TextError
	var exceeded *access.Exceeded
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &tooLarge):
		return problem(http.StatusRequestEntityTooLarge, "too-large", "The body may have at most %d bytes.", tooLarge.Limit)
	case errors.As(err, &text):
		return problem(http.StatusUnprocessableEntity, "bad-text", "%s.", capital(text.Error()))
	case errors.As(err, &exceeded):
		p = problem(http.StatusTooManyRequests, "limit", "The %s has reached its limit of %s.", exceeded.Of, exceeded.What)
		p.retry = exceeded.Retry
		return p
	case errors.Is(err, access.ErrExpired):
		return unauthorised(problem(http.StatusUnauthorized, "expired-token", "The token has expired; the shop's server makes another."))
	case errors.Is(err, access.ErrUnknown):
		return unauthorised(problem(http.StatusUnauthorized, "no-key", "This server asks for an API key or a token: Authorization: Bearer KEY."))
	case errors.Is(err, access.ErrSpent):
		return problem(http.StatusForbidden, "spent-token", "The token has begun as many conversations as it may; the shop's server makes another.")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problem(http.StatusRequestTimeout, "slow-body", "The body came too slowly.")
	case errors.Is(err, agent.ErrFull):
		return problem(http.StatusServiceUnavailable, "busy", "As many conversations as are allowed at once are under way. Try again in a moment.")
	case errors.Is(err, agent.ErrClosing):
		return problem(http.StatusServiceUnavailable, "closing", "The server is shutting down.")
	case errors.Is(err, agent.ErrOver):
		return problem(http.StatusGone, "over", "This conversation has ended.")
	default:
		return nil
	}
}

func unauthorised(p *Problem) *Problem {
	p.challenge = true
	return p
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// readJSON decodes a bounded JSON body into v and refuses what v does not know.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return badBody(err)
	}
	if !utf8.Valid(body) { // the decoder would put replacement characters in its place
		return problem(http.StatusBadRequest, "bad-json", "JSON is UTF-8, and the body is not.")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return problem(http.StatusBadRequest, "bad-json", "The body is not the JSON object that is expected here: %v.", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return problem(http.StatusBadRequest, "bad-json", "There is more in the body than one JSON object.")
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // nobody is left to tell
}
