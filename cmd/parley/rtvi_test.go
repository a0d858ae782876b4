package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"parley/config"
	"parley/models/modeltest"
)

// rtviApp is the folder of a page that uses Pipecat's client, and of the exact packages
// that it is made of.
const rtviApp = "testdata/rtvi"

// rtviBundle is the page's script with the client in it, as the npm packages have it
// that a folder of the app names.
func rtviBundle(t *testing.T, packages string) string {
	t.Helper()
	return bundled(t, "Pipecat's client", filepath.Join(rtviApp, packages), filepath.Join(rtviApp, "client.js"))
}

// lacking skips a test, or fails it where nothing may be missing.
func lacking(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv(modeltest.AllVariable) == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// embedRTVI starts an agent with a key, and a shop whose page uses Pipecat's client.
func embedRTVI(t *testing.T, bundle string) (*shopAgent, *embedding) {
	t.Helper()
	s := &embedding{key: "a-key-of-the-shop-0123456789"}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "GET /":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, `<!doctype html><html lang="en"><title>A shop</title><h1>A shop</h1><script src="/client.js"></script></html>`)
		case "GET /client.js":
			http.ServeFile(w, r, bundle)
		default:
			s.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	cfg, e, log := openAgent(t, func(c *config.Config) {
		c.Server.Keys = []config.Secret{config.Secret(s.key)}
		c.Access.Origins = []string{s.URL}
	})
	e.brain = appBrain{e.brain}
	a := serveAgent(t, cfg, e, log)
	s.agent = a.url
	return a, s
}

// TestPipecatsClient has @pipecat-ai/client-js with @pipecat-ai/small-webrtc-transport,
// as they come, talk with the agent from a shop's own page, with a customer's token.
func TestPipecatsClient(t *testing.T) {
	chromium(t)
	a, s := embedRTVI(t, rtviBundle(t, "."))
	p := openPage(t, s.URL, hearing(a.microphone(t, 5*time.Second, "Where is my order W one zero zero zero two?", 3500*time.Millisecond, "Wait. What can you do?", 30*time.Second)))

	docs, err := os.ReadFile("../../docs/protocols.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range ask[[]string](p, `app.types`) {
		if !strings.Contains(string(docs), "`"+kind+"`") {
			t.Errorf("docs/protocols.md says nothing of %s, which the client knows", kind)
		}
	}

	p.connectRTVI("connect", a.url)
	p.until("bot-ready", `app.has('BotReady', '"version":"2.1.0"') && app.has('BotReady', '"library":"parley"')`)
	p.until("whom the agent speaks with", `app.has('ServerMessage', 'maya')`)
	p.until("the greeting, as text", `app.has('BotTranscript', 'maya') && app.has('BotLlmText', 'maya')`)
	p.until("the greeting, word by word", `app.told.some((m) => m.type === 'BotOutput' && m.data.spoken_status === 'in-progress' && m.data.spoken_progress.accumulated_text && m.data.spoken_progress.remaining_text)`)
	p.until("the greeting's sound", `app.loudest() > 0.05`)
	p.until("the shopper's voice", `app.has('UserStartedSpeaking') && app.has('UserStoppedSpeaking')`)
	p.until("the shopper's words", `app.has('UserTranscript', 'my order') && app.told.some((m) => m.type === 'UserTranscript' && m.data.final)`)
	p.until("a tool's call", `app.has('LLMFunctionCallStarted') && app.has('LLMFunctionCallInProgress') && app.has('LLMFunctionCallStopped', '"ok":true')`)
	p.until("the answer", `app.has('BotTranscript', 'on its way')`)
	p.until("the interruption", `app.has('UserTranscript', 'what can you do')`)
	p.until("the silence before it, and the sentence that was cut", `(() => {
		const words = app.told.findIndex((m) => m.type === 'UserTranscript' && m.data.final && /what can you do/i.test(m.data.text));
		const voice = app.told.findIndex((m, i) => i < words && m.type === 'BotStoppedSpeaking' && [i - 1, i + 1].some((k) => app.told[k]?.type === 'UserStartedSpeaking'));
		const before = app.told.slice(0, words).filter((m) => m.type === 'BotOutput').map((m) => m.data);
		const cut = before.filter((s) => s.spoken_status === 'new' && !before.some((o) => o.segment_id === s.segment_id && o.spoken_status === 'completed'));
		return words > 0 && voice > 0 && cut.length > 0;
	})()`)
	for _, secret := range []string{"w10002", "order_id"} {
		if ask[bool](p, fmt.Sprintf(`app.told.some((m) => m.type.startsWith('LLMFunction') && JSON.stringify(m.data).toLowerCase().includes(%s))`, quoted(secret))) {
			t.Errorf("the messages of tools hold %q", secret)
		}
	}
	p.until("the answer after it", `app.has('BotTtsText', 'where')`)
	p.until("metrics", `app.has('Metrics', '"processor":"recognition"') && app.has('Metrics', '"processor":"voice"')`)

	p.do("typing", chromedp.Evaluate(`app.client().sendText('Where is my order W10004?')`, nil))
	p.until("the answer to what was typed", `app.has('BotTranscript', 'cancel')`)
	p.until("its voice", `app.since('UserLlmText').some((m) => m.type === 'BotStartedSpeaking')`)
	p.do("typing", chromedp.Evaluate(`app.client().sendText('What headphones do you sell?', { audio_response: false })`, nil))
	p.until("an answer by text alone", `app.told.some((m) => m.type === 'BotOutput' && m.data.will_be_spoken === false && /headphone/i.test(m.data.text))`)
	p.do("asking", chromedp.Evaluate(`(async () => { window.conversation = (await app.client().sendClientRequest('about', {})).conversation; })()`, nil, awaited))
	p.do("asking what nobody knows", chromedp.Evaluate(`app.client().sendClientRequest('weather', {}).then(() => note, () => { window.refused = true; })`, nil, awaited))
	if !ask[bool](p, `window.refused === true && typeof window.conversation === 'string'`) {
		t.Error("messages of the app's own were not answered as they should")
	}

	p.do("typing", chromedp.Evaluate(`app.client().sendText('Please open the page about lamps')`, nil))
	p.until("the call of the app's function", `app.has('opened', 'lamps') && app.has('LLMFunctionCallStopped', 'open_page')`)
	p.until("what the agent makes of it", `app.has('BotTranscript', 'opened lamps')`)

	// The connection is lost; the client makes another, in the same conversation.
	p.do("losing the connection", chromedp.Evaluate(`window.told = app.told.length; window.lost = app.lose()`, nil))
	p.until("another connection", `app.connection().pc !== window.lost.pc && app.connection().pc.connectionState === 'connected' && app.connection().dc.readyState === 'open'`)
	p.do("typing", chromedp.Evaluate(`app.client().sendText('Where is my order W10001?')`, nil))
	p.until("the answer over the new connection", `app.told.slice(window.told).some((m) => m.type === 'BotTtsText') && app.has('BotTranscript', 'w10001')`)
	if !ask[bool](p, `app.connection().pc_id === window.lost.pc_id && app.told.slice(window.told).filter((m) => m.type === 'UserLlmText').length === 1`) {
		t.Errorf("the connection %s became %s, or something was told twice", ask[string](p, `window.lost.pc_id`), ask[string](p, `app.connection().pc_id`))
	}

	p.do("hanging up", chromedp.Evaluate(`app.client().disconnect()`, nil, awaited))
	p.until("the end of the call", `app.client().state === 'disconnected'`)
	p.connectRTVI("connectDirectly", a.url)
	p.until("the second call", `app.told.filter((m) => m.type === 'BotReady').length >= 2`)
	p.do("sending the agent away", chromedp.Evaluate(`app.client().disconnectBot()`, nil))
	p.until("the agent's leaving, and the client's", `app.has('BotDisconnected') && app.client().state === 'disconnected'`)
}

// TestPipecatsOlderClient is that of RTVI 1.2, which is told of answers in its own way.
func TestPipecatsOlderClient(t *testing.T) {
	chromium(t)
	a, s := embedRTVI(t, rtviBundle(t, "older"))
	p := openPage(t, s.URL, hearing(a.microphone(t, time.Minute)))
	p.connectRTVI("connect", a.url)
	p.until("bot-ready", `app.has('BotReady', '"version":"1.2.0"')`)
	p.until("the greeting, sentence by sentence", `app.told.some((m) => m.type === 'BotOutput' && m.data.spoken === false && m.data.aggregated_by === 'sentence' && /maya/i.test(m.data.text))`)
	p.until("the greeting, word by word", `app.told.some((m) => m.type === 'BotOutput' && m.data.spoken === true && m.data.aggregated_by === 'word')`)
	p.until("the greeting's sound", `app.loudest() > 0.05`)
	p.do("typing", chromedp.Evaluate(`app.client().sendText('Where is my order W10002?')`, nil))
	p.until("a tool's call", `app.has('LLMFunctionCallInProgress') && app.has('LLMFunctionCallStopped')`)
	p.until("the answer", `app.has('BotTranscript', 'on its way')`)
	p.do("typing", chromedp.Evaluate(`app.client().sendText('Please open the page about lamps')`, nil))
	p.until("what the agent makes of the app's function", `app.has('opened', 'lamps') && app.has('BotTranscript', 'opened lamps')`)
	p.do("hanging up", chromedp.Evaluate(`app.client().disconnect()`, nil, awaited))
	p.until("the end of the call", `app.client().state === 'disconnected'`)
}

// connectRTVI has the page's client connect, in one of its ways.
func (p *browserPage) connectRTVI(way, agent string) {
	p.t.Helper()
	p.do("connecting", chromedp.Evaluate(fmt.Sprintf(`app.%s(%s).then(() => '', (error) => { throw new Error(String(error)); })`, way, quoted(agent)), nil, awaited))
}

// awaited has an expression's promise waited for.
func awaited(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
