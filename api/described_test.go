package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// document is the part of the OpenAPI document that the tests read.
type document struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		OperationID string         `json:"operationId"`
		Summary     string         `json:"summary"`
		Responses   map[string]any `json:"responses"`
	} `json:"paths"`
	Components struct{ Schemas map[string]any }
}

// TestEveryRouteIsDescribed compares the router with the document, both ways.
func TestEveryRouteIsDescribed(t *testing.T) {
	d := newDesk(t, 4, same)
	defer d.close(t)
	w := d.do(t.Context(), "GET", "/openapi.json", "", "")
	var doc document
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("%v, version %q", err, doc.OpenAPI)
	}
	described := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			described[strings.ToUpper(method)+" "+path] = true
			if op.OperationID == "" || op.Summary == "" || op.Responses["default"] == nil || len(op.Responses) < 2 {
				t.Errorf("%s %s is described by %+v", method, path, op)
			}
			if text := fmt.Sprint(op.Responses["default"]); !strings.Contains(text, "application/problem+json") || !strings.Contains(text, "Problem") {
				t.Errorf("the errors of %s %s: %s", method, path, text)
			}
		}
	}
	served := map[string]bool{}
	err := chi.Walk(d.router, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if !slices.Contains([]string{"/*", "/docs", "/docs.css", "/openapi.json"}, route) {
			served[method+" "+route] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for op := range served {
		if !described[op] {
			t.Errorf("%s is not described", op)
		}
	}
	for op := range described {
		if !served[op] {
			t.Errorf("%s is described and not served", op)
		}
	}
	if len(served) < 12 {
		t.Errorf("only %d operations", len(served))
	}
	for _, ref := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllStringSubmatch(w.Body.String(), -1) {
		if doc.Components.Schemas[ref[1]] == nil {
			t.Errorf("the schema %s is not there", ref[1])
		}
	}
}

// TestThePageOfTheDocs stands by itself: no script, and nothing from elsewhere.
func TestThePageOfTheDocs(t *testing.T) {
	d := newDesk(t, 4, same)
	defer d.close(t)
	w := d.do(t.Context(), "GET", "/docs", "", "")
	page := w.Body.String()
	for _, want := range []string{"POST /v1/tokens", "POST /v1/realtime/calls", "Idempotency-Key", "Last-Event-ID", "expires_in", "said[].who", "customer agent"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, wrong := range []string{"<script", "style=", "<style", "http://", "ZgotmplZ", "<no value>"} {
		if strings.Contains(page, wrong) {
			t.Errorf("the page has %q", wrong)
		}
	}
	if w := d.do(t.Context(), "GET", "/docs.css", "", ""); w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("%d %s", w.Code, w.Header())
	}
}
