package api

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"parley/access"
)

func TestCORS(t *testing.T) {
	g := newGate(t, same)
	defer g.close(t)
	token := g.mint(t, `{"customer":"ann"}`)
	for origin, allowed := range map[string]bool{shopOrigin: true, "https://evil.example": false, shopOrigin + ".evil.example": false, "null": false} {
		r := httptest.NewRequest("OPTIONS", "https://voice.shop.example/v1/conversations", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "authorization,idempotency-key")
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if got := w.Header().Get("Access-Control-Allow-Origin"); (got == origin) != allowed || got == "*" {
			t.Errorf("preflight of %s: %d %v", origin, w.Code, w.Header())
		}
		answer := g.ask("GET", "/v1/about", token, "", "Origin", origin)
		if got := answer.Header().Get("Access-Control-Allow-Origin"); (got == origin) != allowed || (answer.Code == 200) != allowed {
			t.Errorf("%s: %d %v", origin, answer.Code, answer.Header())
		}
		if w.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Error("cookies are let through, and there are none")
		}
	}
}

func TestAddresses(t *testing.T) {
	s := &Server{Config: Config{Proxies: []string{"10.0.0.1", "10.0.0.2"}}}
	for _, c := range [][3]string{
		{"192.0.2.1:99", "", "192.0.2.1"},
		{"192.0.2.1:99", "203.0.113.9", "192.0.2.1"}, // no proxy: it may say what it likes
		{"10.0.0.1:99", "203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:99", "198.51.100.1, 203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:99", "203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"10.0.0.1:99", "nonsense", "10.0.0.1"},
		{"10.0.0.1:99", "", "10.0.0.1"},
		{"[2001:db8:1:2:3::4]:99", "", "2001:db8:1:2::/64"},
		{"[::ffff:192.0.2.1]:99", "", "192.0.2.1"},
		{"pipe", "", "pipe"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c[0]
		if c[1] != "" {
			r.Header.Set("X-Forwarded-For", c[1])
		}
		if got := s.address(r); got != c[2] {
			t.Errorf("%s, forwarded for %q: %s, not %s", c[0], c[1], got, c[2])
		}
	}
}

// TestSlowBodies: bodies that trickle end with 408 in bounded time, and hold nothing.
func TestSlowBodies(t *testing.T) {
	g := newGate(t, same)
	g.bodyTime = 200 * time.Millisecond
	token := g.mint(t, `{"customer":"ann"}`)
	id := g.converse(t, token)
	s := g.serve(t)
	for _, path := range []string{"/v1/realtime/calls", "/v1/conversations/" + id + "/messages"} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		head := "POST " + path + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n{"
		if _, err := io.WriteString(conn, head); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") || !strings.Contains(string(answer), "slow-body") {
			t.Errorf("%s: %v %.300s", path, err, answer)
		}
	}
}

// TestHalfOpenOffers posts thousands of offers of one customer who never comes:
// the customer's bound holds, others are served, and nothing is left of them.
func TestHalfOpenOffers(t *testing.T) {
	d, server := newExchange(t, 100)
	tokens, err := access.NewTokens([]byte(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}
	d.Keys, d.Tokens = newKeys(t, "the shop's key"), tokens
	d.Limits = access.NewLimits(access.Bounds{}, access.Bounds{Calls: 3}, access.Bounds{})
	g := &gate{desk: d, key: "the shop's key", tokens: tokens}
	ann := g.mint(t, `{"customer":"ann","conversations":100}`)
	offer := newOffer(t)
	before := heap()
	codes := map[int]int{}
	for range 10_000 {
		codes[g.ask("POST", "/v1/realtime/calls", ann, offer, "Content-Type", "application/sdp").Code]++
	}
	if codes[201] < 3 || codes[429] < 9000 || codes[201]+codes[429]+codes[403] != 10_000 {
		t.Errorf("%v", codes)
	}
	check(t, g.ask("POST", "/v1/realtime/calls", g.mint(t, `{"customer":"bob"}`), offer, "Content-Type", "application/sdp").Result(), 201, "m=audio", "")
	eventually(t, "the calls to be gone", func() bool { return server.Stats().Calls == 0 && d.host.Count() == 0 })
	if after := heap(); after > before+8<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	t.Logf("answers: %v", codes)
}

// heap is what is in use after a collection, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestManyFloods: forged tokens and huge bodies cost no memory.
func TestManyFloods(t *testing.T) {
	g := newGate(t, same)
	defer g.close(t)
	token := g.mint(t, `{"customer":"ann"}`)
	before := heap()
	for range 2000 {
		if w := g.ask("GET", "/v1/about", token+strings.Repeat("A", 20_000), ""); w.Code != http.StatusUnauthorized {
			t.Fatal(w.Code)
		}
	}
	for range 200 {
		if w := g.ask("POST", "/v1/tokens", g.key, `{"customer":"`+strings.Repeat("c", 100<<10)+`"}`); w.Code != http.StatusRequestEntityTooLarge {
			t.Fatal(w.Code)
		}
	}
	if after := heap(); after > before+4<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
}

// TestAChannelIsLimited: messages over a call's channel count as requests do, and
// one that is too large is refused.
func TestAChannelIsLimited(t *testing.T) {
	g := newGate(t, func(c *Config) {
		c.Limits = access.NewLimits(access.Bounds{}, access.Bounds{Requests: 5, Bytes: 100_000}, access.Bounds{})
	})
	defer g.close(t)
	ann := g.mint(t, `{"customer":"ann"}`)
	check(t, g.ask("POST", "/v1/realtime/calls", ann, `{"type":"offer","sdp":"x"}`).Result(), 201, "answer", "")
	ch := newTube(channelLabel)
	g.lobby.last().guest.Open(ch)
	ch.in <- []byte(`{"type":"message","text":"` + strings.Repeat("a", 20_000) + `"}`)
	ch.until(t, "rejected", "too long")
	ch.in <- []byte(`{"type":"message","text":"` + strings.Repeat("a", 90_000) + `"}`)
	ch.until(t, "rejected", "limit of 100000 bytes a day")
	for range 3 {
		ch.in <- []byte(`{"type":"ping"}`)
		ch.until(t, "pong")
	}
	ch.in <- []byte(`{"type":"ping"}`)
	ch.until(t, "rejected", "limit of 5 requests a minute")
	close(ch.in)
}
