package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"parley/config"
)

func TestTheShopperTalksInABrowser(t *testing.T) {
	chromium(t)
	a := startAgent(t, func(*config.Config) {})
	microphone := a.microphone(t, 6*time.Second, "Where is my order W one zero zero zero two?", 3500*time.Millisecond, "Wait. What can you do?", 25*time.Second)
	p := openPage(t, a.url, hearing(microphone))
	p.untilText("the notice of whom the page speaks for", "#notice", "maya")

	p.click("#talk")
	p.until("the call", `document.getElementById('frame').classList.contains('in-call')`)
	p.until("the greeting, word by word", `document.getElementById('frame').dataset.state === 'speaking' && [...document.querySelectorAll('.log .agent .said')].some((e) => /Maya/.test(e.textContent))`)
	p.until("the state Hearing", `document.getElementById('frame').dataset.state === 'hearing'`)
	p.untilText("the shopper's words", ".log .user:not(.partial)", "my order")
	p.untilText("the answer", ".log .agent", "on its way")
	p.untilText("the interruption", ".log .agent.cut .mark", "you spoke here")
	p.untilText("the words that were not heard", ".log .agent.cut .still", " ")
	p.untilText("the interrupting words", ".log .user:not(.partial)", "what can you do")
	p.untilText("the answer to them, as far as it was heard", ".log .agent:last-child .said", "where an order is")
	p.until("a waterfall with the first sound", `[...document.querySelectorAll('#waterfall div')].some((row) => /^First sound\d+ ms$/.test(row.textContent))`)
	for _, step := range []string{"Words known", "First word of the answer", "End of turn certain", "First sound"} {
		if shown := ask[string](p, `document.getElementById('timings').innerText`); !strings.Contains(shown, step) {
			t.Errorf("the timings lack %q: %q", step, shown)
		}
	}

	p.write("Where is my order W10004?")
	p.untilText("the answer to what was typed in the call, as far as it was heard", ".log .agent .said", "cancel")
	p.write("What headphones do you sell?")
	p.untilText("an answer being spoken", ".log .agent:not(.cut) .said", "headphones")
	p.do("pressing Escape", chromedp.KeyEvent(kb.Escape))
	p.untilText("the silence that was asked for", ".log .agent.cut .mark", "stopped here")

	p.click("#talk")
	p.until("the end of the call", `!document.getElementById('frame').classList.contains('in-call') && document.getElementById('talk').innerText === 'Talk'`)
	p.write("Do you sell backpacks?")
	p.untilText("the answer by text", ".log .agent:last-child", "backpack")

	// A second call begins with what has happened so far.
	rows := `document.querySelectorAll('.log .user:not(.partial), .log .agent, .log .tool').length`
	before := ask[int](p, rows)
	p.click("#talk")
	p.until("the second call", `document.getElementById('frame').classList.contains('in-call')`)
	p.write("Where is my order W10001?")
	p.untilText("the answer in the second call", ".log .agent:last-child", "w10001")
	if after := ask[int](p, rows); after != before+3 {
		t.Errorf("a question, a look-up and an answer made %d rows of %d: something is shown twice or not at all\n%s", after, before, p.transcript())
	}
	p.click("#talk")
	p.until("the end of the second call", `!document.getElementById('frame').classList.contains('in-call')`)
	if metrics := get(t, a.url+"/metrics"); !strings.Contains(metrics, "parley_conversations_total 1\n") {
		t.Error("all of it should have been one conversation")
	}
	p.quiet()
}

func TestTheShopEndsTheCall(t *testing.T) {
	chromium(t)
	a := startAgent(t, func(*config.Config) {})
	p := openPage(t, a.url, hearing(a.microphone(t, time.Minute)))
	p.click("#talk")
	p.until("the call", `document.getElementById('frame').classList.contains('in-call')`)
	id := ask[string](p, `new URL(performance.getEntriesByType('resource').find((r) => r.name.includes('?conversation=')).name).searchParams.get('conversation')`)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, a.url+"/v1/realtime/calls/"+id, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // nothing is in it
	if response.StatusCode != http.StatusNoContent {
		t.Fatalf("hanging up was answered with %s", response.Status)
	}
	p.untilText("what happened", "#problem", "call has ended")
	p.click("#again")
	p.until("the call again", `document.getElementById('frame').classList.contains('in-call') && document.getElementById('problem').hidden`)

	// Then the whole conversation ends, and the page begins another when it must.
	request.URL.Path = "/v1/conversations/" + id
	if response, err = http.DefaultClient.Do(request); err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // nothing is in it
	p.until("the end of the call", `!document.getElementById('frame').classList.contains('in-call')`)
	p.write("What can you do?")
	p.untilText("the new conversation", ".log .aside", "new conversation")
	p.untilText("its answer", ".log .agent:last-child", "order")
}

// While nobody speaks, neither side sends: 100 packets of silence would be sent in two
// seconds, and ten are when it is suppressed.
func TestThePageSuppressesSilence(t *testing.T) {
	chromium(t)
	a := startAgent(t, func(*config.Config) {})
	p := openPage(t, a.url, hearing(a.microphone(t, time.Minute)))
	p.do("watching connections", chromedp.Evaluate(`window.RTCPeerConnection = class extends RTCPeerConnection {
		constructor(...of) { super(...of); window.watched = this; }
	}`, nil))
	p.click("#talk")
	p.until("the greeting", `document.getElementById('frame').dataset.state === 'speaking'`)
	p.until("its end", `document.getElementById('frame').dataset.state === 'listening'`)
	var packets struct{ Sent, Received int }
	p.do("counting packets", chromedp.Evaluate(`(async () => {
		const count = async () => {
			const all = [...(await watched.getStats()).values()];
			return [all.find((s) => s.type === 'outbound-rtp').packetsSent, all.find((s) => s.type === 'inbound-rtp').packetsReceived];
		};
		await new Promise((done) => setTimeout(done, 500));
		const before = await count();
		await new Promise((done) => setTimeout(done, 2000));
		const after = await count();
		return { sent: after[0] - before[0], received: after[1] - before[1] };
	})()`, &packets, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	t.Logf("%+v", packets)
	if packets.Sent > 30 || packets.Received > 30 {
		t.Errorf("in two seconds of silence the page sent %d packets and received %d", packets.Sent, packets.Received)
	}
	p.quiet()
}

func TestTheShopperHasNoMicrophone(t *testing.T) {
	chromium(t)
	a := startAgent(t, func(*config.Config) {})
	for name, c := range map[string]struct {
		device     bool
		permission browser.PermissionSetting
		words      string
	}{
		"refused": {true, browser.PermissionSettingDenied, "not allowed"},
		"missing": {false, browser.PermissionSettingGranted, "no microphone was found"},
	} {
		t.Run(name, func(t *testing.T) {
			p := openPage(t, a.url, chromedp.Flag("use-fake-device-for-media-stream", c.device))
			p.do("setting the permission", browser.SetPermission(&browser.PermissionDescriptor{Name: "microphone"}, c.permission))
			p.click("#talk")
			p.untilText("plain words", "#problem", c.words)
			p.click("#ideas button")
			p.untilText("the answer by text", ".log .agent", "on its way")
			if !ask[bool](p, `document.getElementById('problem').hidden`) {
				t.Error("what went wrong before should no longer be shown")
			}
			p.quiet()
		})
	}
}

func TestThePageFitsASmallScreen(t *testing.T) {
	chromium(t)
	a := startAgent(t, func(*config.Config) {})
	p := openPage(t, a.url)
	p.write(strings.Repeat("Donaudampfschifffahrt", 12))
	p.until("an answer", `document.querySelector('.log .agent') !== null && !document.getElementById('timings').hidden`)
	for _, size := range [][2]int64{{280, 653}, {320, 568}, {390, 844}, {640, 400}, {1280, 800}, {320, 256}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			p.do("resizing", chromedp.EmulateViewport(size[0], size[1]))
			p.shot(fmt.Sprintf("page-%d", size[0]))
			if wide := ask[int64](p, `document.scrollingElement.scrollWidth`); wide > size[0] {
				t.Errorf("the page is %d pixels wide", wide)
			}
			if high := ask[float64](p, `document.getElementById('conversation').getBoundingClientRect().height`); high < 90 {
				t.Errorf("%.0f pixels are left for the conversation", high)
			}
			for _, control := range []string{"talk", "text", "waterfall"} {
				if !ask[bool](p, fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.scrollIntoView(); const r = e.getBoundingClientRect();
					return r.width > 0 && r.left >= 8 && r.right <= innerWidth - 8 && r.top < innerHeight && r.bottom > 0; })()`, control)) {
					t.Errorf("%s cannot be seen", control)
				}
			}
		})
	}
	p.quiet()
}
