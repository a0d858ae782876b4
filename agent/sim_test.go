package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/asr"
	"parley/audio"
	"parley/llm"
	"parley/tools"
	"parley/tts"
	"parley/vad"
)

// The simulated world of these tests: a caller whose sound carries its words in
// its level, engines that read and write such sound, and a room that ticks every
// 20 ms. In a synctest bubble a whole conversation takes no time.

// level is the amplitude that stands for the i-th thing the caller says.
func level(i int) int16 { return int16(2000 + 100*i) }

// loudness finds speech by level: anything over 1,500.
type loudness struct{ peeks int }

func (l *loudness) Probability(window []float32) float32 {
	loud := 0
	for _, s := range window {
		if s > 1500.0/32768 || s < -1500.0/32768 {
			loud++
		}
	}
	if loud*3 >= len(window) {
		return 0.95
	}
	return 0.02
}
func (l *loudness) Peek(window []float32) float32 { l.peeks++; return l.Probability(window) }
func (l *loudness) Reset()                        {}

var _ vad.Detector = (*loudness)(nil)

// lines recognises the levels.
type lines struct {
	mu       sync.Mutex
	text     []string
	delay    time.Duration
	partials bool
	fail     error
	hang     bool
	calls    int
}

func (l *lines) say(text string) int16 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, text)
	return level(len(l.text) - 1)
}

func (l *lines) Transcribe(ctx context.Context, u asr.Utterance) (asr.Transcript, error) {
	l.mu.Lock()
	delay, partials, fail, hang := l.delay, l.partials, l.fail, l.hang
	if !u.Partial {
		l.calls++
	}
	l.mu.Unlock()
	if u.Partial && !partials {
		return asr.Transcript{}, asr.ErrNoPartials
	}
	if hang {
		<-ctx.Done()
		return asr.Transcript{}, context.Cause(ctx)
	}
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return asr.Transcript{}, context.Cause(ctx)
	}
	if fail != nil {
		return asr.Transcript{}, fail
	}
	var said []string
	last := int16(0)
	for _, s := range u.PCM {
		if s < 0 {
			s = -s
		}
		if s != last && s >= level(0) {
			l.mu.Lock()
			if i := int(s-level(0)) / 100; i < len(l.text) {
				said = append(said, l.text[i])
			}
			l.mu.Unlock()
		}
		if s >= level(0) {
			last = s
		}
	}
	return asr.Transcript{Text: strings.Join(said, " ")}, nil
}

// brain answers by a function of the request.
type brain struct {
	mu     sync.Mutex
	delay  time.Duration
	answer func(r llm.Request) []llm.Delta
	seen   []llm.Request
	fail   error
	hang   bool
}

func (b *brain) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		b.mu.Lock()
		b.seen = append(b.seen, r)
		delay, answer, fail, hang := b.delay, b.answer, b.fail, b.hang
		b.mu.Unlock()
		if hang {
			<-ctx.Done()
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			yield(llm.Delta{}, context.Cause(ctx))
			return
		}
		if fail != nil {
			yield(llm.Delta{}, fail)
			return
		}
		for _, d := range answer(r) {
			if !yield(d, nil) {
				return
			}
		}
	}
}

func (b *brain) requests() []llm.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]llm.Request(nil), b.seen...)
}

// says is an answer in words.
func says(text string) []llm.Delta {
	var out []llm.Delta
	for _, w := range strings.SplitAfter(text, " ") {
		out = append(out, llm.Delta{Text: w})
	}
	return append(out, llm.Delta{Finish: llm.FinishStop})
}

// calls is an answer that calls a tool.
func calls(id, name, arguments string) []llm.Delta {
	return []llm.Delta{
		{ToolCall: &llm.ToolCall{ID: id, Name: name, Arguments: json.RawMessage(arguments)}},
		{Finish: llm.FinishTools},
	}
}

// lastUser is the newest thing the caller said.
func lastUser(r llm.Request) string {
	for i := len(r.Messages) - 1; i >= 0; i-- {
		if r.Messages[i].Role == llm.User {
			return r.Messages[i].Text
		}
	}
	return ""
}

// toolResult is the newest message if it answers a call.
func toolResult(r llm.Request) (string, bool) {
	if m := r.Messages[len(r.Messages)-1]; m.Role == llm.ToolRole {
		return m.Text, true
	}
	return "", false
}

// wordTime is how long the voice takes for one word.
const wordTime = 300 * time.Millisecond

// voice speaks each word as wordTime of a steady level.
type voice struct {
	mu    sync.Mutex
	delay time.Duration
	fail  error
	hang  bool
	said  []string
}

func (v *voice) Speak(ctx context.Context, r tts.Request) iter.Seq2[[]int16, error] {
	return func(yield func([]int16, error) bool) {
		v.mu.Lock()
		v.said = append(v.said, r.Text)
		delay, fail, hang := v.delay, v.fail, v.hang
		v.mu.Unlock()
		if hang {
			<-ctx.Done()
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			yield(nil, context.Cause(ctx))
			return
		}
		if fail != nil {
			yield(nil, fail)
			return
		}
		for range strings.FieldsSeq(r.Text) {
			pcm := make([]int16, int(wordTime*audio.SpeakRate/time.Second))
			for i := range pcm {
				pcm[i] = 9000
				if i%2 == 1 {
					pcm[i] = -9000
				}
			}
			if !yield(pcm, nil) {
				return
			}
		}
	}
}

// bench is a set of tools made of functions.
type bench struct {
	mu   sync.Mutex
	defs []tools.Definition
	runs map[string]func(context.Context, tools.Call) (string, error)
	log  []tools.Call
}

func (b *bench) add(def tools.Definition, run func(context.Context, tools.Call) (string, error)) {
	if b.runs == nil {
		b.runs = map[string]func(context.Context, tools.Call) (string, error){}
	}
	b.defs = append(b.defs, def)
	b.runs[def.Name] = run
}

func (b *bench) Check(tools.Call) error                      { return nil }
func (b *bench) Definitions(tools.Caller) []tools.Definition { return b.defs }

func (b *bench) Run(ctx context.Context, call tools.Call) (tools.Result, error) {
	b.mu.Lock()
	b.log = append(b.log, call)
	run := b.runs[call.Name]
	b.mu.Unlock()
	if run == nil {
		return tools.Result{}, &tools.Error{Code: "not_found", Message: "There is no such tool."}
	}
	out, err := run(ctx, call)
	return tools.Result{JSON: json.RawMessage(out)}, err
}

func (b *bench) ran(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, c := range b.log {
		if c.Name == name {
			n++
		}
	}
	return n
}

// phrases is a phrasebook of a few words.
type phrases struct{}

func (phrases) System(string, tools.Caller, bool) (string, error) { return "You are a test.", nil }
func (phrases) Phrase(_, key string, _ tools.Caller) (string, error) {
	switch key {
	case PhraseGreeting:
		return "Hello there caller.", nil
	case PhraseApology:
		return "Sorry about that.", nil
	case PhraseRefused:
		return "I can't do that.", nil
	case PhraseIdle:
		return "Are you there?", nil
	case PhraseResumed:
		return "We were cut off.", nil
	case PhraseAside:
		return "Over to my colleague.", nil
	case PhraseBack:
		return "Here I am again.", nil
	}
	return "", fmt.Errorf("no phrase %q", key)
}
func bare(text string) string { return strings.Trim(strings.ToLower(text), " .!?,") }
func (phrases) Backchannel(_, text string) bool {
	return map[string]bool{"mm-hm": true, "ok": true, "yeah": true}[bare(text)]
}
func (phrases) Interruption(_, text string) bool {
	first, _, _ := strings.Cut(bare(text), " ")
	return map[string]bool{"stop": true, "wait": true, "what": true, "no": true, "yes": true}[strings.Trim(first, ",")]
}
func (phrases) Affirmation(_, text string) bool {
	return map[string]bool{"yes": true, "ok": true, "yeah": true, "yes please": true}[bare(text)]
}
func (phrases) Negation(_, text string) bool {
	return map[string]bool{"no": true, "no thanks": true}[bare(text)]
}
func (phrases) Recall(_, text string) bool    { return strings.Contains(bare(text), "take over") }
func (phrases) Dictation(_, text string) bool { return strings.Contains(text, "order number") }

// world is a conversation with a room and a caller.
type world struct {
	t     *testing.T
	conv  *Conversation
	lines *lines
	brain *brain
	voice *voice
	bench *bench

	cancel context.CancelCauseFunc
	over   chan struct{}
	pace   *time.Ticker // virtual, as all time here

	mu      sync.Mutex
	events  []Envelope
	script  []int16 // what the caller's microphone gives, at 16 kHz
	audible []bool  // by tick: could the agent be heard
	ticks   int
}

func defaults(*Options) {}

// newWorld starts a conversation in the bubble of the test that calls it.
func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{
		t: t, lines: &lines{delay: 60 * time.Millisecond}, brain: &brain{delay: 50 * time.Millisecond},
		voice: &voice{delay: 40 * time.Millisecond}, bench: &bench{}, over: make(chan struct{}), pace: time.NewTicker(audio.Tick),
	}
	w.brain.answer = func(r llm.Request) []llm.Delta { return says("You said " + lastUser(r)) }
	opts := Options{
		ID: "c1", Caller: tools.Caller{CustomerID: "demo", Verified: true}, Language: "en",
		Engines: Engines{Detector: &loudness{}, Recognizer: w.lines, Brain: w.brain, Voice: w.voice, Tools: w.bench},
		Phrases: phrases{}, Tuning: DefaultTuning(),
	}
	change(&opts)
	conv, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	w.conv = conv
	ctx, cancel := context.WithCancelCause(context.Background())
	w.cancel = cancel
	events := conv.Subscribe(4096, true)
	go func() {
		for e := range events.Events() {
			w.mu.Lock()
			w.events = append(w.events, e)
			w.mu.Unlock()
		}
	}()
	go func() { defer close(w.over); _ = conv.Run(ctx) }()
	if opts.Engines.Detector != nil {
		if err := conv.Attach(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// pass lets the room tick for d.
func (w *world) pass(d time.Duration) {
	for range int(d / audio.Tick) {
		<-w.pace.C
		w.tick()
		synctest.Wait()
	}
}

func (w *world) tick() {
	in := make([]int16, audio.HearTick)
	w.mu.Lock()
	n := copy(in, w.script)
	w.script = w.script[n:]
	at := int64(w.ticks) * audio.HearTick
	w.ticks++
	w.mu.Unlock()
	w.conv.Hear(in, at)
	w.conv.Record(in, at)
	out := make([]int16, audio.SpeakTick)
	sounding := false
	if w.conv.Next(out) {
		for _, s := range out {
			if s > 300 || s < -300 {
				sounding = true
			}
		}
	}
	w.mu.Lock()
	w.audible = append(w.audible, sounding)
	w.mu.Unlock()
}

// speak has the caller say text for d, beginning with the next tick.
func (w *world) speak(text string, d time.Duration) {
	l := w.lines.say(text)
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range int(d * audio.HearRate / time.Second) {
		s := l
		if i%2 == 1 {
			s = -l
		}
		w.script = append(w.script, s)
	}
}

// quiet has the caller say nothing for d.
func (w *world) quiet(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.script = append(w.script, make([]int16, int(d*audio.HearRate/time.Second))...)
}

// sounds says whether the agent was heard in the last tick.
func (w *world) sounds() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.audible) > 0 && w.audible[len(w.audible)-1]
}

// until lets time pass until ok, or fails after limit.
func (w *world) until(what string, limit time.Duration, ok func() bool) time.Duration {
	w.t.Helper()
	began := time.Now()
	for time.Since(began) < limit {
		if ok() {
			return time.Since(began)
		}
		w.pass(audio.Tick)
	}
	w.t.Fatalf("%s did not come within %v; events:\n%s", what, limit, w.story())
	return 0
}

// heard says whether an event of this kind, with all these pieces in its JSON, came.
func (w *world) count(kind string, pieces ...string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, e := range w.events {
		if e.Event.Kind() != kind {
			continue
		}
		raw, _ := json.Marshal(e)
		all := true
		for _, p := range pieces {
			all = all && strings.Contains(string(raw), p)
		}
		if all {
			n++
		}
	}
	return n
}

func (w *world) has(kind string, pieces ...string) func() bool {
	return func() bool { return w.count(kind, pieces...) > 0 }
}

func (w *world) story() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, e := range w.events {
		raw, _ := json.Marshal(e)
		fmt.Fprintln(&b, string(raw))
	}
	return b.String()
}

// end hangs up and waits for the conversation to be over.
func (w *world) end() {
	w.cancel(ErrLeft)
	<-w.over
}

var errBroken = errors.New("the engine is broken")
