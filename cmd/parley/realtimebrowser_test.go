package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"

	"parley/config"
)

// realtimeApp is a shop's app: it serves a page and makes secrets for it.
type realtimeApp struct {
	*httptest.Server
	agent, key string
	script     []byte
}

func (s *realtimeApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>An app</title><h1>An app</h1><script src="/app.js"></script></html>`)
	case "GET /app.js":
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(s.script) // a page that has gone needs nothing
	case "POST /secret":
		make, err := http.NewRequestWithContext(r.Context(), http.MethodPost, s.agent+"/v1/realtime/client_secrets",
			strings.NewReader(`{"expires_after":{"anchor":"created_at","seconds":60},"session":{"type":"realtime"},"customer":"demo","name":"Maya"}`))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		make.Header.Set("Authorization", "Bearer "+s.key)
		answer, err := http.DefaultClient.Do(make)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		_, _ = io.Copy(w, answer.Body) // a page that has gone needs nothing
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// await evaluates a JavaScript expression that is a promise.
func await[T any](p *browserPage, what, expression string) (answer T) {
	p.t.Helper()
	p.do(what, chromedp.Evaluate(expression, &answer, func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
	return answer
}

func TestTheAgentsPackageOverWebRTCInABrowser(t *testing.T) {
	chromium(t)
	dir := nodePackages(t)
	outside(t, dir, filepath.Join(dir, "node_modules/.bin/esbuild"), "browser.mjs", "--bundle", "--format=iife", "--platform=browser", "--conditions=browser", "--outfile=app.js", "--log-level=warning")
	app := &realtimeApp{key: "a-key-of-the-shop-0123456789"}
	var err error
	if app.script, err = os.ReadFile(filepath.Join(dir, "app.js")); err != nil {
		t.Fatal(err)
	}
	app.Server = httptest.NewServer(app)
	t.Cleanup(app.Close)
	cfg, e, log := openAgent(t, func(c *config.Config) {
		c.Server.Keys = []config.Secret{config.Secret(app.key)}
		c.Access.Origins = []string{app.URL}
	})
	e.brain = appBrain{e.brain}
	a := serveAgent(t, cfg, e, log)
	app.agent = a.url

	p := openPage(t, app.URL, hearing(a.microphone(t, 3*time.Second, "Where is my order W one zero zero zero two?", 5*time.Second, "Wait. What can you do?", 60*time.Second)))
	await[any](p, "connecting", fmt.Sprintf(`talk(%s)`, quoted(a.url)))
	if took := ask[float64](p, `state.connected`); took > 4000 {
		t.Errorf("connecting took %.0f ms: the settings were not acknowledged", took)
	}
	p.until("the question", `said('user', 'my order')`)
	p.until("the answer", `said('assistant', 'order')`)
	p.until("the interruption by voice", `state.done.some((r) => r.status === 'cancelled' && r.status_details.reason === 'turn_detected')`)
	p.until("the answer to it", `state.done.at(-1).status === 'completed'`)
	if energy := await[float64](p, "asking what was heard", `heard()`); energy <= 0 {
		t.Errorf("nothing was heard: %g", energy)
	}

	p.do("asking for a page", chromedp.Evaluate(`session.sendMessage('Please open the page about lamps.')`, nil))
	p.until("the call of the app's tool", `state.opened.includes('lamps')`)
	p.until("what came of it", `said('assistant', 'opened lamps') && state.done.at(-1).status === 'completed'`)

	id := ask[string](p, `session.transport.callId`)
	beside, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(a.url, "http")+"/v1/realtime?call_id="+id, &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + app.key}},
	})
	if err != nil {
		t.Fatal(err)
	}
	second := &realtimeClient{t: t, conn: beside}
	t.Cleanup(func() { _ = beside.CloseNow() })
	second.until("session.created")

	p.do("asking for a long answer", chromedp.Evaluate(`session.sendMessage('What can you do?')`, nil))
	second.until("output_audio_buffer.started")
	p.do("interrupting", chromedp.Evaluate(`session.interrupt()`, nil))
	p.until("the end at the client's wish", `state.done.at(-1).status === 'cancelled' && state.types.includes('output_audio_buffer.cleared')`)
	second.until("output_audio_buffer.cleared")

	p.do("hanging up", chromedp.Evaluate(`session.close()`, nil))
	p.until("the end of the call", `state.status === 'disconnected'`)
	if errors := ask[[]string](p, `state.errors`); len(errors) > 0 {
		t.Errorf("errors: %v", errors)
	}
	t.Log(ask[[]string](p, `state.types`))
	p.quiet()
}
