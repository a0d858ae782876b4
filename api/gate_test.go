package api

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/access"
	"parley/llm"
)

const shopOrigin = "https://shop.example"

// gate is a desk with a key, tokens and limits.
type gate struct {
	*desk
	key    string
	kept   access.Key
	tokens *access.Tokens
}

// reader is a brain whose requests are read.
type reader struct {
	llm.Brain
	read func(llm.Request)
}

func (b reader) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	b.read(r)
	return b.Brain.Generate(ctx, r)
}

func newGate(t *testing.T, change func(*Config)) *gate {
	t.Helper()
	tokens, err := access.NewTokens([]byte(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{tokens: tokens}
	g.desk = newDesk(t, 50, func(c *Config) {
		c.Keys, c.Tokens, c.Origins = newKeys(t), tokens, []string{shopOrigin}
		c.Limits = access.NewLimits(access.Bounds{}, access.Bounds{Calls: 3}, access.Bounds{})
		change(c)
	})
	g.kept, g.key, err = g.Keys.Create("shop", access.Scopes())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// ask sends a request with a key or a token; more are headers, name and value.
func (g *gate) ask(method, path, bearer, body string, more ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://voice.shop.example"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("Content-Type", "application/json")
	for pair := range slices.Chunk(more, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

// mint has a token made over HTTP.
func (g *gate) mint(t *testing.T, body string) string {
	t.Helper()
	w := g.ask("POST", "/v1/tokens", g.key, body)
	var out struct {
		Token   string
		Expires time.Time
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); w.Code != http.StatusCreated || err != nil || !out.Expires.After(time.Now()) || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s %v", w.Code, w.Body, err)
	}
	return out.Token
}

// converse begins a conversation and gives its id.
func (g *gate) converse(t *testing.T, bearer string, more ...string) string {
	t.Helper()
	w := g.ask("POST", "/v1/conversations", bearer, "", more...)
	var out struct{ ID string }
	if err := json.Unmarshal(w.Body.Bytes(), &out); w.Code != http.StatusCreated || err != nil || w.Header().Get("Location") != "/v1/conversations/"+out.ID {
		t.Fatalf("%d %s %v", w.Code, w.Body, err)
	}
	return out.ID
}
