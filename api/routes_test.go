package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"parley/room"
)

// TestRoutes asks for everything that docs/protocols.md names, rightly and wrongly.
func TestRoutes(t *testing.T) {
	const sdp, js = "application/sdp", "application/json"
	d := newDesk(t, 4, same)
	defer d.close(t)
	if w := d.do(t.Context(), "POST", "/v1/conversations", "", ""); w.Code != http.StatusCreated { // c1, by text
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := d.do(t.Context(), "POST", "/v1/realtime/calls", sdp, "offer"); w.Code != http.StatusCreated { // c2, a call
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	long, _ := json.Marshal(map[string]string{"text": strings.Repeat("a", 9<<10)})
	huge := `{"text":"` + strings.Repeat("a", 70<<10) + `"}`
	for name, c := range map[string]struct {
		method, path, kind, body string
		status                   int
		want, problem            string // of the answer: a piece, and the problem's type
	}{
		"health":              {"GET", "/healthz", "", "", 200, `"ok"`, ""},
		"ready":               {"GET", "/readyz", "", "", 200, `"ready"`, ""},
		"metrics":             {"GET", "/metrics", "", "", 200, "parley_conversations 2", ""},
		"about":               {"GET", "/v1/about", "", "", 200, "A test", ""},
		"page":                {"GET", "/", "", "", 200, "the page", ""},
		"nothing there":       {"GET", "/v1/nothing", "", "", 404, "/v1/nothing", "not-found"},
		"not posted":          {"POST", "/v1/about", "", "", 405, "POST", "method"},
		"not got":             {"GET", "/v1/conversations", "", "", 405, "GET", "method"},
		"odd method":          {"BREW", "/v1/conversations", "", "", 405, "BREW", "method"},
		"panic":               {"GET", "/panic", "", "", 500, "logged", "internal"},
		"renegotiate":         {"PATCH", "/v1/realtime/calls/c2", sdp, "offer", 200, "again offer", ""},
		"renegotiate JSON":    {"PATCH", "/v1/realtime/calls/c2", js + "; charset=utf-8", `{"type":"offer","sdp":"o"}`, 200, `{"sdp":"again o","type":"answer"}`, ""},
		"renegotiate nobody":  {"PATCH", "/v1/realtime/calls/zz", sdp, "offer", 404, "zz", "no-call"},
		"renegotiate no call": {"PATCH", "/v1/realtime/calls/c1", sdp, "offer", 404, "c1", "no-call"},
		"renegotiate late":    {"PATCH", "/v1/realtime/calls/c2", sdp, "late", 410, "ended", "over"},
		"hang up nobody":      {"DELETE", "/v1/realtime/calls/zz", "", "", 404, "zz", "no-call"},
		"bad offer":           {"POST", "/v1/realtime/calls", sdp, "bad", 400, "no offer", "bad-offer"},
		"an answer":           {"POST", "/v1/realtime/calls", js, `{"type":"answer","sdp":"x"}`, 400, "answer", "bad-offer"},
		"offer in bad JSON":   {"POST", "/v1/realtime/calls", js, `{"type":`, 400, "JSON", "bad-json"},
		"offer too much JSON": {"POST", "/v1/realtime/calls", js, `{"type":"offer","sdp":"x"} {}`, 400, "more", "bad-json"},
		"offer as text":       {"POST", "/v1/realtime/calls", "text/plain", "offer", 415, "text/plain", "media-type"},
		"offer as nothing":    {"POST", "/v1/realtime/calls", "", "offer", 415, "application/sdp", "media-type"},
		"offer too large":     {"POST", "/v1/realtime/calls", sdp, strings.Repeat("a", maxOffer+1), 413, "bytes", "too-large"},
		"call nobody":         {"POST", "/v1/realtime/calls?conversation=zz", sdp, "offer", 404, "zz", "no-conversation"},
		"call in a call":      {"POST", "/v1/realtime/calls?conversation=c2", sdp, "offer", 409, "c2", "in-call"},
		"call bad, by text":   {"POST", "/v1/realtime/calls?conversation=c1", sdp, "bad", 400, "no offer", "bad-offer"},
		"message":             {"POST", "/v1/conversations/c1/messages", js, `{"text":"hello"}`, 200, "You said hello", ""},
		"message untyped":     {"POST", "/v1/conversations/c1/messages", "", `{"text":"hello"}`, 200, "event: turn.ended", ""},
		"message to nobody":   {"POST", "/v1/conversations/zz/messages", js, `{"text":"hello"}`, 404, "zz", "no-conversation"},
		"message empty":       {"POST", "/v1/conversations/c1/messages", js, `{"text":" \n\t "}`, 422, "empty", "bad-text"},
		"message none":        {"POST", "/v1/conversations/c1/messages", js, `{}`, 422, "empty", "bad-text"},
		"message too long":    {"POST", "/v1/conversations/c1/messages", js, string(long), 422, "too long", "bad-text"},
		"message huge":        {"POST", "/v1/conversations/c1/messages", js, huge, 413, "65536", "too-large"},
		"message no UTF-8":    {"POST", "/v1/conversations/c1/messages", js, "{\"text\":\"a\xff\"}", 400, "UTF-8", "bad-json"},
		"message bad JSON":    {"POST", "/v1/conversations/c1/messages", js, `{"text":"hello"`, 400, "JSON", "bad-json"},
		"message no JSON":     {"POST", "/v1/conversations/c1/messages", js, ``, 400, "JSON", "bad-json"},
		"message a list":      {"POST", "/v1/conversations/c1/messages", js, `[]`, 400, "JSON", "bad-json"},
		"message number":      {"POST", "/v1/conversations/c1/messages", js, `{"text":1}`, 400, "JSON", "bad-json"},
		"message unknown":     {"POST", "/v1/conversations/c1/messages", js, `{"text":"a","role":"system"}`, 400, "role", "bad-json"},
		"message more":        {"POST", "/v1/conversations/c1/messages", js, `{"text":"a"}{"text":"b"}`, 400, "more", "bad-json"},
		"events of nobody":    {"GET", "/v1/conversations/zz/events", "", "", 404, "zz", "no-conversation"},
		"end nobody":          {"DELETE", "/v1/conversations/zz", "", "", 404, "zz", "no-conversation"},
	} {
		t.Run(name, func(t *testing.T) {
			w := d.do(t.Context(), c.method, c.path, c.kind, c.body)
			check(t, w.Result(), c.status, c.want, c.problem)
			if c.status == http.StatusMethodNotAllowed && w.Header().Get("Allow") == "" {
				t.Error("405 without Allow (RFC 9110, 15.5.6)")
			}
		})
	}
	if w := d.do(t.Context(), "DELETE", "/v1/realtime/calls/c2", "", ""); w.Code != http.StatusNoContent {
		t.Errorf("hanging up: %d %s", w.Code, w.Body)
	}
	if w := d.do(t.Context(), "DELETE", "/v1/conversations/c1", "", ""); w.Code != http.StatusNoContent {
		t.Errorf("ending: %d %s", w.Code, w.Body)
	}
}

// check compares an answer with what it should be.
func check(t *testing.T, r *http.Response, status int, want, problem string) {
	t.Helper()
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != status || !strings.Contains(string(body), want) {
		t.Errorf("%d %.300s\nwant %d and %q in it", r.StatusCode, body, status, want)
	}
	if r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("the answer lacks its security headers")
	}
	if problem == "" {
		return
	}
	var p Problem
	if err := json.Unmarshal(body, &p); err != nil || p.Type != "urn:parley:problem:"+problem || p.Status != status || p.Title == "" || p.Detail == "" {
		t.Errorf("the problem is %+v (%v), want %s", p, err, problem)
	}
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("a problem comes as %q", got)
	}
	if (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) != (r.Header.Get("Retry-After") != "") {
		t.Errorf("status %d with Retry-After %q", status, r.Header.Get("Retry-After"))
	}
}

func TestWhatIsCreatedIsNamed(t *testing.T) {
	d := newDesk(t, 4, same)
	defer d.close(t)
	w := d.do(t.Context(), "POST", "/v1/conversations", "", "")
	check(t, w.Result(), 201, `{"id":"c1"}`, "")
	if at := w.Header().Get("Location"); at != "/v1/conversations/c1" {
		t.Errorf("Location %q", at)
	}
	w = d.do(t.Context(), "POST", "/v1/realtime/calls", "application/sdp", "o")
	check(t, w.Result(), 201, "answer to o", "")
	if at, kind := w.Header().Get("Location"), w.Header().Get("Content-Type"); at != "/v1/realtime/calls/c2" || kind != "application/sdp" {
		t.Errorf("Location %q, %s", at, kind)
	}
	w = d.do(t.Context(), "POST", "/v1/realtime/calls", "application/json", `{"type":"offer","sdp":"o"}`)
	check(t, w.Result(), 201, `{"sdp":"answer to o","type":"answer"}`, "")
	if kind := w.Header().Get("Content-Type"); kind != "application/json" {
		t.Errorf("JSON comes as %q", kind)
	}
}

func TestNoMoreThanAllowed(t *testing.T) {
	d := newDesk(t, 1, same)
	d.do(t.Context(), "POST", "/v1/conversations", "", "")
	check(t, d.do(t.Context(), "POST", "/v1/conversations", "", "").Result(), 503, "allowed", "busy")
	check(t, d.do(t.Context(), "POST", "/v1/realtime/calls", "application/sdp", "o").Result(), 503, "allowed", "busy")
	d.do(t.Context(), "DELETE", "/v1/conversations/c1", "", "")
	d.close(t)
	check(t, d.do(t.Context(), "POST", "/v1/conversations", "", "").Result(), 503, "shutting down", "closing")
}

func TestWhatARoomRefuses(t *testing.T) {
	d := newDesk(t, 4, same)
	defer d.close(t)
	for name, c := range map[string]struct {
		err    error
		status int
		kind   string
	}{
		"busy":     {refusal{503, "All lines are busy."}, 503, "busy"},
		"closing":  {closing{refusal{503, "The server is shutting down."}}, 503, "closing"},
		"no codec": {refusal{406, "There is no codec in common."}, 406, "bad-offer"},
		"broken":   {errors.New("the port is gone"), 500, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			d.lobby.err = c.err
			check(t, d.do(t.Context(), "POST", "/v1/realtime/calls", "application/sdp", "o").Result(), c.status, "", c.kind)
			if len(d.calls) != 0 {
				t.Error("a call that came to nothing is kept")
			}
		})
	}
}

type closing struct{ refusal }

func (closing) Unwrap() error { return room.ErrShutdown }

func TestAConversationThatIsEnding(t *testing.T) {
	d := newDesk(t, 4, same)
	d.do(t.Context(), "POST", "/v1/conversations", "", "")
	asked := make(chan *httptest.ResponseRecorder)
	go func() {
		asked <- d.do(t.Context(), "POST", "/v1/conversations/c1/messages", "", `{"text":"be stuck"}`)
	}()
	c := d.host.Find("c1")
	events := c.Subscribe(64, true)
	for e := range events.Events() {
		if e.Event.Kind() == "turn.started" {
			break
		}
	}
	events.Close()
	check(t, d.do(t.Context(), "DELETE", "/v1/conversations/c1", "", "").Result(), 204, "", "")
	// Its engine ignores that it should stop, so the conversation is there for a
	// moment more.
	check(t, d.do(t.Context(), "POST", "/v1/conversations/c1/messages", "", `{"text":"hello"}`).Result(), 410, "ended", "over")
	got := parse(t, (<-asked).Body.String())
	if last := got[len(got)-1]; last.kind != "turn.ended" || last.data["cause"] != "caller_left" {
		t.Errorf("the last event of the turn is %v", last)
	}
	close(d.brain.stuck)
	d.close(t)
}

func TestReadiness(t *testing.T) {
	d := newDesk(t, 4, func(c *Config) {
		c.Ready = func() []string { return []string{"the shop's store does not answer"} }
	})
	defer d.close(t)
	check(t, d.do(t.Context(), "GET", "/readyz", "", "").Result(), 503, `"missing":["the shop's store does not answer"]`, "")
}

func TestKeys(t *testing.T) {
	d := newDesk(t, 4, func(c *Config) { c.Keys = newKeys(t, "first key", "second key") })
	defer d.close(t)
	for header, status := range map[string]int{
		"": 401, "Bearer ": 401, "Bearer third key": 401, "Basic first key": 401, "first key": 401, "Bearer first key ": 401,
		"Bearer first key": 200, "Bearer second key": 200,
	} {
		r := httptest.NewRequest("GET", "http://shop.example/v1/about", nil)
		r.Header.Set("Origin", "https://elsewhere.example") // with a key any page may ask
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		problem := ""
		if status == 401 {
			problem = "no-key"
			if !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%q: no WWW-Authenticate", header)
			}
		}
		check(t, w.Result(), status, "", problem)
	}
	// What a probe asks carries no key, and says nothing about anybody.
	for _, path := range []string{"/healthz", "/readyz", "/"} {
		if w := d.do(t.Context(), "GET", path, "", ""); w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestWithoutKeysItIsForThisMachineAlone(t *testing.T) {
	d := newDesk(t, 4, same)
	defer d.close(t)
	for _, c := range []struct {
		host, origin, problem string
	}{
		{"localhost", "", ""},
		{"LOCALHOST:8080", "", ""},
		{"127.0.0.1:8080", "http://127.0.0.1:8080", ""},
		{"127.9.9.9", "", ""},
		{"[::1]:8080", "http://[::1]:8080", ""},
		{"evil.example", "", "foreign-host"},
		{"localhost.evil.example:8080", "", "foreign-host"},
		{"10.0.0.1:8080", "", "foreign-host"},
		{"", "", "foreign-host"},
		{"localhost:8080", "http://evil.example", "foreign-origin"},
		{"localhost:8080", "http://localhost:9090", "foreign-origin"},
		{"localhost:8080", "null", "foreign-origin"},
		{"localhost:8080", "http://%zz", "foreign-origin"},
	} {
		r := httptest.NewRequest("GET", "http://localhost/v1/about", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		status := 200
		if c.problem != "" {
			status = 403
		}
		check(t, w.Result(), status, "", c.problem)
	}
}

// endless is a body of 100 MB that is nowhere.
type endless struct{ left atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	n := int(min(int64(len(p)), e.left.Load()))
	if n == 0 {
		return 0, io.EOF
	}
	for i := range p[:n] {
		p[i] = 'a'
	}
	e.left.Add(int64(-n))
	return n, nil
}

func TestHugeBodiesCostNothing(t *testing.T) {
	d := newDesk(t, 4, same)
	s := d.serve(t)
	d.do(t.Context(), "POST", "/v1/conversations", "", "")
	for path, kind := range map[string]string{
		"/v1/conversations/c1/messages": "application/json", "/v1/realtime/calls": "application/sdp", "/v1/conversations": "application/json", "/v1/about": "",
	} {
		body := &endless{}
		body.left.Store(100 << 20)
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		response, err := http.DefaultClient.Do(r)
		runtime.ReadMemStats(&after)
		if err == nil { // else the server has hung up on us, which is an answer too
			if kind != "" && path != "/v1/conversations" {
				check(t, response, 413, "", "too-large")
			}
			response.Body.Close()
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 || body.left.Load() < 80<<20 {
			t.Errorf("%s: %d KiB were allocated and %d MiB read for a body of 100 MiB", path, used>>10, 100-body.left.Load()>>20)
		}
	}
}

func TestABodyThatBreaksOff(t *testing.T) {
	d := newDesk(t, 4, same)
	s := d.serve(t)
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /v1/realtime/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sdp\r\nContent-Length: 100\r\n\r\nv=0"); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	check(t, response, 400, "to its end", "bad-body")
}

// A page that panics in the middle is broken off, not ended as if it were whole.
func TestAPanicInTheMiddleOfAnAnswer(t *testing.T) {
	d := newDesk(t, 4, same)
	s := d.serve(t)
	response, err := http.Get(s.URL + "/half")
	if err == nil {
		defer response.Body.Close()
		var body []byte
		if body, err = io.ReadAll(response.Body); err == nil {
			t.Errorf("half a page was served as a whole one: %q", body)
		}
	}
	if response, err = http.Get(s.URL + "/healthz"); err != nil {
		t.Fatal(err)
	}
	check(t, response, 200, "ok", "")
}
