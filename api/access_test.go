package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/access"
	"parley/agent"
	"parley/internal/agenttest"
	"parley/llm"
	"parley/tools"
)

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
	agenttest.Toolbox
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
	see := &spy{Toolbox: `"it is here"`}
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
	g := granted{agenttest.Toolbox(""), []string{"look"}}
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
	for path, body := range map[string]string{"/v1/conversations": "", "/v1/realtime/calls": `{"type":"offer","sdp":"x"}`} {
		w := g.ask("POST", path, more, body)
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
