package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"parley/audio"
	"parley/models/modeltest"
)

// patience bounds the wait for one thing to appear on the page. The microphone's
// file takes some forty seconds, and begins anew when it has not led anywhere.
const patience = 100 * time.Second

// browserPage is a page in a real browser.
type browserPage struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string // what the browser put into its console as an error
}

// openPage opens a page in Chromium, the size of a phone. It skips the test where
// there is no Chromium.
func openPage(t *testing.T, url string, further ...chromedp.ExecAllocatorOption) *browserPage {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(390, 844),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"), chromedp.Flag("allow-loopback-in-peer-connection", true))
	ctx, endAllocator := chromedp.NewExecAllocator(t.Context(), append(options, further...)...)
	t.Cleanup(endAllocator)
	ctx, endBrowser := chromedp.NewContext(ctx)
	t.Cleanup(endBrowser)
	p := &browserPage{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, p.listen)
	if err := chromedp.Run(ctx); err != nil { // the browser lives as long as this context
		t.Fatalf("starting Chromium: %v", err)
	}
	p.do("opening the page", log.Enable(), chromedp.Navigate(url))
	return p
}

// hearing gives the browser a microphone that is a file, and the permission to use it.
func hearing(path string) chromedp.ExecAllocatorOption {
	return func(a *chromedp.ExecAllocator) {
		chromedp.Flag("use-fake-ui-for-media-stream", true)(a)
		chromedp.Flag("use-fake-device-for-media-stream", true)(a)
		chromedp.Flag("use-file-for-fake-audio-capture", path)(a)
	}
}

// chromium finds the browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv(modeltest.AllVariable) == "1" {
		t.Fatal("there is no Chromium on this machine; `.ci/test-tools` installs it")
	}
	t.Skip("there is no Chromium on this machine; `.ci/test-tools` installs it")
	return ""
}

// listen keeps what the browser complains of: exceptions, console errors, files
// that did not load, violations of the content security policy.
func (p *browserPage) listen(event any) {
	complaint := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complaint = e.ExceptionDetails.Error()
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			complaint = fmt.Sprintf("console.%s: %s", e.Type, consoleText(e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Source == log.SourceSecurity {
			complaint = fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	}
	if complaint != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.complaints = append(p.complaints, complaint)
	}
}

func consoleText(args []*runtime.RemoteObject) (text string) {
	for _, a := range args {
		text += string(a.Value) + a.Description + " "
	}
	return text
}

// quiet fails the test when the browser has complained.
func (p *browserPage) quiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.complaints {
		p.t.Errorf("the browser complained: %s", c)
	}
}

// do performs actions, within patience.
func (p *browserPage) do(what string, actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		p.t.Fatalf("%s: %v\n%s", what, err, p.transcript())
	}
}

// until waits for a condition in the page, a JavaScript expression.
func (p *browserPage) until(what, condition string) {
	p.t.Helper()
	begun := time.Now()
	err := chromedp.Run(p.ctx, chromedp.Poll(condition, nil, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		p.t.Fatalf("waiting for %s: %v\n%s", what, err, p.transcript())
	}
	p.t.Logf("%s after %.1f s", what, time.Since(begun).Seconds())
}

// untilText waits for an element of the page that holds words, in any case.
func (p *browserPage) untilText(what, selector, words string) {
	p.t.Helper()
	p.until(what, fmt.Sprintf(`[...document.querySelectorAll(%s)].some((e) => e.checkVisibility() && e.textContent.toLowerCase().includes(%s))`, quoted(selector), quoted(words)))
}

func quoted(s string) string {
	out, _ := json.Marshal(s) // a string always marshals
	return string(out)
}

// ask evaluates a JavaScript expression.
func ask[T any](p *browserPage, expression string) (answer T) {
	p.t.Helper()
	p.do("asking the page for "+expression, chromedp.Evaluate(expression, &answer))
	return answer
}

func (p *browserPage) click(selector string) {
	p.t.Helper()
	p.do("clicking "+selector, chromedp.Click(selector, chromedp.ByQuery))
}

// write types a message and sends it by the Enter key.
func (p *browserPage) write(text string) {
	p.t.Helper()
	p.do("typing", chromedp.SendKeys("#text", text+kb.Enter, chromedp.ByQuery))
}

// transcript is what the page shows, for a test that failed.
func (p *browserPage) transcript() string {
	var text string
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.Evaluate(`[document, document.querySelector("parley-agent")?.shadowRoot].map((d) => (d?.body ?? d?.getElementById("frame"))?.innerText).join("\n")`, &text)); err != nil {
		return fmt.Sprintf("(the page could not be read: %v)", err)
	}
	return "The page showed:\n" + text
}

// microphone is a WAV file that a browser takes for its microphone, made of what
// the embedded voice says and of silences.
func (a *shopAgent) microphone(t *testing.T, parts ...any) string {
	t.Helper()
	var pcm []int16
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			pcm = append(pcm, a.say(t, part)...)
		case time.Duration:
			pcm = append(pcm, make([]int16, audio.SpeakRate*int64(part)/int64(time.Second))...)
		default:
			t.Fatalf("a microphone hears words and silences, not %T", part)
		}
	}
	const bytesPerSample = 2
	size := uint32(bytesPerSample * len(pcm))
	wav := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, 36+size)...)
	wav = append(wav, "WAVEfmt "...)
	for _, field := range []any{
		uint32(16), uint16(1), uint16(1), uint32(audio.SpeakRate), uint32(bytesPerSample * audio.SpeakRate), uint16(bytesPerSample), uint16(8 * bytesPerSample),
	} {
		wav, _ = binary.Append(wav, binary.LittleEndian, field) // integers of a fixed size always append
	}
	wav = append(wav, "data"...)
	wav = binary.LittleEndian.AppendUint32(wav, size)
	wav, _ = binary.Append(wav, binary.LittleEndian, pcm)
	path := filepath.Join(t.TempDir(), "microphone.wav")
	if err := os.WriteFile(path, wav, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
