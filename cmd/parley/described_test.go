package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"parley/agent"
	"parley/api"
	"parley/api/realtime"
	roomsapi "parley/api/rooms"
	"parley/api/rtvi"
	"parley/api/whip"
)

// mounted is a protocol whose routes can be walked.
type mounted struct {
	inner  api.Protocol
	routes chi.Routes
}

func (m *mounted) Mount(r chi.Router, h *api.Hall) {
	m.inner.Mount(r, h)
	m.routes = r
}

// TestProtocolsAreDescribed compares what the protocols answer with the API's
// description, both ways.
func TestProtocolsAreDescribed(t *testing.T) {
	all := []*mounted{{inner: realtime.New(nil)}, {inner: rtvi.New(rtvi.Config{})}, {inner: whip.New(whip.Config{})}, {inner: roomsapi.New(roomsapi.Config{URL: "ws://livekit.example"})}}
	var protocols []api.Protocol
	for _, m := range all {
		protocols = append(protocols, m)
	}
	server := api.New(api.Config{Host: agent.NewHost(1), Page: http.NotFoundHandler(), Metrics: http.NotFoundHandler(), Protocols: protocols})
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/openapi.json", http.NoBody))
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	described := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			described[strings.ToUpper(method)+" "+path] = true
			if ids[op.OperationID] {
				t.Errorf("two operations are called %s", op.OperationID)
			}
			ids[op.OperationID] = true
		}
	}
	own := map[string]bool{"GET /*": true, "GET /docs": true, "GET /docs.css": true, "GET /openapi.json": true} // they are about the API, and the page
	err := chi.Walk(all[0].routes, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		what := method + " " + route
		if !described[what] && !own[what] {
			t.Errorf("%s is not described", what)
		}
		delete(described, what)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for what := range described {
		t.Errorf("%s is described and not served", what)
	}
}
