package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/internal/provider"
	"parley/llm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "sk-test-0123456789"

// serve runs a provider for one test.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func brain(t *testing.T, base string, change func(*Options)) *Brain {
	t.Helper()
	o := Options{BaseURL: base + "/v1", Model: "test-model", APIKey: key}
	if change != nil {
		change(&o)
	}
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// sse answers with an event stream.
func sse(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	io.WriteString(w, body)
	http.NewResponseController(w).Flush()
}

// say is a chunk with text, in the shape that OpenAI documents.
func say(text string) string {
	b, _ := json.Marshal(text)
	return `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":` + string(b) + `},"finish_reason":null}],"usage":null}` + "\n\n"
}

func end(reason string) string {
	return `data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}` + "\n\n"
}

const (
	role  = `data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n"
	usage = `data: {"id":"c","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":8}}}` + "\n\n"
	done  = "data: [DONE]\n\n"
)

// call is a chunk with a fragment of a tool call.
func call(fragment string) string {
	return `data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[` + fragment + `]},"finish_reason":null}]}` + "\n\n"
}

// result is all that an answer gave.
type result struct {
	text   string
	calls  []llm.ToolCall
	finish llm.Finish
	usage  *llm.Usage
	err    error
	deltas int
}

func generate(ctx context.Context, b *Brain, r llm.Request) (out result) {
	for d, err := range b.Generate(ctx, r) {
		if out.err != nil || out.finish != "" {
			panic("the sequence goes on after its end")
		}
		if err != nil {
			out.err = err
			continue
		}
		out.deltas++
		out.text += d.Text
		if d.ToolCall != nil {
			out.calls = append(out.calls, *d.ToolCall)
		}
		out.finish = d.Finish
		if d.Usage != nil {
			out.usage = d.Usage
		}
	}
	return out
}

func hello() llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "Where is my order?"}}}
}

func TestStreams(t *testing.T) {
	order := `{"order_id":"W10002"}`
	for name, tc := range map[string]struct {
		body string
		want result
		kind error
	}{
		"text":                      {role + say("Hello ") + say("there.") + end("stop") + usage + done, result{text: "Hello there.", finish: llm.FinishStop, usage: &llm.Usage{Input: 12, CachedInput: 8, Output: 3}}, nil},
		"keep-alive comments":       {strings.Repeat(": OPENROUTER PROCESSING\n\n", 400) + say("Hi.") + ": ping\n\n" + end("stop") + done, result{text: "Hi.", finish: llm.FinishStop}, nil},
		"no [DONE] after a reason":  {say("Hi.") + end("stop"), result{text: "Hi.", finish: llm.FinishStop}, nil},
		"no reason before [DONE]":   {say("Hi.") + done, result{text: "Hi.", finish: llm.FinishStop}, nil},
		"reason with the last text": {`data: {"choices":[{"index":0,"delta":{"content":"Hi."},"finish_reason":"stop"}]}` + "\n\n" + done, result{text: "Hi.", finish: llm.FinishStop}, nil},
		"length":                    {say("And so") + end("length") + done, result{text: "And so", finish: llm.FinishLength}, nil},
		"filtered":                  {say("I") + end("content_filter") + done, result{text: "I", finish: llm.FinishRefused}, nil},
		"refused in words":          {`data: {"choices":[{"index":0,"delta":{"refusal":"I can't."},"finish_reason":null}]}` + "\n\n" + end("stop") + done, result{text: "I can't.", finish: llm.FinishRefused}, nil},
		"thinking is not said":      {`data: {"choices":[{"index":0,"delta":{"reasoning_content":"Hmm"}}]}` + "\n\n" + say("Yes.") + end("stop") + done, result{text: "Yes.", finish: llm.FinishStop}, nil},
		"another choice":            {`data: {"choices":[{"index":1,"delta":{"content":"No."}}]}` + "\n\n" + say("Yes.") + end("stop") + done, result{text: "Yes.", finish: llm.FinishStop}, nil},
		"an error of null":          {`data: {"error":null,"choices":[{"index":0,"delta":{"content":"Hi."},"finish_reason":null}]}` + "\n\n" + end("stop") + done, result{text: "Hi.", finish: llm.FinishStop}, nil},
		"an empty answer":           {role + end("stop") + done, result{finish: llm.FinishStop}, nil},
		"a tool in fragments": {
			role + call(`{"index":0,"id":"a1","type":"function","function":{"name":"get_order","arguments":""}}`) +
				call(`{"index":0,"function":{"arguments":"{\"order_id\":"}}`) + call(`{"index":0,"function":{"arguments":"\"W10002\"}"}}`) + end("tool_calls") + usage + done,
			result{calls: []llm.ToolCall{{ID: "a1", Name: "get_order", Arguments: json.RawMessage(order)}}, finish: llm.FinishTools, usage: &llm.Usage{Input: 12, CachedInput: 8, Output: 3}}, nil},
		"two tools, mixed": {
			call(`{"index":0,"id":"a1","function":{"name":"x","arguments":"{"}}`) + call(`{"index":1,"id":"a2","function":{"name":"y","arguments":"{\"n\""}}`) +
				call(`{"index":0,"function":{"arguments":"}"}},{"index":1,"function":{"arguments":":1}"}}`) + end("tool_calls") + done,
			result{calls: []llm.ToolCall{{ID: "a1", Name: "x", Arguments: json.RawMessage("{}")}, {ID: "a2", Name: "y", Arguments: json.RawMessage(`{"n":1}`)}}, finish: llm.FinishTools}, nil},
		"tools under one index": {
			call(`{"index":0,"id":"a1","function":{"name":"x","arguments":"{}"}}`) + call(`{"index":0,"id":"a2","function":{"name":"y","arguments":"{}"}}`) + end("stop") + done,
			result{calls: []llm.ToolCall{{ID: "a1", Name: "x", Arguments: json.RawMessage("{}")}, {ID: "a2", Name: "y", Arguments: json.RawMessage("{}")}}, finish: llm.FinishTools}, nil},
		"tools without index": {
			call(`{"id":"a1","function":{"name":"x","arguments":"{"}}`) + call(`{"function":{"arguments":"}"}}`) + call(`{"id":"a2","function":{"name":"y"}}`) + end("tool_calls") + done,
			result{calls: []llm.ToolCall{{ID: "a1", Name: "x", Arguments: json.RawMessage("{}")}, {ID: "a2", Name: "y", Arguments: json.RawMessage("{}")}}, finish: llm.FinishTools}, nil},
		"malformed arguments": {
			call(`{"index":0,"id":"a1","function":{"name":"x","arguments":"{\"order"}}`) + end("tool_calls") + done,
			result{calls: []llm.ToolCall{{ID: "a1", Name: "x", Arguments: json.RawMessage(`{"order`)}}, finish: llm.FinishTools}, nil},
		"text before a tool": {
			say("One moment.") + call(`{"index":0,"id":"a1","function":{"name":"x","arguments":"{}"}}`) + end("tool_calls") + done,
			result{text: "One moment.", calls: []llm.ToolCall{{ID: "a1", Name: "x", Arguments: json.RawMessage(`{}`)}}, finish: llm.FinishTools}, nil},
		"a tool over length is not called": {
			call(`{"index":0,"id":"a1","function":{"name":"x","arguments":"{}"}}`) + end("length") + done,
			result{finish: llm.FinishLength}, nil},
		"cut after text":       {say("Your order is"), result{text: "Your order is"}, provider.Cut},
		"cut within a tool":    {call(`{"index":0,"id":"a1","function":{"name":"x","arguments":"{}"}}`), result{}, provider.Cut},
		"cut within a chunk":   {say("Your order") + `data: {"choices":[{"ind`, result{text: "Your order"}, provider.Cut},
		"an error after text":  {say("Your order") + `data: {"error":{"message":"the server is on fire","type":"server_error","code":500}}` + "\n\n", result{text: "Your order"}, provider.Failed},
		"an error event":       {say("Your order") + ": x\nevent: error\ndata: {\"error\":{\"type\":\"overloaded_error\"}}\n\n", result{text: "Your order"}, provider.Overloaded},
		"another shape":        {say("Your order") + `data: {"choices":"none"}` + "\n\n", result{text: "Your order"}, provider.Malformed},
		"text without end":     {strings.Repeat(say(strings.Repeat("la ", 2000)), 20), result{text: strings.Repeat("la ", 20000)}, provider.TooLarge},
		"[DONE] and no answer": {done, result{}, provider.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			b := brain(t, serve(t, func(w http.ResponseWriter, r *http.Request) { sse(w, tc.body) }).URL, nil)
			got := generate(t.Context(), b, hello())
			if tc.kind != nil && !errors.Is(got.err, tc.kind) || tc.kind == nil && got.err != nil {
				t.Fatalf("error %v, want %v", got.err, tc.kind)
			}
			if errors.Is(tc.kind, provider.TooLarge) {
				return // how much came before the bound does not matter
			}
			got.err, got.deltas = nil, 0
			if fmt.Sprintf("%+v", unpoint(got)) != fmt.Sprintf("%+v", unpoint(tc.want)) {
				t.Fatalf("got %+v, want %+v", unpoint(got), unpoint(tc.want))
			}
		})
	}
}

func unpoint(r result) any {
	var u llm.Usage
	if r.usage != nil {
		u = *r.usage
	}
	return []any{r.text, fmt.Sprintf("%q", r.calls), r.finish, r.usage != nil, u}
}

// TestSplits sends the same answer a byte at a time.
func TestSplits(t *testing.T) {
	body := role + say("Olá, ") + say("mundo ☂.") + call(`{"index":0,"id":"a1","function":{"name":"x","arguments":"{\"a\":"}}`) +
		call(`{"index":0,"function":{"arguments":"1}"}}`) + end("tool_calls") + usage + done
	b := brain(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		for i := range len(body) {
			sse(w, body[i:i+1])
		}
	}).URL, nil)
	got := generate(t.Context(), b, hello())
	if got.err != nil || got.text != "Olá, mundo ☂." || len(got.calls) != 1 || string(got.calls[0].Arguments) != `{"a":1}` || got.finish != llm.FinishTools || got.usage == nil {
		t.Fatalf("got %+v", got)
	}
}

func TestMissingIDsAreMadeUp(t *testing.T) {
	body := call(`{"index":0,"function":{"name":"x"}}`) + call(`{"index":1,"function":{"name":"y"}}`) + end("tool_calls") + done
	b := brain(t, serve(t, func(w http.ResponseWriter, r *http.Request) { sse(w, body) }).URL, nil)
	got := generate(t.Context(), b, hello())
	if len(got.calls) != 2 || got.calls[0].ID == "" || got.calls[1].ID == "" || got.calls[0].ID == got.calls[1].ID {
		t.Fatalf("got %+v", got.calls)
	}
}

func TestRetry(t *testing.T) {
	status := func(code int, header, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(header, value)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			io.WriteString(w, `{"error":{"message":"not now","type":"x"}}`)
		}
	}
	stream := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { sse(w, body) }
	}
	good := stream(say("Hi.") + end("stop") + done)
	hijack := func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	for name, tc := range map[string]struct {
		first http.HandlerFunc
		tries int32
		kind  error
	}{
		"429, soon":             {status(429, "Retry-After", "0.05"), 2, nil},
		"429, later":            {status(429, "Retry-After", "30"), 1, provider.Overloaded},
		"503":                   {status(503, "X", "y"), 2, nil},
		"a broken connection":   {hijack, 2, nil},
		"cut before the text":   {stream(role), 2, nil},
		"error before the text": {stream(role + `data: {"error":{"message":"x"}}` + "\n\n"), 2, nil},
		"400":                   {status(400, "X", "y"), 1, provider.Rejected},
		"401":                   {status(401, "X", "y"), 1, provider.Denied},
		"404":                   {status(404, "X", "y"), 1, provider.Rejected},
		"a redirect":            {status(307, "Location", "/elsewhere"), 1, provider.Rejected},
		"cut after the text":    {stream(say("Hel")), 1, provider.Cut},
		"a page": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<html>Sign in</html>")
		}, 1, provider.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int32
			b := brain(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
				if tries.Add(1) == 1 {
					tc.first(w, r)
					return
				}
				good(w, r)
			}).URL, nil)
			got := generate(t.Context(), b, hello())
			if tries.Load() != tc.tries {
				t.Errorf("%d tries, want %d", tries.Load(), tc.tries)
			}
			if tc.kind == nil && (got.err != nil || got.text != "Hi.") || tc.kind != nil && !errors.Is(got.err, tc.kind) {
				t.Errorf("got %+v, want %v", got, tc.kind)
			}
		})
	}
	t.Run("only once", func(t *testing.T) {
		var tries atomic.Int32
		b := brain(t, serve(t, func(w http.ResponseWriter, r *http.Request) { tries.Add(1); status(500, "X", "y")(w, r) }).URL, nil)
		got := generate(t.Context(), b, hello())
		if tries.Load() != 2 || !errors.Is(got.err, provider.Failed) {
			t.Errorf("%d tries, %v", tries.Load(), got.err)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		l.Close()
		got := generate(t.Context(), brain(t, "http://"+addr, nil), hello())
		if !errors.Is(got.err, provider.Unreachable) {
			t.Errorf("got %v", got.err)
		}
	})
}

// TestTooSlow lets a server hang before and after the first token.
func TestTooSlow(t *testing.T) {
	for name, tc := range map[string]struct {
		before string
		change func(*Options)
		want   string
	}{
		"no headers":     {"", func(o *Options) { o.FirstToken = 50 * time.Millisecond }, "no first token within 50ms"},
		"no first token": {role, func(o *Options) { o.FirstToken = 50 * time.Millisecond }, "no first token within 50ms"},
		"no next token":  {say("Hi"), func(o *Options) { o.Between = 50 * time.Millisecond }, "no next token within 50ms"},
		"no end":         {say("Hi"), func(o *Options) { o.Timeout = 50 * time.Millisecond }, "no end of the answer within 50ms"},
	} {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int32
			release := make(chan struct{})
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				tries.Add(1)
				if tc.before != "" {
					sse(w, tc.before)
				}
				<-release
			})
			t.Cleanup(func() { close(release) }) // before the server's own, which waits for the handlers
			got := generate(t.Context(), brain(t, s.URL, tc.change), hello())
			if !errors.Is(got.err, provider.Timeout) || !strings.Contains(got.err.Error(), tc.want) || tries.Load() != 1 {
				t.Errorf("got %v after %d tries", got.err, tries.Load())
			}
		})
	}
}

// drip is a transport whose stream gives out one part after each pause, and
// then nothing, so that time can be virtual.
type drip struct {
	pause time.Duration
	parts []string
}

func (d drip) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}},
		Body: &dripping{drip: d, ctx: r.Context()},
	}, nil
}

type dripping struct {
	drip
	ctx context.Context
}

func (d *dripping) Read(p []byte) (int, error) {
	if d.parts == nil {
		return 0, io.EOF
	}
	if len(d.parts) == 0 {
		<-d.ctx.Done()
		return 0, d.ctx.Err()
	}
	select {
	case <-time.After(d.pause):
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
	n := copy(p, d.parts[0])
	if d.parts[0] = d.parts[0][n:]; d.parts[0] == "" {
		if d.parts = d.parts[1:]; len(d.parts) == 0 && bytes.HasSuffix(p[:n], []byte(done)) {
			d.parts = nil // the server closes
		}
	}
	return n, nil
}

func (d *dripping) Close() error { return nil }

// TestClock checks each bound to the nanosecond, in virtual time.
func TestClock(t *testing.T) {
	endless := slices.Repeat([]string{say("la ")}, 1000)
	for name, tc := range map[string]struct {
		drip drip
		read time.Duration // what the reader takes for each delta
		took time.Duration
		want string // of the error, "" for a whole answer
	}{
		"no first token":       {drip{time.Second, []string{}}, 0, 6 * time.Second, "no first token within 6s"},
		"only a role":          {drip{time.Second, []string{role}}, 0, 6 * time.Second, "no first token within 6s"},
		"only keep-alive":      {drip{time.Second, slices.Repeat([]string{": ping\n\n"}, 100)}, 0, 6 * time.Second, "no first token within 6s"},
		"no next token":        {drip{time.Second, []string{say("Hi")}}, 0, 5 * time.Second, "no next token within 4s"},
		"no next, slow reader": {drip{time.Second, []string{say("Hi")}}, time.Minute, 65 * time.Second, "no next token within 4s"},
		"no end":               {drip{3 * time.Second, endless}, 0, 60 * time.Second, "no end of the answer within 1m0s"},
		"a slow reader":        {drip{time.Second, []string{say("a"), say("b"), end("stop") + usage + done}}, time.Minute, 3*time.Minute + 3*time.Second, ""},
		"no end of the stream": {drip{time.Second, []string{say("a"), end("stop")}}, 0, 2*time.Second + trailer, ""},
		"a slow usage":         {drip{trailer / 3, []string{say("a"), end("stop"), usage, done}}, 0, trailer / 3 * 4, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := brain(t, "http://provider.test", func(o *Options) { o.HTTPClient = &http.Client{Transport: tc.drip} })
				start := time.Now()
				var err error
				var finish llm.Finish
				for d, e := range b.Generate(t.Context(), hello()) {
					if err, finish = e, d.Finish; err == nil {
						<-time.After(tc.read) // virtual
					}
				}
				took := time.Since(start)
				if took != tc.took || tc.want == "" && (err != nil || finish != llm.FinishStop) || tc.want != "" && (!errors.Is(err, provider.Timeout) || !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("%q and %v after %v, want %q after %v", finish, err, took, tc.want, tc.took)
				}
			})
		})
	}
}

// TestCancel ends the context in each phase; the answer must end with its cause.
func TestCancel(t *testing.T) {
	cause := errors.New("the caller spoke")
	for name, before := range map[string]string{"before the headers": "", "before the text": role, "within the text": say("Hi"), "at the end": say("Hi") + end("stop")} {
		t.Run(name, func(t *testing.T) {
			release, arrived, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if before != "" {
					sse(w, before)
				}
				io.Copy(io.Discard, r.Body)
				close(arrived)
				select {
				case <-r.Context().Done():
					close(left)
				case <-release:
				}
			})
			t.Cleanup(func() { close(release) })
			b := brain(t, s.URL, nil)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			go func() { <-arrived; cancel(cause) }()
			got := generate(ctx, b, hello())
			if !errors.Is(got.err, cause) {
				t.Errorf("got %v, want the cause", got.err)
			}
			<-left // the server saw it too
		})
	}
	t.Run("before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if got := generate(ctx, brain(t, "http://127.0.0.1:1", nil), hello()); !errors.Is(got.err, cause) {
			t.Errorf("got %v", got.err)
		}
	})
	t.Run("while waiting to try again", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(503)
			cancel(cause)
		})
		start := time.Now()
		if got := generate(ctx, brain(t, s.URL, nil), hello()); !errors.Is(got.err, cause) {
			t.Errorf("got %v", got.err)
		}
		if took := time.Since(start); took > 900*time.Millisecond {
			t.Errorf("it waited for %v", took)
		}
	})
}

// TestStopEarly breaks out of the sequence; the server must see it.
func TestStopEarly(t *testing.T) {
	left := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sse(w, say("Hi "))
		<-r.Context().Done()
		close(left)
	})
	for range brain(t, s.URL, nil).Generate(t.Context(), hello()) {
		break
	}
	<-left
}

func TestConnectionIsUsedAgain(t *testing.T) {
	var mu sync.Mutex
	conns := map[string]bool{}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		conns[r.RemoteAddr] = true
		mu.Unlock()
		if r.Method == http.MethodHead {
			if r.URL.Path != "/v1/models" || r.Header.Get("Authorization") != "Bearer "+key {
				t.Errorf("warmed with %s, %q", r.URL, r.Header.Get("Authorization"))
			}
			return
		}
		sse(w, say("Hi.")+end("stop")+usage+done)
	})
	b := brain(t, s.URL, nil)
	if err := b.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if got := generate(t.Context(), b, hello()); got.err != nil {
			t.Fatal(got.err)
		}
	}
	if len(conns) != 1 {
		t.Errorf("%d connections for 6 requests", len(conns))
	}
}

func TestWarmSaysWhatIsWrong(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(401) })
	if err := brain(t, s.URL, nil).Warm(t.Context()); !errors.Is(err, provider.Denied) {
		t.Errorf("got %v", err)
	}
	s = serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) })
	if err := brain(t, s.URL, nil).Warm(t.Context()); err != nil {
		t.Errorf("a server without a list of models: %v", err)
	}
}

// TestKeyStaysSecret has the provider repeat the key in every way it can.
func TestKeyStaysSecret(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for name, h := range map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(401)
			io.WriteString(w, `{"error":{"message":"bad key `+key+`"}}`)
		},
		"a page": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, key)
		},
		"a failure":  func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); io.WriteString(w, key) },
		"an event":   func(w http.ResponseWriter, r *http.Request) { sse(w, `data: {"error":{"message":"`+key+`"}}`+"\n\n") },
		"an address": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/"+key, http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			got := generate(t.Context(), brain(t, serve(t, h).URL, func(o *Options) { o.Log = logger }), hello())
			if got.err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", got.err, got.err, got.err), key) {
				t.Errorf("got %v", got.err)
			}
		})
	}
	if strings.Contains(log.String(), key) {
		t.Errorf("the log holds the key: %s", &log)
	}
	for _, base := range []string{"http://u:" + key + "@h/v1", "http://h/v1?key=" + key, "://" + key, "ftp://h/" + key, ""} {
		if _, err := New(Options{BaseURL: base, Model: "m"}); err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", base, err)
		}
	}
}
