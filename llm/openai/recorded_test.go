package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/internal/provider"
	"parley/llm"
)

// recording is a stream in a provider's own shape, written by hand from its public
// documentation, and what must come of it.
type recording struct {
	name string
	body []byte
	want recorded
}

// recorded is the outcome of a stream, as the .json beside the .sse has it.
type recorded struct {
	Text   string      `json:"text"`
	Calls  [][2]string `json:"calls"`
	Finish llm.Finish  `json:"finish"`
	Usage  *llm.Usage  `json:"usage"`
	Error  string      `json:"error"`
}

func recordings(t testing.TB) []recording {
	t.Helper()
	files, err := filepath.Glob("testdata/*.sse")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	var all []recording
	for _, f := range files {
		r := recording{name: strings.TrimSuffix(filepath.Base(f), ".sse")}
		if r.body, err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(strings.TrimSuffix(f, ".sse") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(want, &r.want); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all = append(all, r)
	}
	return all
}

// check holds an outcome against the recording's.
func (r recording) check(t *testing.T, how string, got result) {
	t.Helper()
	out := recorded{Text: got.text, Finish: got.finish, Usage: got.usage}
	for _, c := range got.calls {
		out.Calls = append(out.Calls, [2]string{c.Name, string(c.Arguments)})
		if c.ID == "" {
			t.Errorf("%s: a call without an id", how)
		}
	}
	if got.err != nil {
		out.Error = got.err.Error()
	}
	same := r.want.Error == "" && out.Error == "" || r.want.Error != "" && strings.Contains(out.Error, r.want.Error)
	want := r.want
	want.Error, out.Error = "", ""
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(out)
	if !same || !bytes.Equal(a, b) {
		t.Fatalf("%s: got %s with error %v, want %s with error %q", how, b, got.err, a, r.want.Error)
	}
}

// cut is a transport whose answer arrives in the given pieces.
type cut [][]byte

func (c cut) RoundTrip(r *http.Request) (*http.Response, error) {
	pieces := make([]io.Reader, len(c))
	for i, p := range c {
		pieces[i] = bytes.NewReader(p)
	}
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}},
		Body: io.NopCloser(io.MultiReader(pieces...)), Request: r,
	}, nil
}

// replay answers from pieces, in virtual time: a stream that fails is tried twice.
func replay(t *testing.T, pieces cut, structured bool) (got result) {
	synctest.Test(t, func(t *testing.T) {
		b, err := New(Options{BaseURL: "http://provider.test/v1", Model: "m", HTTPClient: &http.Client{Transport: pieces}})
		if err != nil {
			t.Fatal(err)
		}
		b.structured.Store(structured)
		r := hello()
		r.Tools = shopTools()
		got = generate(t.Context(), b, r)
	})
	return got
}

// TestRecordings replays every stream through a server byte by byte, and in every
// split in two.
func TestRecordings(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for i := range r.body {
					sse(w, string(r.body[i:i+1]))
				}
			})
			r.check(t, "byte by byte", generate(t.Context(), brain(t, s.URL, nil), hello()))
			for i := range len(r.body) + 1 {
				r.check(t, fmt.Sprintf("split at %d", i), replay(t, cut{r.body[:i], r.body[i:]}, false))
			}
		})
	}
}

// TestRecordingsCutShort ends every stream at every byte: the answer must be a whole
// one or an error, and never more than the whole stream gives.
func TestRecordingsCutShort(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.name, func(t *testing.T) {
			for i := range len(r.body) {
				got := replay(t, cut{r.body[:i]}, false)
				switch {
				case got.err == nil && (got.text != r.want.Text || len(got.calls) != len(r.want.Calls) || got.finish != r.want.Finish):
					t.Fatalf("cut at %d of %d: a clean end with %+v", i, len(r.body), got)
				case !strings.HasPrefix(r.want.Text, got.text):
					t.Fatalf("cut at %d: said %q of %q", i, got.text, r.want.Text)
				case got.err != nil && len(got.calls) > 0:
					t.Fatalf("cut at %d: a call of an answer that failed", i)
				}
			}
		})
	}
}

// TestOddStreams has what is in no documentation but comes all the same.
func TestOddStreams(t *testing.T) {
	long := strings.Repeat("x", 60<<10)
	for name, c := range map[string]struct {
		body, typ, text string
		kind            error
	}{
		"keep-alive comments by the thousand": {strings.Repeat(": keep-alive\n\n", 5000) + say("Hi.") + strings.Repeat(":\n", 5000) + end("stop") + done, "", "Hi.", nil},
		"empty deltas by the thousand":        {strings.Repeat(say(""), 5000) + say("Hi.") + end("stop") + done, "", "Hi.", nil},
		"empty choices by the thousand":       {strings.Repeat(`data: {"choices":[]}`+"\n\n", 5000) + say("Hi.") + end("stop") + done, "", "Hi.", nil},
		"a long line":                         {say(long) + end("stop") + done, "", long, nil},
		"a line of a megabyte":                {say(strings.Repeat("x", 1<<20)) + end("stop") + done, "", "", provider.TooLarge},
		"a comment of a megabyte":             {": " + strings.Repeat("x", 1<<20) + "\n\n" + say("Hi.") + end("stop") + done, "", "", provider.TooLarge},
		"arguments of a megabyte":             {strings.Repeat(call(`{"index":0,"id":"a","function":{"name":"x","arguments":"`+strings.Repeat("1", 1000)+`"}}`), 1000) + end("tool_calls") + done, "", "", provider.TooLarge},
		"an endless stream":                   {strings.Repeat(say(""), 200000), "", "", provider.TooLarge},
		"JSON in place of a stream":           {`{"choices":[{"message":{"content":"Hi."}}]}`, "application/json", "", provider.Malformed},
		"a page in place of a stream":         {"<html>Sign in</html>", "text/html", "", provider.Malformed},
		"no type at all":                      {say("Hi.") + end("stop") + done, "none", "Hi.", nil},
		"a type with a charset":               {say("Hi.") + end("stop") + done, "Text/Event-Stream; Charset=utf-8", "Hi.", nil},
		"a byte order mark":                   {"\ufeff" + say("Hi.") + end("stop") + done, "", "Hi.", nil},
		"bytes that are no UTF-8":             {"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\xffb\"}}]}\n\n" + end("stop") + done, "", "a\uFFFDb", nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := brain(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
				switch c.typ {
				case "":
					w.Header().Set("Content-Type", "text/event-stream")
				case "none":
					w.Header()["Content-Type"] = nil
				default:
					w.Header().Set("Content-Type", c.typ)
				}
				_, _ = io.WriteString(w, c.body)
			}).URL, func(o *Options) { o.FirstToken, o.Timeout = time.Minute, time.Minute }) // the bound is the bytes, not the time
			got := generate(t.Context(), b, hello())
			if c.kind == nil && (got.err != nil || got.text != c.text) || c.kind != nil && !errors.Is(got.err, c.kind) {
				t.Errorf("said %.40q, failed with %v; want %.40q and %v", got.text, got.err, c.text, c.kind)
			}
		})
	}
}

// FuzzStream feeds the whole way from bytes to an answer: it must end, with a
// finish or an error and not both, give no call of an answer that failed, and not
// depend on how the bytes were cut.
func FuzzStream(f *testing.F) {
	for _, r := range recordings(f) {
		f.Add(r.body, uint16(len(r.body)/2), false)
	}
	f.Add([]byte(say(`{"call":[{"tool":"x","arguments":{}}]}`)+end("stop")+done), uint16(50), true)
	f.Fuzz(func(t *testing.T, body []byte, at uint16, structured bool) {
		i := min(int(at), len(body))
		var outcomes [2]string
		for n, pieces := range []cut{{body}, {body[:i], body[i:]}} {
			got := replay(t, pieces, structured)
			if (got.err == nil) == (got.finish == "") {
				t.Fatalf("%+v", got)
			}
			var names []string
			for _, c := range got.calls {
				names = append(names, c.Name+string(c.Arguments))
			}
			outcomes[n] = fmt.Sprintf("%q %q %q %v", got.text, names, got.finish, got.err)
		}
		if outcomes[0] != outcomes[1] {
			t.Fatalf("whole: %s; cut at %d: %s", outcomes[0], i, outcomes[1])
		}
	})
}
