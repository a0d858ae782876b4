package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"parley/agent"
)

// Problem is an error of the HTTP API, after RFC 9457. Type is stable and meant
// for programs, Detail is meant for people.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// problem makes a Problem; kind is the last part of its type.
func problem(status int, kind, format string, args ...any) *Problem {
	return &Problem{
		Type:   "urn:parley:problem:" + kind,
		Title:  http.StatusText(status),
		Status: status,
		Detail: fmt.Sprintf(format, args...),
	}
}

// fail answers a request with an error. What is no Problem is a fault of ours:
// it is logged and the client is told no more than that.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := asProblem(err)
	if p == nil && r.Context().Err() != nil {
		s.log.Debug("a client left before it was answered", "method", r.Method, "path", r.URL.Path, "err", err)
		panic(http.ErrAbortHandler) // nobody is left to tell
	}
	if p == nil {
		s.log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		p = problem(http.StatusInternalServerError, "internal", "Something failed on our side; it has been logged.")
	}
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "2")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // nobody is left to tell
}

func asProblem(err error) *Problem {
	var p *Problem
	var tooLarge *http.MaxBytesError
	var text *agent.TextError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &tooLarge):
		return problem(http.StatusRequestEntityTooLarge, "too-large", "The body may have at most %d bytes.", tooLarge.Limit)
	case errors.As(err, &text):
		return problem(http.StatusUnprocessableEntity, "bad-text", "%s.", capital(text.Error()))
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
