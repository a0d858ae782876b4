package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"parley/config"
)

// embedding is a shop's own web site on an origin of its own, with a strict content
// security policy, which puts the agent on its page and mints tokens.
type embedding struct {
	*httptest.Server
	agent, key string
	minted     int
	element    string // its tag, another than that of the page /
	stale      int    // so many tokens that do not work come first
}

func (s *embedding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; script-src %[1]s; connect-src 'self' %[1]s; style-src 'self'; require-trusted-types-for 'script'; trusted-types parley", s.agent))
		fmt.Fprintf(w, `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width, initial-scale=1"><title>A shop</title><h1>A shop</h1>
			<script type="module" src="%s/parley.js"></script><link rel="stylesheet" href="/shop.css">%s</html>`, s.agent, cmp.Or(s.element, `<parley-agent token-url="/token" label="Ask us"></parley-agent>`))
	case "GET /shop.css":
		w.Header().Set("Content-Type", "text/css")
		_, _ = io.WriteString(w, `parley-agent[inline] { --parley-brand: rgb(120, 20, 90); --parley-round: 2px }`) // a page that has gone needs nothing
	case "GET /favicon.ico":
		w.WriteHeader(http.StatusNoContent)
	case "POST /token", "GET /token":
		s.minted++
		if s.minted <= s.stale {
			_, _ = io.WriteString(w, `{"token":"one.that.is-stale"}`) // as above
			return
		}
		mint, err := http.NewRequestWithContext(r.Context(), http.MethodPost, s.agent+"/v1/tokens", strings.NewReader(`{"customer":"demo","name":"Maya","conversations":20,"origin":"`+s.URL+`"}`))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		mint.Header.Set("Authorization", "Bearer "+s.key)
		mint.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(mint)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		_, _ = io.Copy(w, answer.Body) // a page that has gone needs nothing
	default:
		http.NotFound(w, r)
	}
}

// embed starts an agent with a key, and a shop that embeds it.
func embed(t *testing.T) (*shopAgent, *embedding) {
	t.Helper()
	s := &embedding{key: "a-key-of-the-shop-0123456789"}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	a := startAgent(t, func(c *config.Config) {
		c.Server.Keys = []config.Secret{config.Secret(s.key)}
		c.Access.Origins = []string{s.URL}
	})
	s.agent = a.url
	return a, s
}

// inside is the element's own document, where the page's selectors do not reach.
const inside = `document.querySelector('parley-agent').shadowRoot`

func (p *browserPage) press(id string) {
	p.t.Helper()
	p.do("pressing "+id, chromedp.Evaluate(fmt.Sprintf(`%s.getElementById(%q).click()`, inside, id), nil))
}

// say types into the element and sends.
func (p *browserPage) say(text string) {
	p.t.Helper()
	p.do("typing", chromedp.Evaluate(fmt.Sprintf(`%[1]s.getElementById('text').value = %[2]s; %[1]s.getElementById('composer').requestSubmit()`, inside, quoted(text)), nil))
}

// untilInside waits for an element of the element that holds words.
func (p *browserPage) untilInside(what, selector, words string) {
	p.t.Helper()
	p.until(what, fmt.Sprintf(`[...(%s?.querySelectorAll(%s) ?? [])].some((e) => e.checkVisibility() && e.textContent.toLowerCase().includes(%s))`, inside, quoted(selector), quoted(words)))
}

// shot keeps a picture of the page where PARLEY_SCREENSHOTS says, for people.
func (p *browserPage) shot(name string) {
	p.t.Helper()
	dir := os.Getenv("PARLEY_SCREENSHOTS")
	if dir == "" {
		return
	}
	var png []byte
	p.do("taking a picture", chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// pickPhoto draws a photo and picks it as a shopper would in the gallery.
const pickPhoto = `(async (root) => {
	const canvas = Object.assign(document.createElement('canvas'), { width: 900, height: 600 });
	const brush = canvas.getContext('2d');
	brush.fillStyle = '#d9c7a8'; brush.fillRect(0, 0, 900, 600);
	const grain = brush.getImageData(0, 0, 900, 600); // as real photos have, so that sending takes a while
	for (let i = 0; i < grain.data.length; i += 4) grain.data[i] = grain.data[i + 1] = 100 + 100 * Math.random();
	brush.putImageData(grain, 0, 0);
	brush.fillStyle = '#4a5c8a'; brush.beginPath(); brush.arc(450, 300, 200, 0, 7); brush.fill();
	const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
	const files = new DataTransfer();
	files.items.add(new File([blob], 'lamp.png', { type: 'image/png' }));
	root.getElementById('photo').files = files.files;
	root.getElementById('photo').dispatchEvent(new Event('change'));
})(%s)`

// drawn says whether a thumbnail shows the middle of the photo that pickPhoto picks.
const drawn = `(() => { const c = %s; const [r, , b] = c ? c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data : []; return b > r && c.clientWidth > 40; })()`

func TestTheAgentOnAShopsOwnPage(t *testing.T) {
	chromium(t)
	a, shop := embed(t)
	p := openPage(t, shop.URL, hearing(a.microphone(t, 8*time.Second, "Where is my order W one zero zero zero two?", 4*time.Second, "Wait. What can you do?", 30*time.Second)))
	p.untilInside("the button", "#launcher", "ask us")
	p.shot("element-closed")
	p.press("launcher")
	p.untilInside("the shop's name", "#shop", "demo shop")
	p.shot("element-open")
	p.say("Where is my order W10004?")
	p.untilInside("the answer by text", ".log .agent", "cancel")

	p.do("picking a photo", chromedp.Evaluate(fmt.Sprintf(pickPhoto, inside), nil))
	p.until("the photo before it is sent", fmt.Sprintf(drawn, inside+`.querySelector('#photos .thumbnail')`))
	p.shot("element-photo")
	p.do("slowing the network", network.Enable(), network.EmulateNetworkConditions(false, 0, -1, 100_000)) // bytes a second, of what is sent
	p.say("Is this in stock?")
	p.until("how far the photo has got", inside+`.getElementById('sent').checkVisibility() && /Sending \d+ %/.test(`+inside+`.getElementById('status').textContent)`)
	p.shot("element-sending")
	p.do("freeing the network", network.EmulateNetworkConditions(false, 0, -1, -1))
	p.until("the photo that was sent", fmt.Sprintf(drawn, inside+`.querySelector('.log .sent .thumbnail')`))
	p.until("an answer about it", inside+`.querySelectorAll('.log .agent').length >= 2`)
	p.shot("element-sent")

	const calling = `window.told = { state: [], transcript: [] };
		for (const name in window.told) document.addEventListener('parley:' + name, (e) => window.told[name].push(e.detail));
		window.heard = []; document.addEventListener('parley:calling', (e) => window.heard.push(e.detail));
		window.peers = []; const Peer = RTCPeerConnection;
		window.RTCPeerConnection = class extends Peer { constructor(...how) { super(...how); window.peers.push(this); } }; 0`
	p.do("listening to the element", chromedp.Evaluate(calling, nil))
	p.press("talk")
	p.until("the call", inside+`.getElementById('frame').classList.contains('in-call')`)
	p.untilInside("the shopper's words", ".log .user:not(.partial)", "my order w")
	p.untilInside("the answer", ".log .agent", "on its way")
	p.untilInside("the interruption", ".log .agent.cut .mark", "you spoke here")
	p.shot("element-call")

	// The call is lost, and taken up again by itself in the same conversation.
	p.do("losing the call", chromedp.Evaluate(`(() => { const peer = window.peers.at(-1);
		peer.close(); peer.dispatchEvent(new Event('connectionstatechange')); })()`, nil)) // as a browser tells that a network has gone
	p.until("the end of the call, and another", `JSON.stringify(window.heard) === '[true,false,true]'`)
	for _, state := range []string{"listening", "hearing", "thinking", "speaking", "idle"} {
		if !ask[bool](p, fmt.Sprintf(`window.told.state.some((s) => s.state === %q)`, state)) {
			t.Errorf("the page was not told of the state %s", state)
		}
	}
	for who, what := range map[string]string{
		"the customer's words while they come": `u.who === 'customer' && !u.final`, "the customer's words": `u.who === 'customer' && u.final && /order/i.test(u.text)`,
		"an answer that was interrupted": `u.who === 'agent' && u.interrupted && !/tomorrow/.test(u.text)`,
	} {
		if !ask[bool](p, fmt.Sprintf(`window.told.transcript.some((u) => %s)`, what)) {
			t.Errorf("the page was not told of %s: %s", who, ask[string](p, `JSON.stringify(window.told.transcript)`))
		}
	}
	p.press("close")
	p.until("the closed panel, and no call behind it", `JSON.stringify(window.heard) === '[true,false,true,false]' && `+inside+`.getElementById('panel').hidden`)
	if metrics := getWithKey(t, a.url+"/metrics", shop.key); !strings.Contains(metrics, "parley_conversations_total 1\n") {
		t.Error("all of it should have been one conversation")
	}
	if shop.minted != 1 {
		t.Errorf("%d tokens were asked for, and one is enough", shop.minted)
	}
	p.quiet()
}

// TestTheElementSpeaksTheShoppersLanguage chooses languages, of which one is written
// from the right, and takes pictures on screens of several sizes.
func TestTheElementSpeaksTheShoppersLanguage(t *testing.T) {
	chromium(t)
	_, shop := embed(t)
	p := openPage(t, shop.URL)
	p.untilInside("the button", "#launcher", "ask us")
	p.press("launcher")
	p.untilInside("the shop's name", "#shop", "demo shop")
	for n, c := range []struct{ tag, talk, answer, direction string }{
		{"th", "พูด", "W10002", "ltr"}, {"ar", "تحدث", "W10002", "rtl"}, {"id", "Bicara", "dikirim", "ltr"}, {"en", "Talk", "on its way", "ltr"},
	} {
		p.do("choosing "+c.tag, chromedp.Evaluate(fmt.Sprintf(`(() => { const s = %s.getElementById('language'); s.value = %q; s.dispatchEvent(new Event('change')); })()`, inside, c.tag), nil))
		p.until("the words in "+c.tag, fmt.Sprintf(`%[1]s.getElementById('talk').innerText === %[2]q && getComputedStyle(%[1]s.getElementById('frame')).direction === %[3]q`, inside, c.talk, c.direction))
		p.shot("element-" + c.tag)
		p.say(ask[string](p, inside+`.querySelector('.idea').textContent`))
		p.until("the answer in "+c.tag, fmt.Sprintf(`%[1]s.querySelectorAll('.log .agent').length === %[2]d && %[1]s.querySelector('.log .agent:last-child')?.textContent.includes(%[3]q)`, inside, n+1, c.answer))
	}
	// A question and, before its answer, another language and a question in that: each is
	// answered in a conversation of its own, and shown there.
	p.do("asking in two languages at once", chromedp.Evaluate(fmt.Sprintf(`(() => { const root = %s, agent = document.querySelector('parley-agent');
		const choose = (tag) => { root.getElementById('language').value = tag; root.getElementById('language').dispatchEvent(new Event('change')); };
		choose('es'); agent.say('¿Dónde está mi pedido?'); setTimeout(() => { choose('pt'); agent.say('Onde está o meu pedido?'); }, 0); })()`, inside), nil))
	p.until("both answers in their places", fmt.Sprintf(`(() => { const rows = [...%s.querySelectorAll('.log .user, .log .agent')].slice(-4).map((e) => e.textContent);
		return /mi pedido\?\|\S+ Tiene W10001/.test(rows.join('|')) && /meu pedido\?\|\S+ Você tem W10001/.test(rows.join('|')); })()`, inside))
	p.do("wanting it dark", emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	const paper = `getComputedStyle(` + inside + `.getElementById('frame')).backgroundColor`
	if light := ask[string](p, paper); light != "rgb(244, 247, 245)" {
		t.Errorf("on a page that knows no dark it is %s", light)
	}
	p.do("a page that can be dark", chromedp.Evaluate(`document.documentElement.style.colorScheme = 'light dark'; 0`, nil))
	if dark := ask[string](p, paper); dark != "rgb(15, 22, 19)" {
		t.Errorf("on a page that can be dark it is %s", dark)
	}
	p.do("a wide window", chromedp.EmulateViewport(1280, 800))
	p.shot("element-dark-wide")
	p.do("a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	p.until("a panel over the whole screen", inside+`.getElementById('panel').getBoundingClientRect().width === innerWidth`)
	p.shot("element-dark-phone")
	if !ask[bool](p, inside+`.querySelector('.camera').checkVisibility()`) {
		t.Error("a phone should be offered its camera")
	}
	p.quiet()
}

// TestTheElementAsAShopSetsItUp: it stands in the page, in the shop's colour, asks for
// tokens by GET and for another when one does not work, and is started and stopped.
func TestTheElementAsAShopSetsItUp(t *testing.T) {
	chromium(t)
	a, shop := embed(t)
	shop.element, shop.stale = `<parley-agent inline lang="id" token-url="/token" token-method="get"></parley-agent>`, 1
	p := openPage(t, shop.URL, hearing(a.microphone(t, time.Minute)))
	p.untilInside("the shop's name", "#shop", "demo shop")
	p.until("the words of its language", inside+`.getElementById('talk').innerText === 'Bicara'`)
	if shop.minted != 2 {
		t.Errorf("%d tokens were asked for, not another for the one that does not work", shop.minted)
	}
	if colour := ask[string](p, `getComputedStyle(`+inside+`.getElementById('talk')).backgroundColor`); colour != "rgb(120, 20, 90)" {
		t.Errorf("the shop's colour is not taken: %s", colour)
	}
	p.shot("element-inline")
	p.do("starting", chromedp.Evaluate(`document.querySelector('parley-agent').start(); 0`, nil))
	p.until("the call", inside+`.getElementById('frame').classList.contains('in-call')`)
	p.do("stopping", chromedp.Evaluate(`document.querySelector('parley-agent').stop(); 0`, nil))
	p.until("the end of the call", `!`+inside+`.getElementById('frame').classList.contains('in-call')`)

	// All that can be pressed has a name for those who hear the page.
	const nameless = `[...` + inside + `.querySelectorAll('button, input, select')].filter((e) => e.checkVisibility() && !(e.labels?.length ? e.labels[0] : e).textContent.trim() && !e.ariaLabel).map((e) => e.id).join()`
	if left := ask[string](p, nameless); left != "" {
		t.Errorf("without a name: %s", left)
	}
}

// getWithKey is get with a key.
func getWithKey(t *testing.T, url, key string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestThePageWithATokenInItsAddress: the agent's own page, when the server has keys.
func TestThePageWithATokenInItsAddress(t *testing.T) {
	chromium(t)
	a, shop := embed(t)
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/token", nil)
	shop.URL = a.url // the token is for the agent's own page
	shop.ServeHTTP(w, r)
	_, rest, _ := strings.Cut(w.Body.String(), `"token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	if token == "" {
		t.Fatalf("no token: %s", w.Body)
	}
	p := openPage(t, a.url+"/#token="+token)
	p.untilText("the shop's name", "#shop", "demo shop")
	if at := ask[string](p, `location.href`); strings.Contains(at, "token") {
		t.Errorf("the token stays in the address: %s", at)
	}
	p.write("Where is my order W10002?")
	p.untilText("the answer", ".log .agent", "on its way")
	p.shot("page-token")
	p.quiet()

	p = openPage(t, a.url)
	p.untilText("plain words", "#problem", "opened without a token")
}
