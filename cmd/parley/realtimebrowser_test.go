package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parley/config"
)

// secret has the shop's server make a secret for a client of the Realtime protocol.
func (a *shopAgent) secret(t *testing.T) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+"/v1/realtime/client_secrets",
		strings.NewReader(`{"expires_after":{"anchor":"created_at","seconds":600},"session":{"type":"realtime","instructions":"Be kind."},"customer":"demo","name":"Maya"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+exampleKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var made struct {
		Value   string `json:"value"`
		Session struct{ Instructions string }
	}
	if err := json.NewDecoder(response.Body).Decode(&made); err != nil || made.Session.Instructions != "Be kind." {
		t.Fatalf("%s: %+v %v", response.Status, made, err)
	}
	return made.Value
}

// TestAnUnmodifiedClientOverWebRTC: the agents client in a browser, on the page of a shop.
func TestAnUnmodifiedClientOverWebRTC(t *testing.T) {
	chromium(t)
	var bundle []byte
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/client.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(bundle)
		case "/":
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<!doctype html><title>A shop</title><script src="/client.js"></script>`))
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(site.Close)
	a := startAgent(t, func(c *config.Config) {
		c.Server.Keys = []config.Secret{exampleKey}
		c.Access.Origins = []string{site.URL}
	})
	dir := a.nodeClients(t)
	a.example(t, dir, filepath.Join(dir, "node_modules/.bin/esbuild"), "webrtc.mjs", "--bundle", "--outfile=bundle.js")
	var err error
	if bundle, err = os.ReadFile(filepath.Join(dir, "bundle.js")); err != nil {
		t.Fatal(err)
	}
	p := openPage(t, site.URL, hearing(a.microphone(t, 5*time.Second, "Where is my order W one zero zero zero two?", 4*time.Second, "Wait. What can you do?", 30*time.Second)))
	connect := func() {
		t.Helper()
		p.do("connecting", chromedp.Evaluate(fmt.Sprintf(`window.failed = ''; window.connected = false;
			connect(%s, %s).then(() => { window.connected = true; }, (err) => { window.failed = String(err); }); 0`, quoted(a.secret(t)), quoted(a.url+"/v1/realtime/calls")), nil))
		p.until("the connection", `window.connected || window.failed`)
		if failed := ask[string](p, `window.failed`); failed != "" {
			t.Fatal(failed)
		}
	}
	connect()
	p.until("the caller's words", `said('user').includes('order')`)
	p.until("the answer", `said('assistant').includes('way')`)
	p.until("the barge-in", `events.includes('output_audio_buffer.cleared')`)
	p.until("the answer to it", `said('assistant').includes('where an order')`)
	p.do("typing", chromedp.Evaluate(`session.sendMessage('Where is my order W10004?'); 0`, nil))
	p.until("the answer to what was typed", `said('assistant').includes('cancelled')`)
	p.do("interrupting", chromedp.Evaluate(`session.sendMessage('What can you do?'); window.cleared = events.filter((e) => e === 'output_audio_buffer.cleared').length; 0`, nil))
	p.until("an answer being spoken", `events.at(-1) !== 'response.done' && events.lastIndexOf('output_audio_buffer.started') > events.lastIndexOf('response.created')`)
	p.do("interrupting", chromedp.Evaluate(`session.interrupt(); 0`, nil))
	p.until("the silence", `events.filter((e) => e === 'output_audio_buffer.cleared').length > window.cleared`)
	p.do("hanging up", chromedp.Evaluate(`session.close(); 0`, nil))
	connect()
	p.do("typing", chromedp.Evaluate(`session.sendMessage('Where is my order W10004?'); 0`, nil))
	p.until("the answer after connecting anew", `said('assistant').includes('cancelled')`)
	if wrong := ask[string](p, `window.errors.join('\n')`); wrong != "" {
		t.Errorf("the client complained: %s", wrong)
	}
}
