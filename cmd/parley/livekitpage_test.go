package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// livekitPage is the folder of a page that uses LiveKit's client for browsers, and of
// the exact packages that it is made of.
const livekitPage = "testdata/livekit"

// livekitClient is LiveKit's client for browsers, as npm's package has it.
func livekitClient(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		lacking(t, "npm is not on this machine; LiveKit's client comes with it")
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(filepath.Join(livekitPage, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	run.Dir = dir
	if output, err := run.CombinedOutput(); err != nil {
		lacking(t, "LiveKit's client could not be fetched: %v\n%s", err, output)
	}
	return filepath.Join(dir, "node_modules", "livekit-client", "dist", "livekit-client.umd.js")
}

// TestLiveKitsClient has LiveKit's own client, in a browser with a microphone, show what
// both sides say and what the agent does.
func TestLiveKitsClient(t *testing.T) {
	chromium(t)
	script := livekitClient(t)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/livekit-client.js" {
			http.ServeFile(w, r, script)
			return
		}
		http.ServeFile(w, r, filepath.Join(livekitPage, "page.html"))
	}))
	t.Cleanup(shop.Close)
	a, _ := startInRooms(t)
	p := openPage(t, shop.URL, hearing(a.microphone(t, 7*time.Second, "Where is my order W one zero zero zero two?", time.Minute)))
	var ticket struct{ URL, Token string }
	post(t, a.url+"/v1/rooms/aisle/token", "", "{}", &ticket)
	p.do("joining the room", chromedp.Evaluate(fmt.Sprintf("void enter(%s, %s)", quoted(ticket.URL), quoted(ticket.Token)), nil))
	p.until("the agent's voice", `seen.published === "agent" && seen.heard > 0`)
	p.until("the shopper's words", `seen.captions.some(c => c.mine && c.final === "true" && /order/i.test(c.text) && c.segment && c.track)`)
	p.until("the agent's words", `seen.captions.some(c => !c.mine && /way/i.test(c.text) && c.segment && c.track)`)
	p.until("the agent's states", `["listening", "thinking", "speaking"].every(s => seen.states.includes(s))`)
	t.Log(ask[string](p, "JSON.stringify(seen)"))
}

// TestLiveKitsComponents has the hook for agents of LiveKit's components for React, as
// they come, show what the agent does and what both sides say.
func TestLiveKitsComponents(t *testing.T) {
	chromium(t)
	script := bundled(t, "LiveKit's components", livekitPage, filepath.Join(livekitPage, "assistant.jsx"))
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/assistant.js" {
			http.ServeFile(w, r, script)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>A shop</title><h1>A shop</h1><div id="room"></div><script src="/assistant.js"></script></html>`)
	}))
	t.Cleanup(shop.Close)
	a, _ := startInRooms(t)
	p := openPage(t, shop.URL, hearing(a.microphone(t, 7*time.Second, "Where is my order W one zero zero zero two?", time.Minute)))
	var ticket struct{ URL, Token string }
	post(t, a.url+"/v1/rooms/aisle/token", "", "{}", &ticket)
	p.do("joining the room", chromedp.Evaluate(fmt.Sprintf("enter(%s, %s)", quoted(ticket.URL), quoted(ticket.Token)), nil))
	p.until("the agent's track", `seen.track !== ''`)
	p.until("the shopper's words", `seen.mine.some((t) => /order/i.test(t.text) && t.streamInfo.attributes['lk.transcription_final'] === 'true')`)
	p.until("the agent's words in the hook for agents", `seen.said.some((s) => /way/i.test(s.text))`)
	p.until("the bars of its voice", `document.querySelectorAll('.lk-audio-bar').length === 7`)
	p.shot("livekit-components")
	p.until("their end", `seen.said.some((s) => /way/i.test(s.text) && s.final)`)
	p.until("the agent's words in that for all", `seen.theirs.some((t) => /way/i.test(t.text))`)
	p.until("the agent's states", `['listening', 'thinking', 'speaking'].every((s) => seen.states.includes(s))`)
	// Each sentence is there once, and both hooks know the same.
	p.until("the same in both", `(() => {
		const once = new Set(seen.said.map((s) => s.id));
		return once.size === seen.said.length && seen.said.every((s) => seen.theirs.some((t) => t.streamInfo.attributes['lk.segment_id'] === s.id && t.text === s.text));
	})()`)
	t.Log(ask[string](p, "JSON.stringify(seen)"))
}
