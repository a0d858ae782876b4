package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
)

// A protocol asks about errors on goroutines of its own, where nobody would catch the
// panic by which a request's handler is broken off.
func TestErrorsAreExplainedAfterTheRequest(t *testing.T) {
	h := &Hall{server: &Server{log: slog.New(slog.DiscardHandler)}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if p := h.Explain(ctx, errors.New("out of order")); p.Status != http.StatusInternalServerError {
		t.Errorf("%v", p)
	}
}
