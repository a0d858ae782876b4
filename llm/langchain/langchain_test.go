package langchain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/internal/cancelled"
	"parley/internal/provider"
	"parley/llm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "sk-ant-test-0123456789"

// outcome is all that an answer gave, in the shape of the recordings' .json.
type outcome struct {
	Text   string      `json:"text"`
	Calls  [][2]string `json:"calls"`
	Finish llm.Finish  `json:"finish"`
	Usage  *llm.Usage  `json:"usage"`
	Error  string      `json:"error"`
	err    error
}

func generate(ctx context.Context, b *Brain, r llm.Request) (out outcome) {
	for d, err := range b.Generate(ctx, r) {
		if err != nil {
			out.err, out.Error = err, err.Error()
			continue
		}
		out.Text += d.Text
		if c := d.ToolCall; c != nil {
			out.Calls = append(out.Calls, [2]string{c.Name, string(c.Arguments)})
		}
		out.Finish, out.Usage = d.Finish, d.Usage
	}
	return out
}

func open(t testing.TB, address string, change func(*Options)) *Brain {
	t.Helper()
	o := Options{BaseURL: address, Model: "claude-sonnet-4-5", APIKey: key}
	if change != nil {
		change(&o)
	}
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hello() llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "Where is it?"}}, Tools: []llm.Tool{{Name: "get_order_details", Description: "An order."}}}
}

// cut is a transport whose answer arrives in the given pieces.
type cut [][]byte

func (c cut) RoundTrip(r *http.Request) (*http.Response, error) {
	pieces := make([]io.Reader, len(c))
	for i, p := range c {
		pieces[i] = bytes.NewReader(p)
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: io.NopCloser(io.MultiReader(pieces...)), Request: r}, nil
}

// replay answers from pieces, in virtual time.
func replay(t *testing.T, pieces cut) (out outcome) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "http://provider.test", func(o *Options) { o.HTTPClient = &http.Client{Transport: pieces} })
		out = generate(t.Context(), b, hello())
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	})
	return out
}

// TestRecordings replays streams, written by hand from Anthropic's documentation, in
// every split, byte by byte over a connection, and cut short at every byte.
func TestRecordings(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sse")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".sse"), func(t *testing.T) {
			body, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(strings.TrimSuffix(f, ".sse") + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var want outcome
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			check := func(how string, got outcome) {
				t.Helper()
				if want.Error == "" && got.err != nil || !strings.Contains(got.Error, want.Error) {
					t.Fatalf("%s: %v, want %q", how, got.err, want.Error)
				}
				got.err, got.Error = nil, want.Error
				a, _ := json.Marshal(want)
				b, _ := json.Marshal(got)
				if !bytes.Equal(a, b) {
					t.Fatalf("%s: got %s, want %s", how, b, a)
				}
			}
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				for i := range body {
					_, _ = w.Write(body[i : i+1])
					_ = http.NewResponseController(w).Flush()
				}
			}))
			defer s.Close()
			b := open(t, s.URL, nil)
			defer b.Close()
			check("byte by byte", generate(t.Context(), b, hello()))
			for i := range len(body) + 1 {
				check(fmt.Sprintf("split at %d", i), replay(t, cut{body[:i], body[i:]}))
			}
			for i := range len(body) {
				got := replay(t, cut{body[:i]})
				switch {
				case got.err == nil && (got.Text != want.Text || got.Finish != want.Finish || len(got.Calls) != len(want.Calls)):
					t.Fatalf("cut at %d of %d: a clean end with %+v", i, len(body), got)
				case !strings.HasPrefix(want.Text, got.Text) || got.err != nil && len(got.Calls) > 0:
					t.Fatalf("cut at %d: %+v", i, got)
				}
			}
		})
	}
}

// TestOddStreams has streams that would stop the library for good, or the program.
func TestOddStreams(t *testing.T) {
	start := "data: {\"type\":\"message_start\",\"message\":{}}\n\n"
	stop := "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n"
	textAt := func(i int, text string) string {
		return fmt.Sprintf("data: {\"type\":\"content_block_start\",\"index\":%d,\"content_block\":{\"type\":\"text\"}}\n\ndata: {\"type\":\"content_block_delta\",\"index\":%d,\"delta\":{\"type\":\"text_delta\",\"text\":\"%s\"}}\n\n", i, i, text)
	}
	for name, c := range map[string]struct {
		body, text string
		kind       error
	}{
		"an index below zero":      {start + textAt(-1, "Hi.") + stop, "Hi.", nil},
		"an index far out":         {start + textAt(1<<30, "Hi.") + stop, "Hi.", nil},
		"a block twice":            {start + textAt(0, "Hi.") + textAt(0, "Ho.") + stop, "Hi.", provider.Malformed},
		"a delta without a block":  {start + "data: {\"type\":\"content_block_delta\",\"index\":3,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n" + textAt(0, "Hi.") + stop, "Hi.", nil},
		"a block before the start": {textAt(0, "Ho.") + start + textAt(0, "Hi.") + stop, "Hi.", nil},
		"pings by the thousand":    {start + strings.Repeat("event: ping\ndata: {\"type\": \"ping\"}\n\n", 5000) + textAt(0, "Hi.") + stop, "Hi.", nil},
		"comments by the thousand": {start + strings.Repeat(": keep-alive\n\n", 5000) + textAt(0, "Hi.") + stop, "Hi.", nil},
		"a long text in one event": {start + textAt(0, strings.Repeat("é", 20<<10)) + stop, strings.Repeat("é", 20<<10), nil},
		"a line of a megabyte":     {start + textAt(0, strings.Repeat("x", 1<<20)) + stop, "", provider.TooLarge},
		"text without end":         {start + strings.Repeat(strings.Replace(textAt(0, strings.Repeat("x", 1000)), "content_block_start", "x", 1), 2) + textAt(1, "") + strings.Repeat(textOf(1, strings.Repeat("y", 1000)), 100), "", provider.TooLarge},
		"blocks without end":       {start + manyBlocks(100) + stop, "", provider.Malformed},
		"what is no JSON":          {start + "data: hello\n\n", "", provider.Malformed},
		"an odd shape":             {start + "data: {\"type\":1}\n\n", "", provider.Malformed},
		"nothing":                  {"", "", provider.Cut},
	} {
		t.Run(name, func(t *testing.T) {
			got := replay(t, cut{[]byte(c.body)})
			if c.kind == nil && (got.err != nil || got.Text != c.text) || c.kind != nil && !errors.Is(got.err, c.kind) {
				t.Errorf("said %.60q, failed with %v; want %.60q and %v", got.Text, got.err, c.text, c.kind)
			}
		})
	}
}

func textOf(i int, text string) string {
	return fmt.Sprintf("data: {\"type\":\"content_block_delta\",\"index\":%d,\"delta\":{\"type\":\"text_delta\",\"text\":\"%s\"}}\n\n", i, text)
}

func manyBlocks(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "data: {\"type\":\"content_block_start\",\"index\":%d,\"content_block\":{\"type\":\"text\"}}\n\n", i)
	}
	return b.String()
}

func TestStatuses(t *testing.T) {
	for name, c := range map[string]struct {
		status      int
		body, after string
		tries       int32
		kind        error
	}{
		"rate limited, later": {429, `{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}`, "30", 1, provider.Overloaded},
		"rate limited, soon":  {429, `{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}`, "0.01", 2, provider.Overloaded},
		"overloaded":          {529, `{"type":"error","error":{"type":"overloaded_error","message":"busy"}}`, "", 2, provider.Failed},
		"a bad key":           {401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key ` + key + `"}}`, "", 1, provider.Denied},
		"too long":            {400, `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 209464 tokens > 200000 maximum"}}`, "", 1, provider.TooLong},
		"not liked":           {400, `{"type":"error","error":{"type":"invalid_request_error","message":"messages: roles"}}`, "", 1, provider.Rejected},
		"a page":              {200, "<html>", "", 1, provider.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int32
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tries.Add(1)
				if r.Header.Get("X-Api-Key") != key {
					t.Error("no key")
				}
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Retry-After", c.after)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer s.Close()
			b := open(t, s.URL, nil)
			defer b.Close()
			got := generate(t.Context(), b, hello())
			if !errors.Is(got.err, c.kind) || tries.Load() != c.tries || strings.Contains(got.Error, key) {
				t.Errorf("%v after %d tries", got.err, tries.Load())
			}
			if err := b.Warm(t.Context()); (c.status == 401) != errors.Is(err, provider.Denied) {
				t.Errorf("warming: %v", err)
			}
		})
	}
}

// TestTooSlow has a server that hangs; time is virtual.
func TestTooSlow(t *testing.T) {
	for name, c := range map[string]struct {
		sent string
		want string
		took time.Duration
	}{
		"before the headers": {"", "no first token within 6s", 6 * time.Second},
		"before the text":    {"data: {\"type\":\"message_start\",\"message\":{}}\n\n", "no first token within 6s", 6 * time.Second},
		"in the text":        {"data: {\"type\":\"message_start\",\"message\":{}}\n\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"Hi\"}}\n\n", "no next token within 4s", 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := open(t, "http://provider.test", func(o *Options) { o.HTTPClient = &http.Client{Transport: hanging(c.sent)} })
				defer b.Close()
				began := time.Now()
				got := generate(t.Context(), b, hello())
				if took := time.Since(began); !strings.Contains(got.Error, c.want) || !errors.Is(got.err, provider.Timeout) || took != c.took {
					t.Errorf("%v after %v", got.err, took)
				}
			})
		})
	}
}

// hanging sends its text and then nothing until the request is cancelled.
type hanging string

func (h hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if h == "" {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: io.NopCloser(io.MultiReader(strings.NewReader(string(h)), waiting{r.Context()}))}, nil
}

type waiting struct{ ctx context.Context }

func (w waiting) Read([]byte) (int, error) { <-w.ctx.Done(); return 0, w.ctx.Err() }

// deaf is a transport that does not heed its context: the worst a library can do.
type deaf chan struct{}

func (d deaf) RoundTrip(*http.Request) (*http.Response, error) {
	<-d
	return nil, errors.New("late")
}

// TestALibraryThatBlocks: a cancelled turn returns at once all the same.
func TestALibraryThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(deaf)
		b := open(t, "http://provider.test", func(o *Options) { o.HTTPClient = &http.Client{Transport: release} })
		cause := errors.New("the caller spoke")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		began := time.Now()
		if got := generate(ctx, b, hello()); !errors.Is(got.err, cause) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", got.err, time.Since(began))
		}
		close(release)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCancelledTurns(t *testing.T) {
	start := "data: {\"type\":\"message_start\",\"message\":{}}\n\n"
	text := "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\"}}\n\n"
	cancelled.Run(t, "text/event-stream", func(address string, c *http.Client) llm.Brain {
		return open(t, address, func(o *Options) { o.HTTPClient = c })
	}, func(b llm.Brain) { b.(*Brain).Close() }, []cancelled.Phase{
		{Name: "before the headers"},
		{Name: "before the first word", Sent: []string{start}},
		{Name: "in the text", Sent: []string{start, text, textOf(0, "Your "), textOf(0, "order ")}, Deltas: 2},
		{Name: "in a tool call", Sent: []string{start, "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"x\"}}\n\n"}},
	})
}

// TestRequest looks at what goes over the wire.
func TestRequest(t *testing.T) {
	var sent struct {
		Model       string  `json:"model"`
		System      string  `json:"system"`
		MaxTokens   int     `json:"max_tokens"`
		Temperature float64 `json:"temperature"`
		Stream      bool    `json:"stream"`
		Tools       []any   `json:"tools"`
		Messages    []struct {
			Role    string           `json:"role"`
			Content []map[string]any `json:"content"`
		} `json:"messages"`
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		w.WriteHeader(400)
	}))
	defer s.Close()
	b := open(t, s.URL, func(o *Options) { o.Images = true })
	defer b.Close()
	generate(t.Context(), b, llm.Request{
		Language: "id", MustAnswer: true, Tools: hello().Tools,
		Messages: []llm.Message{
			{Role: llm.System, Text: "Be kind."},
			{Role: llm.Assistant, Text: "Hello."},
			{Role: llm.User, Text: "What is this?", Images: []llm.Image{{MediaType: "image/png", Data: []byte("hi")}}},
			{Role: llm.Assistant, Text: "Let me see.", ToolCalls: []llm.ToolCall{{ID: "a", Name: "x", Arguments: json.RawMessage(`{"n":1}`)}, {ID: "b", Name: "y", Arguments: json.RawMessage(`{"bad`)}}},
			{Role: llm.ToolRole, ToolCallID: "a", ToolName: "x", Text: "one"},
			{Role: llm.Assistant, Text: "It is a ", Interrupted: true},
			{Role: llm.User, Text: "Stop."},
			{Role: llm.ToolRole, ToolCallID: "z", ToolName: "z", Text: "late"},
		},
	})
	var lines []string
	for _, m := range sent.Messages {
		raw, _ := json.Marshal(m.Content)
		lines = append(lines, m.Role+" "+string(raw))
	}
	want := []string{
		`user [{"text":"(The conversation begins.)","type":"text"}]`,
		`assistant [{"text":"Hello.","type":"text"}]`,
		`user [{"source":{"data":"aGk=","media_type":"image/png","type":"base64"},"type":"image"},{"text":"What is this?","type":"text"}]`,
		`assistant [{"text":"Let me see.","type":"text"}]`,
		`assistant [{"id":"a","input":{"n":1},"name":"x","type":"tool_use"}]`,
		`assistant [{"id":"b","input":{"malformed":"{\"bad"},"name":"y","type":"tool_use"}]`,
		`user [{"content":"one","tool_use_id":"a","type":"tool_result"}]`,
		`user [{"content":"The result of this call is not known yet.","tool_use_id":"b","type":"tool_result"}]`,
		`assistant [{"text":"It is a —","type":"text"}]`,
		`user [{"cache_control":{"type":"ephemeral"},"text":"Stop.","type":"text"}]`,
		`user [{"text":"(Result of the tool z: late)","type":"text"}]`,
		`user [{"text":"(No tool can be called any more. Answer with what you know.)","type":"text"}]`,
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(lines, "\n"))
	}
	if sent.System != "Be kind.\n\nAnswer in Indonesian (id)." || sent.MaxTokens != DefaultMaxTokens || sent.Temperature != 1 || !sent.Stream || len(sent.Tools) != 1 {
		t.Errorf("got %+v", sent)
	}
}

func TestOptionsThatAreWrong(t *testing.T) {
	for name, o := range map[string]Options{"no model": {APIKey: key}, "no key": {Model: "m"}, "no address": {Model: "m", APIKey: key, BaseURL: "ftp://x"}} {
		if _, err := New(o); err == nil {
			t.Error(name)
		}
	}
}

// FuzzEvents: whatever comes, what is handed to the library is well formed, and does
// not depend on how it was cut.
func FuzzEvents(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.sse")
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, uint16(len(body)/2))
	}
	f.Fuzz(func(t *testing.T, body []byte, at uint16) {
		i := min(int(at), len(body))
		a, b := replay(t, cut{body}), replay(t, cut{body[:i], body[i:]})
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if !bytes.Equal(x, y) {
			t.Fatalf("whole %s, cut at %d %s", x, i, y)
		}
		if (a.err == nil) == (a.Finish == "") || a.err != nil && len(a.Calls) > 0 {
			t.Fatalf("%+v", a)
		}
	})
}
