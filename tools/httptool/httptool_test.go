package httptool

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/tools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// names resolves hosts as a test says.
type names map[string]string

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if a, ok := n[host]; ok {
		return []netip.Addr{netip.MustParseAddr(a)}, nil
	}
	return nil, errors.New("no such host")
}

const secret = "s3cr3t-token"

func env(name string) (string, bool) {
	return map[string]string{"TOKEN": secret}[name], name == "TOKEN"
}

func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	o.Env = env
	c := New(o)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// serve starts a server that answers as handle says.
func serve(t testing.TB, handle http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s.URL
}

func answerJSON(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// try runs a tool once.
func try(t testing.TB, c *Client, spec Spec, effect tools.Effect, call tools.Call) (string, error) {
	t.Helper()
	run, err := c.Tool(spec, effect, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	value, err := run(ctx, call)
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), nil
}

func TestARequestIsMadeOfItsFileAndArguments(t *testing.T) {
	var got *http.Request
	var body string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		got, body = r, string(raw)
		answerJSON(http.StatusOK, `{"tracking":{"state":"moving","days":12345678901234567890}}`)(w, r)
	})
	spec := Spec{
		Method: "POST", URL: base + "/orders/{{ order_id }}/tracking?fixed=1", Result: "$.tracking",
		Headers: map[string]string{"Authorization": "Bearer ${TOKEN}", "X-Who": "{{ caller.customer_id }}"},
		Query:   map[string]string{"lang": "{{ conversation.language }}", "note": "{{ note }}"},
		Body:    map[string]any{"count": "{{ count }}", "list": "{{ list }}", "text": "for {{ order_id }}", "none": "{{ missing }}"},
	}
	call := tools.Call{
		Arguments: json.RawMessage(`{"order_id":"#W1/../x","count":3,"list":["a",1]}`), Key: "k1",
		Caller: tools.Caller{CustomerID: "c1\r\nX-Evil: 1"}, Conversation: tools.Conversation{Language: "zh"},
	}
	result, err := try(t, newClient(t, Options{}), spec, tools.Write, call)
	if err != nil || result != `{"days":12345678901234567890,"state":"moving"}` {
		t.Fatalf("%s %v", result, err)
	}
	if got.RequestURI != "/orders/%23W1%2F..%2Fx/tracking?fixed=1&lang=zh" {
		t.Errorf("asked for %s", got.RequestURI)
	}
	if got.Header.Get("Authorization") != "Bearer "+secret || got.Header.Get("X-Evil") != "" || got.Header.Get("Idempotency-Key") != "k1" {
		t.Errorf("headers %v", got.Header)
	}
	if body != `{"count":3,"list":["a",1],"text":"for #W1/../x"}` {
		t.Errorf("body %s", body)
	}
}

func TestWhereToolsMayNotGo(t *testing.T) {
	var hits atomic.Int64
	inside := serve(t, func(w http.ResponseWriter, r *http.Request) { hits.Add(1); answerJSON(200, `{}`)(w, r) })
	port := inside[strings.LastIndexByte(inside, ':')+1:]
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	c := newClient(t, Options{AllowPrivate: true, Resolver: names{
		"rebound.example": "127.0.0.1", "metadata.example": "169.254.169.254", "mapped.example": "::ffff:127.0.0.1",
		"ten.example": "10.0.0.7", "nat64.example": "64:ff9b::7f00:1", "zero.example": "0.0.0.0", "cgn.example": "100.64.1.1",
	}})
	for name, address := range map[string]string{
		"a name of this machine": "http://rebound.example:" + port + "/", "metadata": "http://metadata.example/", "the metadata address itself": "http://169.254.169.254/latest",
		"an IPv4-mapped address": "http://mapped.example:" + port + "/", "a private network": "http://ten.example/", "NAT64": "http://nat64.example/",
		"nowhere": "http://zero.example:" + port + "/", "a carrier's network": "http://cgn.example/", "the unspecified address": "http://0.0.0.0:" + port + "/",
	} {
		if _, err := try(t, c, Spec{Method: "GET", URL: address}, tools.Read, tools.Call{Arguments: json.RawMessage(`{}`)}); !errors.Is(err, errAddress) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, to := range map[string]string{"a redirect to another port": inside, "to a name": "http://rebound.example:" + port + "/", "to a file": "file:///etc/passwd"} {
		_, err := try(t, c, Spec{Method: "GET", URL: elsewhere + "/?to=" + url.QueryEscape(to)}, tools.Read, tools.Call{Arguments: json.RawMessage(`{}`)})
		if err == nil || hits.Load() != 0 {
			t.Errorf("%s: %v, %d requests came through", name, err, hits.Load())
		}
	}
	// What the file lists may be reached.
	spec := Spec{Method: "GET", URL: elsewhere + "/?to=" + url.QueryEscape(inside), Hosts: []string{"127.0.0.1:" + port}}
	if _, err := try(t, c, spec, tools.Read, tools.Call{Arguments: json.RawMessage(`{}`)}); err != nil || hits.Load() != 1 {
		t.Errorf("a listed redirect: %v, %d requests", err, hits.Load())
	}
	private := Spec{Method: "GET", URL: "http://rebound.example:" + port + "/", Private: true}
	if _, err := try(t, c, private, tools.Read, tools.Call{Arguments: json.RawMessage(`{}`)}); err != nil {
		t.Errorf("private: true: %v", err)
	}
	if _, err := newClient(t, Options{}).Tool(private, tools.Read, time.Second); err == nil {
		t.Error("private: true counts although the config does not allow it")
	}
}

func TestSecretsStayBehind(t *testing.T) {
	other := ""
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		other = r.Header.Get("Authorization")
		answerJSON(200, fmt.Sprintf(`{"echo":%q}`, r.URL.RawQuery))(w, r)
	})
	host := strings.TrimPrefix(target, "http://")
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			answerJSON(200, `{"you sent":"`+r.Header.Get("Authorization")+`"}`)(w, r)
		case "/broken":
			answerJSON(422, `{"message":"bad token `+secret+`"}`)(w, r)
		default:
			http.Redirect(w, r, target, http.StatusFound)
		}
	})
	c := newClient(t, Options{})
	headers := map[string]string{"Authorization": "Bearer ${TOKEN}"}
	call := tools.Call{Arguments: json.RawMessage(`{"q":"${TOKEN}"}`), Key: "k"}
	for _, path := range []string{"/echo", "/broken", "/away?q={{ q }}"} {
		result, err := try(t, c, Spec{Method: "GET", URL: base + path, Headers: headers, Hosts: []string{host}}, tools.Read, call)
		if strings.Contains(result+fmt.Sprint(err), secret) {
			t.Errorf("%s: %s %v", path, result, err)
		}
	}
	if other != "" {
		t.Errorf("another host got %q", other)
	}
	run, err := c.Tool(Spec{Method: "POST", URL: base + "/echo", Headers: headers, Body: map[string]any{"a": "x ${TOKEN}"}}, tools.Write, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	value, err := run(tools.DryRun(t.Context()), call)
	raw, _ := json.Marshal(value)
	if err != nil || strings.Contains(string(raw), secret) || !strings.Contains(string(raw), `Bearer ${TOKEN}`) || !strings.Contains(string(raw), `"dry_run":true`) {
		t.Errorf("a dry run: %s %v", raw, err)
	}
	if _, err := try(t, c, Spec{Method: "GET", URL: base + "/${NOT_SET}"}, tools.Read, call); err == nil || !strings.Contains(err.Error(), "NOT_SET is not set") {
		t.Errorf("a variable that is not set: %v", err)
	}
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		handle http.HandlerFunc
		code   string // of the *tools.Error; "" for a fault
		part   string
	}{
		"not found":     {answerJSON(404, `{"message":"no order W9"}`), tools.NotFound, "no order W9"},
		"conflict":      {answerJSON(409, `{"m":"shipped"}`), tools.Conflict, "shipped"},
		"bad request":   {answerJSON(422, `{"m":"id"}`), tools.InvalidArguments, "id"},
		"credentials":   {answerJSON(401, `{"m":"who"}`), "", "credentials"},
		"down":          {answerJSON(500, `{}`), tools.Unavailable, "failed"},
		"too much":      {answerJSON(429, `{}`), tools.Unavailable, "too much to do"},
		"html":          {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "", "not with JSON"},
		"broken JSON":   {answerJSON(200, `{"a":`), "", "no JSON"},
		"nothing there": {answerJSON(200, `{"b":1}`), tools.NotFound, "nothing of what"},
		"endless":       {answerJSON(200, `"`+strings.Repeat("x", maxBody)+`"`), "", "longer than"},
		"a bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 64<<20))
			_ = z.Close()
		}, "", "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			base := serve(t, c.handle)
			_, err := try(t, newClient(t, Options{}), Spec{Method: "GET", URL: base, Result: "$.a"}, tools.Read, tools.Call{Arguments: json.RawMessage(`{}`)})
			said := new(tools.Error)
			if err == nil || !strings.Contains(err.Error(), c.part) || errors.As(err, &said) != (c.code != "") || said.Code != c.code {
				t.Errorf("%v, want %s with %q", err, c.code, c.part)
			}
		})
	}
}

func TestWhatIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		effect tools.Effect
		key    string
		want   int64
	}{"a read": {tools.Read, "", 3}, "a write with its key": {tools.Write, "k", 3}, "a write without": {tools.Write, "", 1}} {
		t.Run(name, func(t *testing.T) {
			var hits atomic.Int64
			keys := make(chan string, 8)
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				keys <- r.Header.Get("X-Key")
				if hits.Add(1) < 3 {
					answerJSON(503, `{}`)(w, r)
					return
				}
				answerJSON(200, `{"ok":true}`)(w, r)
			})
			_, err := try(t, newClient(t, Options{}), Spec{Method: "POST", URL: base, Idempotency: "X-Key"}, c.effect, tools.Call{Arguments: json.RawMessage(`{}`), Key: c.key})
			if hits.Load() != c.want || (err == nil) != (c.want == 3) {
				t.Errorf("%d requests, %v", hits.Load(), err)
			}
			for range hits.Load() {
				if key := <-keys; c.effect == tools.Write && key != c.key {
					t.Errorf("key %q, want %q", key, c.key)
				}
			}
		})
	}
}

func TestAHostThatIsDownCostsNoWait(t *testing.T) {
	var hits atomic.Int64
	base := serve(t, func(w http.ResponseWriter, r *http.Request) { hits.Add(1); answerJSON(500, `{}`)(w, r) })
	c := newClient(t, Options{})
	for range 6 {
		_, _ = try(t, c, Spec{Method: "GET", URL: base}, tools.Read, tools.Call{Arguments: json.RawMessage(`{}`)})
	}
	before := hits.Load()
	_, err := try(t, c, Spec{Method: "GET", URL: base}, tools.Read, tools.Call{Arguments: json.RawMessage(`{}`)})
	if err == nil || !strings.Contains(err.Error(), "is down") || hits.Load() != before {
		t.Errorf("after %d requests: %v", before, err)
	}
}

func TestATimeOutEndsTheRequest(t *testing.T) {
	gone := make(chan struct{})
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done(); close(gone) })
	run, err := newClient(t, Options{}).Tool(Spec{Method: "GET", URL: base}, tools.Read, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("too late")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, why)
	defer cancel()
	if _, err := run(ctx, tools.Call{Arguments: json.RawMessage(`{}`)}); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	<-gone
}

func FuzzTheHostStays(f *testing.F) {
	f.Add("#W1", "x")
	f.Add("@evil.example/", "\r\nHost: evil")
	f.Add("//evil", "../../..")
	c := New(Options{Env: env})
	t := &tool{client: c, spec: Spec{Method: "GET", URL: "https://shop.example:8443/a/{{ x }}/b?c={{ y }}", Headers: map[string]string{"X-Y": "{{ y }}"}}, effect: tools.Read}
	if err := t.parse(); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(tt *testing.T, x, y string) {
		args, err := json.Marshal(map[string]string{"x": x, "y": y})
		if err != nil {
			return
		}
		r, err := t.request(tools.Call{Arguments: args}, newSecrets(env))
		if err == nil && (r.URL.Host != "shop.example:8443" || r.URL.Scheme != "https" || strings.ContainsAny(r.Header.Get("X-Y"), "\r\n")) {
			tt.Errorf("%q %q makes %s", x, y, r.URL)
		}
	})
}

var _ Resolver = (*net.Resolver)(nil)
