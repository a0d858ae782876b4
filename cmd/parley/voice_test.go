package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/asr"
	"parley/caller"
	"parley/config"
	"parley/models"
	"parley/models/modeltest"
	"parley/shop"
	"parley/tools"
	"parley/tts"
)

// shopAgent is a running agent with its real, embedded engines.
type shopAgent struct {
	url     string
	engines *engines
}

// openAgent opens the real, embedded engines for an agent on a free port.
func openAgent(t *testing.T, change func(*config.Config)) (*config.Config, *engines, *slog.Logger) {
	t.Helper()
	for _, name := range []string{"opus/simd.wasm", "silero/silero_vad_16k_op15.onnx", "moonshine-tiny-en", "piper-en-us-joe", "espeak/espeak-ng-data", "smart-turn"} {
		modeltest.Path(t, name)
	}
	cfg := config.Default()
	cfg.Server.Addr = "127.0.0.1:0"
	cfg.Shop.Data = t.TempDir()
	// What tests say is heard by the recogniser, which mishears a few in a hundred of
	// the ways in which a lively voice says a number.
	cfg.TTS.Steadiness = 1
	change(cfg)
	log := slog.New(slog.NewTextHandler(testLog{t}, nil))
	e, err := openEngines(context.Background(), cfg, models.Dir(), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.close(); err != nil {
			t.Errorf("closing the engines: %v", err)
		}
	})
	return cfg, e, log
}

// startAgent starts the agent as parley run does, on a free port.
func startAgent(t *testing.T, change func(*config.Config)) *shopAgent {
	t.Helper()
	cfg, e, log := openAgent(t, change)
	return serveAgent(t, cfg, e, log)
}

// serveAgent is startAgent with engines that are open.
func serveAgent(t *testing.T, cfg *config.Config, e *engines, log *slog.Logger) *shopAgent {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	at := make(chan string, 1)
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, cfg, e, log, func(url, _ string) { at <- url }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	select {
	case url := <-at:
		if err := e.opus.Ready(ctx); err != nil {
			t.Fatal(err)
		}
		return &shopAgent{url, e}
	case err := <-ended:
		t.Fatalf("the server did not start: %v", err)
		return nil
	}
}

// testLog writes a program's log where the test's is.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// speech has the embedded voice say a question, for a caller to ask.
func (a *shopAgent) speech(t *testing.T, text string) *caller.Speech {
	t.Helper()
	s, err := caller.NewSpeech(text, a.say(t, text), a.engines.opus.Codec())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (a *shopAgent) say(t *testing.T, text string) []int16 {
	t.Helper()
	var pcm []int16
	for piece, err := range a.engines.voice.Speak(t.Context(), tts.Request{Text: text, Language: "en"}) {
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, piece...)
	}
	return pcm
}

// listener keeps what a caller hears.
type listener struct {
	mu  sync.Mutex
	pcm []int16
}

func (l *listener) record(pcm []int16) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pcm = append(l.pcm, pcm...)
}

// understand recognises what a caller heard, in lower case.
func (a *shopAgent) understand(t *testing.T, l *listener) string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	got, err := a.engines.asr.Transcribe(t.Context(), asr.Utterance{PCM: l.pcm, Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	return strings.ToLower(got.Text)
}

// ask calls the agent with questions and returns the report and what was heard.
func (a *shopAgent) ask(t *testing.T, o caller.Options, questions ...string) (*caller.Report, string) {
	t.Helper()
	var heard listener
	o.URL, o.Shape, o.Codec, o.Record = a.url+"/v1/realtime/calls", caller.Shape("raw"), a.engines.opus.Codec(), heard.record
	for _, q := range questions {
		o.Speeches = append(o.Speeches, a.speech(t, q))
	}
	if o.Sessions == 0 {
		o.Sessions = 1
	}
	o.Greeting, o.Gap, o.Timeout = caller.DefaultGreeting, caller.DefaultGap, caller.DefaultTimeout
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	report, err := caller.Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return report, a.understand(t, &heard)
}

// holdsAll says whether a text holds all words, wherever they stand.
func holdsAll(text string, words ...string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func TestASpokenQuestionGetsTheRightSpokenAnswer(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	report, heard := a.ask(t, caller.Options{Turns: 2}, "Where is my order W one zero zero zero two?", "Where is my order W one zero zero zero four?")
	t.Logf("heard: %s", heard)
	if report.Turns.Answered != 2 {
		t.Errorf("%d of 2 questions were answered", report.Turns.Answered)
	}
	if !holdsAll(heard, "way to you", "cancel") && !holdsAll(heard, "on its way", "cancel") {
		t.Errorf("the caller should have heard that W10002 is on its way and that W10004 was cancelled, not %q", heard)
	}
}

func TestAReturnByVoice(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	report, heard := a.ask(t, caller.Options{Turns: 2}, "I want to return the headphones.", "Yes, please.")
	t.Logf("heard: %s", heard)
	if report.Turns.Answered != 2 || !holdsAll(heard, "return", "headphones") {
		t.Errorf("answered %d, heard %q", report.Turns.Answered, heard)
	}
	order, err := a.engines.store.Order(t.Context(), tools.Caller{CustomerID: shop.DemoCustomer, Verified: true}, "W10003")
	if err != nil {
		t.Fatal(err)
	}
	if order.Status != "return requested" {
		t.Errorf("the order is %q; the caller asked for a return and said yes", order.Status)
	}
}

func TestSpeakingOverItSilencesIt(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	report, heard := a.ask(t, caller.Options{Turns: 4, BargeIn: 1200 * time.Millisecond},
		"What can you do?", "Wait, where is my order W one zero zero zero two?")
	t.Logf("heard: %s\ntime to silence %+v", heard, report.TimeToSilence)
	if report.BargeIns.Silenced == 0 || report.BargeIns.Missed > 0 {
		t.Errorf("barge-ins: %+v", report.BargeIns)
	}
	if report.Turns.Missed > 0 || !strings.Contains(heard, "way") {
		t.Errorf("the questions should be answered after the interruption: %+v, heard %q", report.Turns, heard)
	}
	body := get(t, a.url+"/metrics")
	for _, want := range []string{`parley_turns_total{cause="barge_in"}`, "parley_time_to_silence_seconds_count", "parley_conversations_total 1"} {
		if !strings.Contains(body, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

func TestACallByG711(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	var heard listener
	codec := a.engines.codecs()[1]
	question, err := caller.NewSpeech("question", a.say(t, "What can you do?"), codec)
	if err != nil {
		t.Fatal(err)
	}
	report, err := caller.Run(t.Context(), caller.Options{
		URL: a.url + "/v1/realtime/calls", Shape: caller.Shape("json"), Codec: codec, Speeches: []*caller.Speech{question}, Turns: 1, Sessions: 1,
		Greeting: caller.DefaultGreeting, Gap: caller.DefaultGap, Timeout: caller.DefaultTimeout, Record: heard.record,
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := a.understand(t, &heard); report.Turns.Answered != 1 || !holdsAll(text, "start a return") && !strings.Contains(text, "order") {
		t.Errorf("answered %d, heard %q", report.Turns.Answered, text)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	return string(fetch(t, url).body)
}

// fetched is an answer and its body.
type fetched struct {
	*http.Response
	body []byte
}

func fetch(t *testing.T, url string) fetched {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fetched{response, body}
}
