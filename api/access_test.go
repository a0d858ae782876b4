package api

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/access"
	"parley/agent"
	"parley/llm"
	"parley/tools"
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

func TestWhoIsLetIn(t *testing.T) {
	g := newGate(t, same)
	defer g.close(t)
	ann := g.mint(t, `{"customer":"ann"}`)
	bound := g.mint(t, `{"customer":"ann","origin":"`+shopOrigin+`"}`)
	own := g.mint(t, `{"customer":"ann","origin":"https://voice.shop.example"}`)
	old, _, err := g.tokens.Mint(access.Grant{Key: g.kept.ID}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	stray, _, err := g.tokens.Mint(access.Grant{Key: "nobody"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	others, err := access.NewTokens([]byte(strings.Repeat("o", 32)))
	if err != nil {
		t.Fatal(err)
	}
	forged, _, err := others.Mint(access.Grant{Key: g.kept.ID, Customer: "ann"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, minter, err := g.Keys.Create("", []string{access.Mint})
	if err != nil {
		t.Fatal(err)
	}
	_, talker, err := g.Keys.Create("", []string{access.Converse})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the short token to expire", func() bool { _, err := g.tokens.Check(old); return err != nil })
	parts := strings.Split(ann, ".")
	for name, c := range map[string]struct {
		method, path, bearer, body string
		more                       []string
		status                     int
		problem                    string
	}{
		"key":                      {"GET", "/v1/about", g.key, "", nil, 200, ""},
		"token":                    {"GET", "/v1/about", ann, "", nil, 200, ""},
		"nothing":                  {"GET", "/v1/about", "", "", nil, 401, "no-key"},
		"no such page":             {"GET", "/v1/nothing", "", "", nil, 401, "no-key"},
		"expired":                  {"GET", "/v1/about", old, "", nil, 401, "expired-token"},
		"forged":                   {"GET", "/v1/about", forged, "", nil, 401, "no-key"},
		"without signature":        {"GET", "/v1/about", parts[0] + "." + parts[1] + ".", "", nil, 401, "no-key"},
		"of no key":                {"GET", "/v1/about", stray, "", nil, 401, "no-key"},
		"a token mints no token":   {"POST", "/v1/tokens", ann, `{}`, nil, 403, "scope"},
		"a talker mints no token":  {"POST", "/v1/tokens", talker, `{}`, nil, 403, "scope"},
		"a minter holds no talk":   {"POST", "/v1/conversations", minter, "", nil, 403, "scope"},
		"from the shop":            {"GET", "/v1/about", ann, "", []string{"Origin", shopOrigin}, 200, ""},
		"from elsewhere":           {"GET", "/v1/about", ann, "", []string{"Origin", "https://evil.example"}, 403, "foreign-origin"},
		"from nowhere":             {"GET", "/v1/about", ann, "", []string{"Origin", "null"}, 403, "foreign-origin"},
		"bound, from the shop":     {"GET", "/v1/about", bound, "", []string{"Origin", shopOrigin}, 200, ""},
		"bound, from own page":     {"GET", "/v1/about", bound, "", []string{"Origin", "https://voice.shop.example"}, 403, "foreign-origin"},
		"bound, without an origin": {"POST", "/v1/conversations", bound, "", nil, 403, "foreign-origin"},
		"bound to the own page":    {"GET", "/v1/about", own, "", []string{"Origin", "https://voice.shop.example"}, 200, ""},
		"token for a bad origin":   {"POST", "/v1/tokens", g.key, `{"origin":"https://evil.example"}`, nil, 422, "bad-request"},
		"token in a bad language":  {"POST", "/v1/tokens", g.key, `{"language":"no language"}`, nil, 422, "bad-request"},
		"token for too long":       {"POST", "/v1/tokens", g.key, `{"expires_in":3601}`, nil, 422, "bad-request"},
		"token for a long name":    {"POST", "/v1/tokens", g.key, `{"customer":"` + strings.Repeat("c", 257) + `"}`, nil, 422, "bad-request"},
		"token by unknown field":   {"POST", "/v1/tokens", g.key, `{"staff":true}`, nil, 422, "bad-request"},
		"token by bad JSON":        {"POST", "/v1/tokens", g.key, `{`, nil, 400, "bad-json"},
		"token by a huge body":     {"POST", "/v1/tokens", g.key, `{"customer":"` + strings.Repeat("c", 70<<10) + `"}`, nil, 413, "too-large"},
		"bad idempotency key":      {"POST", "/v1/conversations", g.key, "", []string{"Idempotency-Key", "a b"}, 400, "bad-idempotency-key"},
		"guessed conversation":     {"GET", "/v1/conversations/c7/transcript", g.key, "", nil, 404, "no-conversation"},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, g.ask(c.method, c.path, c.bearer, c.body, c.more...).Result(), c.status, "", c.problem)
		})
	}
	if err := g.Keys.Revoke(g.kept.ID); err != nil {
		t.Fatal(err)
	}
	check(t, g.ask("GET", "/v1/about", g.key, "").Result(), 401, "", "no-key")
	check(t, g.ask("GET", "/v1/about", ann, "").Result(), 401, "", "no-key") // its key is gone
}

// TestACustomerReachesTheirOwn: another customer's conversation is as one that
// there is not, whatever is asked of it.
func TestACustomerReachesTheirOwn(t *testing.T) {
	g := newGate(t, same)
	defer g.close(t)
	ann, again, bob := g.mint(t, `{"customer":"ann"}`), g.mint(t, `{"customer":"ann"}`), g.mint(t, `{"customer":"bob"}`)
	stranger, other := g.mint(t, `{}`), g.mint(t, `{}`)
	anns, strangers, shops := g.converse(t, ann), g.converse(t, stranger), g.converse(t, g.key)
	w := g.ask("POST", "/v1/realtime/calls", ann, `{"type":"offer","sdp":"x"}`)
	call := strings.TrimPrefix(w.Header().Get("Location"), "/v1/realtime/calls/")
	if w.Code != http.StatusCreated || call == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, c := range []struct {
		bearer, id string
		status     int
	}{
		{ann, anns, 200}, {again, anns, 200}, {g.key, anns, 200}, {bob, anns, 404}, {stranger, anns, 404}, {ann, call, 200}, {bob, call, 404},
		{stranger, strangers, 200}, {g.key, strangers, 200}, {other, strangers, 404}, {ann, strangers, 404}, {ann, shops, 404}, {g.key, shops, 200},
	} {
		if w := g.ask("GET", "/v1/conversations/"+c.id+"/transcript", c.bearer, ""); w.Code != c.status {
			t.Errorf("%s: %d, not %d", c.id, w.Code, c.status)
		}
	}
	for _, c := range [][3]string{
		{"POST", "/v1/conversations/" + anns + "/messages", `{"text":"hello"}`},
		{"GET", "/v1/conversations/" + anns + "/events", ""},
		{"GET", "/v1/conversations/" + anns + "/transcript", ""},
		{"DELETE", "/v1/conversations/" + anns, ""},
		{"POST", "/v1/realtime/calls?conversation=" + anns, `{"type":"offer","sdp":"x"}`},
		{"PATCH", "/v1/realtime/calls/" + call, `{"type":"offer","sdp":"x"}`},
		{"DELETE", "/v1/realtime/calls/" + call, ""},
	} {
		theirs := g.ask(c[0], c[1], bob, c[2])
		none := g.ask(c[0], strings.NewReplacer(anns, "zz", call, "zz").Replace(c[1]), bob, c[2])
		got := strings.NewReplacer(anns, "zz", call, "zz").Replace(theirs.Body.String())
		if theirs.Code != http.StatusNotFound || got != none.Body.String() {
			t.Errorf("%s %s: %d %s, for one that there is not %s", c[0], c[1], theirs.Code, theirs.Body, none.Body)
		}
	}
	check(t, g.ask("DELETE", "/v1/realtime/calls/"+call, ann, "").Result(), 204, "", "")
}

// spy is a phrasebook and a set of tools that remember who is calling.
type spy struct {
	book
	toolbox
	mu     sync.Mutex
	caller tools.Caller
	system string
}

func (s *spy) see(c tools.Caller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caller = c
}

func (s *spy) Definitions(c tools.Caller) []tools.Definition {
	s.see(c)
	return []tools.Definition{{Name: "look", Effect: tools.Read}, {Name: "pay", Effect: tools.Read}}
}

// TestATokenSaysWhoCalls: what the server or the client would say is overridden.
func TestATokenSaysWhoCalls(t *testing.T) {
	see := &spy{}
	var systems []string
	g := newGate(t, func(c *Config) {
		before := c.NewOptions
		c.NewOptions = func(ctx context.Context) (agent.Options, error) {
			o, err := before(ctx)
			o.Caller, o.Notice, o.Engines.Tools = tools.Caller{CustomerID: "demo", Verified: true, Staff: true}, "a demonstration", see
			o.Engines.Brain = reader{o.Engines.Brain, func(r llm.Request) {
				see.mu.Lock()
				defer see.mu.Unlock()
				systems = append(systems, r.Messages[0].Text)
				for _, d := range r.Tools {
					see.system += d.Name + " "
				}
			}}
			return o, err
		}
	})
	defer g.close(t)
	token := g.mint(t, `{"customer":"ann","name":"Ann","language":"id","viewing":"the red \"kettle\"","tools":["look"]}`)
	id := g.converse(t, token, "X-Customer", "bob")
	check(t, g.ask("POST", "/v1/conversations/"+id+"/messages", token, `{"text":"hello","customer":"bob"}`).Result(), 400, "customer", "bad-json")
	check(t, g.ask("POST", "/v1/conversations/"+id+"/messages?customer=bob", token, `{"text":"hello"}`).Result(), 200, "turn.ended", "")
	see.mu.Lock()
	if want := (tools.Caller{CustomerID: "ann", Name: "Ann", Verified: true, Language: "id"}); see.caller != want || see.system != "look " {
		t.Errorf("%+v with %q, not %+v with look", see.caller, see.system, want)
	}
	if len(systems) != 1 || !strings.Contains(systems[0], `"the red \"kettle\""`) {
		t.Errorf("the brain was told %q", systems)
	}
	see.mu.Unlock()
	// The shop's own key speaks for nobody.
	id = g.converse(t, g.key)
	check(t, g.ask("POST", "/v1/conversations/"+id+"/messages", g.key, `{"text":"hello"}`).Result(), 200, "turn.ended", "")
	see.mu.Lock()
	defer see.mu.Unlock()
	if see.caller != (tools.Caller{}) {
		t.Errorf("a key speaks for %+v", see.caller)
	}
}

func TestOnlyAllowedToolsRun(t *testing.T) {
	g := granted{toolbox{}, []string{"look"}}
	if _, err := g.Run(t.Context(), tools.Call{Name: "look"}); err != nil {
		t.Error(err)
	}
	if _, err := g.Run(t.Context(), tools.Call{Name: "pay"}); err == nil {
		t.Error("pay ran")
	}
	if err := g.Check(tools.Call{Name: "pay"}); err == nil {
		t.Error("pay may run")
	}
}

// TestATokenIsSpent bounds what a token that was copied is good for.
func TestATokenIsSpent(t *testing.T) {
	g := newGate(t, same)
	defer g.close(t)
	token := g.mint(t, `{"conversations":2}`)
	// What came to nothing does not count.
	for range 5 {
		check(t, g.ask("POST", "/v1/realtime/calls", token, `{"type":"offer","sdp":"bad"}`).Result(), 400, "", "bad-offer")
	}
	g.converse(t, token)
	g.converse(t, token)
	check(t, g.ask("POST", "/v1/conversations", token, "").Result(), 403, "", "spent-token")
}

func TestLimitsOfACustomer(t *testing.T) {
	g := newGate(t, same)
	defer g.close(t)
	ann, more, bob := g.mint(t, `{"customer":"ann"}`), g.mint(t, `{"customer":"ann"}`), g.mint(t, `{"customer":"bob"}`)
	first := g.converse(t, ann)
	g.converse(t, ann)
	g.converse(t, more)
	for _, path := range []string{"/v1/conversations", "/v1/realtime/calls"} {
		w := g.ask("POST", path, more, `{"type":"offer","sdp":"x"}`)
		if w.Header().Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		check(t, w.Result(), 429, "customer", "limit")
	}
	g.converse(t, bob)
	check(t, g.ask("DELETE", "/v1/conversations/"+first, ann, "").Result(), 204, "", "")
	eventually(t, "room for another", func() bool { return g.ask("POST", "/v1/conversations", more, "").Code == 201 })
}

func TestGuessingIsLimited(t *testing.T) {
	g := newGate(t, func(c *Config) {
		c.Limits = access.NewLimits(access.Bounds{}, access.Bounds{}, access.Bounds{Requests: 20})
	})
	defer g.close(t)
	codes := map[int]int{}
	for range 100 {
		codes[g.ask("GET", "/v1/about", "parley_abc_guess", "").Code]++
	}
	if codes[401] < 20 || codes[401] > 25 || codes[401]+codes[429] != 100 {
		t.Errorf("%v", codes)
	}
	check(t, g.ask("GET", "/v1/about", g.key, "").Result(), 200, "", "") // a key counts for itself
}

func TestBytesAreLimited(t *testing.T) {
	g := newGate(t, func(c *Config) {
		c.Limits = access.NewLimits(access.Bounds{}, access.Bounds{Bytes: 1000}, access.Bounds{})
	})
	defer g.close(t)
	ann := g.mint(t, `{"customer":"ann"}`)
	id := g.converse(t, ann)
	body := `{"text":"` + strings.Repeat("a", 600) + `"}`
	check(t, g.ask("POST", "/v1/conversations/"+id+"/messages", ann, body).Result(), 200, "turn.ended", "")
	check(t, g.ask("POST", "/v1/conversations/"+id+"/messages", ann, body).Result(), 429, "bytes", "limit")
}

func TestIdempotencyKeys(t *testing.T) {
	g := newGate(t, same)
	defer g.close(t)
	ann, bob := g.mint(t, `{"customer":"ann"}`), g.mint(t, `{"customer":"bob"}`)
	ids := make([]string, 10)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() { ids[i] = g.converse(t, ann, "Idempotency-Key", "first") })
	}
	all.Wait()
	if ids = slices.Compact(ids); len(ids) != 1 || g.host.Count() != 1 {
		t.Errorf("%q, %d conversations", ids, g.host.Count())
	}
	if id := g.converse(t, bob, "Idempotency-Key", "first"); id == ids[0] {
		t.Error("another customer's key gave ann's conversation")
	}
	if id := g.converse(t, ann, "Idempotency-Key", "second"); id == ids[0] {
		t.Error("another key gave the same conversation")
	}
	g.converse(t, ann)
	check(t, g.ask("POST", "/v1/conversations", ann, "", "Idempotency-Key", "third").Result(), 429, "", "limit")
	check(t, g.ask("DELETE", "/v1/conversations/"+ids[0], ann, "").Result(), 204, "", "")
	eventually(t, "a try that failed to be tried again", func() bool {
		return g.ask("POST", "/v1/conversations", ann, "", "Idempotency-Key", "third").Code == 201
	})
}

func TestIdempotencyKeysAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &idempotent{}
		n := 0
		next := func() (string, error) { n++; return "c", nil }
		for range maxIdempotent + 10 {
			if _, err := i.do(t.Context(), "", fmt.Sprint(n), next); err != nil {
				t.Fatal(err)
			}
		}
		if len(i.known) > maxIdempotent || i.order.Len() != len(i.known) {
			t.Errorf("%d are remembered", len(i.known))
		}
		<-time.After(keepIdempotent + 1)
		if _, err := i.do(t.Context(), "", "new", next); err != nil || len(i.known) != 1 {
			t.Errorf("%d are remembered after a day", len(i.known))
		}
	})
}
