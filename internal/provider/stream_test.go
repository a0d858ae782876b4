package provider

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// pieces is a body that arrives in pieces of random length.
type pieces struct {
	data []byte
	rnd  *rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := min(1+p.rnd.IntN(7), len(p.data), len(b))
	copy(b, p.data[:n])
	p.data = p.data[n:]
	return n, nil
}

func testClient(t testing.TB) *Client {
	c, err := New(Options{Op: "test", BaseURL: "http://provider.test/v1", APIKey: "sk-very-secret"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStreamCleans(t *testing.T) {
	const a, b = `{"choices":[{"delta":{"content":"Hé"}}]}`, `{"choices":[]}`
	clean := "data: " + a + "\ndata: " + b + "\ndata: [DONE]\n"
	for name, tc := range map[string]struct {
		in, out string
		err     error
	}{
		"as it should be":           {"data: " + a + "\n\ndata: " + b + "\n\ndata: [DONE]\n\n", clean, io.EOF},
		"CRLF":                      {"data: " + a + "\r\n\r\ndata: " + b + "\r\n\r\ndata: [DONE]\r\n\r\n", clean, io.EOF},
		"CR":                        {"data: " + a + "\r\rdata: " + b + "\r\rdata: [DONE]\r\r", clean, io.EOF},
		"no space, no blank lines":  {"data:" + a + "\ndata:" + b + "\ndata:[DONE]", clean, io.EOF},
		"comments and other fields": {": hi\n\n:\n\nid: 1\nevent: message\nretry: 5\ndata: " + a + "\n\n: ping\n\ndata: " + b + "\n\nwhat\ndata: [DONE]\n\n", clean, io.EOF},
		"an event of many lines":    {"data: {\"choices\":\ndata: []}\n\ndata: [DONE]\n\n", "data: {\"choices\": []}\ndata: [DONE]\n", io.EOF},
		"more after the end":        {"data: [DONE]\n\ndata: " + a + "\n\n", "data: [DONE]\n", io.EOF},
		"empty events":              {"data:\n\ndata: \n\ndata: [DONE]\n\n", "data: [DONE]\n", io.EOF},
		"an error field of null":    {`data: {"error":null,"choices":[]}` + "\n\ndata: [DONE]\n\n", `data: { "error":null,"choices":[]}` + "\ndata: [DONE]\n", io.EOF},
		"cut between events":        {"data: " + a + "\n\n", "data: " + a + "\n", io.ErrUnexpectedEOF},
		"cut before a line feed":    {"data: " + a, "data: " + a + "\n", io.ErrUnexpectedEOF},
		"cut within an event":       {"data: " + a + "\n\ndata: {\"choi", "data: " + a + "\n", io.ErrUnexpectedEOF},
		"nothing":                   {"", "", io.ErrUnexpectedEOF},
		"not JSON":                  {"data: hello\n\n", "", Malformed},
		"not an object":             {"data: [1]\n\n", "", Malformed},
		"an error":                  {"data: " + a + "\n\ndata: {\"error\":{\"message\":\"boom\",\"code\":500}}\n\n", "data: " + a + "\n", Failed},
		"an error in an odd shape":  {"data: { \"error\" : \"boom\" }\n\n", "", Failed},
		"an error without message":  {"data: {\"error\":{\"type\":\"overloaded_error\"}}\n\n", "", Overloaded},
		"a named error":             {"event: error\ndata: {\"message\":\"boom\"}\n\n", "", Failed},
		"a named error as text":     {"event: error\ndata: boom\n\n", "", Failed},
		"an error after a comment":  {": ping\nevent: error\ndata: {\"error\":{\"message\":\"slow down\",\"code\":\"429\"}}\n\n", "", Overloaded},
		"a bad key":                 {"data: {\"error\":{\"message\":\"no\",\"code\":\"invalid_api_key\"}}\n\n", "", Denied},
		"a bad request":             {"data: {\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\"}}\n\n", "", Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			bodies := map[string]io.Reader{
				"whole": strings.NewReader(tc.in), "bytes": iotest.OneByteReader(strings.NewReader(tc.in)),
				"end with data": iotest.DataErrReader(strings.NewReader(tc.in)),
			}
			for seed := range uint64(20) {
				bodies["random"+string(rune('a'+seed))] = &pieces{[]byte(tc.in), rand.New(rand.NewPCG(seed, 1))}
			}
			for how, body := range bodies {
				out, err := drain(newStream(testClient(t), "http://provider.test/v1/x", io.NopCloser(body)))
				if out != tc.out || !errors.Is(err, tc.err) {
					t.Fatalf("%s: got %q and %v, want %q and %v", how, out, err, tc.out, tc.err)
				}
			}
		})
	}
}

// drain reads to the end and also returns io.EOF, which io.ReadAll hides.
func drain(r io.Reader) (string, error) {
	var b bytes.Buffer
	p := make([]byte, 13)
	for {
		n, err := r.Read(p)
		b.Write(p[:n])
		if err != nil {
			return b.String(), err
		}
	}
}

func TestStreamBounds(t *testing.T) {
	for name, in := range map[string]io.Reader{
		"a line without end":   io.MultiReader(strings.NewReader("data: {"), endless(' ')),
		"lines without end":    endlessLines("data: 1\n"),
		"comments without end": endlessLines(": ping\n\n"),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStream(testClient(t), "", io.NopCloser(in))
			s.left = maxEvent + 100
			if _, err := drain(s); !errors.Is(err, TooLarge) {
				t.Fatalf("got %v, want TooLarge", err)
			}
		})
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

type endlessLines string

func (e endlessLines) Read(p []byte) (int, error) { return copy(p, e), nil }

func TestStreamErrorIsClear(t *testing.T) {
	in := "data: {\"error\":{\"message\":\"key sk-very-secret\\n is over its quota\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}\n\n"
	_, err := drain(newStream(testClient(t), "http://provider.test/v1/chat/completions", io.NopCloser(strings.NewReader(in))))
	const want = "test: provider overloaded at http://provider.test/v1/chat/completions: key [key] is over its quota"
	if err == nil || err.Error() != want {
		t.Fatalf("got %v, want %s", err, want)
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("data: {\"choices\":[]}\n\ndata: [DONE]\n\n"), uint64(1))
	f.Add([]byte(": ping\r\nevent: error\rdata: {\"error\":{\"message\":\"x\"}}\n\n"), uint64(2))
	f.Add([]byte("data: {\ndata: }\n\ndata\n:\ndata:[DONE]"), uint64(3))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		c := testClient(t)
		whole, err := drain(newStream(c, "", io.NopCloser(bytes.NewReader(in))))
		split, err2 := drain(newStream(c, "", io.NopCloser(&pieces{in, rand.New(rand.NewPCG(seed, 1))})))
		if whole != split || err.Error() != err2.Error() {
			t.Fatalf("whole: %q, %v; in pieces: %q, %v", whole, err, split, err2)
		}
		for line := range strings.Lines(whole) {
			if !strings.HasPrefix(line, "data: ") || !strings.HasSuffix(line, "\n") || strings.ContainsAny(strings.TrimSuffix(line, "\n"), "\r\n") {
				t.Fatalf("a line that go-openai would misread: %q", line)
			}
		}
		if errors.Is(err, io.EOF) != strings.HasSuffix(whole, "data: [DONE]\n") {
			t.Fatalf("%q ends with %v", whole, err)
		}
	})
}
