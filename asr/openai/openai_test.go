package openai

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/asr"
	"parley/internal/provider"
	"parley/internal/standin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "sk-test-0123456789"

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func recognizer(t *testing.T, base string, change func(*Options)) *Recognizer {
	t.Helper()
	o := Options{BaseURL: base + "/v1/", Model: "whisper-1", APIKey: key}
	if change != nil {
		change(&o)
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// tone is a second of something.
func tone() asr.Utterance {
	pcm := make([]int16, asr.Rate)
	for i := range pcm {
		pcm[i] = int16(i%200) * 50
	}
	return asr.Utterance{PCM: pcm, Language: "id-ID"}
}

func answer(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, body)
}

// TestUpload looks at what goes over the wire.
func TestUpload(t *testing.T) {
	u := tone()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/audio/transcriptions" || r.Header.Get("Authorization") != "Bearer "+key {
			t.Errorf("%s with %q", r.URL, r.Header.Get("Authorization"))
		}
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"model": "whisper-1", "language": "id", "response_format": "json", "prompt": "W10002"} {
			if got := r.FormValue(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		file, head, err := r.FormFile("file")
		if err != nil {
			t.Fatal(err)
		}
		if typ, _, _ := mime.ParseMediaType(head.Header.Get("Content-Type")); head.Filename != "speech.wav" || !strings.HasPrefix(typ, "audio/") {
			t.Errorf("the file is %q of type %q", head.Filename, typ)
		}
		b, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		le := binary.LittleEndian
		if string(b[:4]) != "RIFF" || string(b[8:16]) != "WAVEfmt " || int(le.Uint32(b[4:])) != len(b)-8 || le.Uint32(b[24:]) != 16000 ||
			le.Uint16(b[22:]) != 1 || le.Uint16(b[34:]) != 16 || int(le.Uint32(b[40:])) != 2*len(u.PCM) || len(b) != 44+2*len(u.PCM) {
			t.Errorf("a wrong header: %x", b[:44])
		}
		for i, want := range u.PCM {
			if got := int16(le.Uint16(b[44+2*i:])); got != want {
				t.Fatalf("sample %d is %d, want %d", i, got, want)
			}
		}
		answer(w, `{"text":" Di mana pesanan saya? ","usage":{"type":"duration","seconds":1}}`)
	})
	got, err := recognizer(t, s.URL, func(o *Options) { o.Prompt = "W10002" }).Transcribe(t.Context(), u)
	if err != nil || got != (asr.Transcript{Text: "Di mana pesanan saya?"}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestShortAndLong(t *testing.T) {
	var size atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		file, _, err := r.FormFile("file")
		if err != nil {
			t.Fatal(err)
		}
		n, _ := io.Copy(io.Discard, file)
		size.Store(n)
		answer(w, `{"text":"Yes."}`)
	})
	r := recognizer(t, s.URL, nil)
	if got, err := r.Transcribe(t.Context(), asr.Utterance{PCM: make([]int16, 10)}); err != nil || got.Text != "Yes." || size.Load() != 44+2*shortest {
		t.Errorf("short: %v, %v, %d bytes", got, err, size.Load())
	}
	size.Store(0)
	if got, err := r.Transcribe(t.Context(), asr.Utterance{}); err != nil || got.Text != "" || size.Load() != 0 {
		t.Errorf("none: %v, %v", got, err)
	}
	if _, err := r.Transcribe(t.Context(), asr.Utterance{PCM: make([]int16, longest+1)}); err == nil || size.Load() != 0 {
		t.Errorf("long: %v", err)
	}
}

func TestPartials(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		answer(w, `{"text":"Where is"}`)
	})
	u := tone()
	u.Partial = true
	if _, err := recognizer(t, s.URL, nil).Transcribe(t.Context(), u); !errors.Is(err, asr.ErrNoPartials) {
		t.Errorf("got %v", err)
	}
	if got, err := recognizer(t, s.URL, func(o *Options) { o.Partials = true }).Transcribe(t.Context(), u); err != nil || got.Text != "Where is" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestLanguages(t *testing.T) {
	for tag, want := range map[string]string{"": "", "en": "en", "en-US": "en", "zh-Hant-TW": "zh", "fil": "tl", "nb": "no", "in": "id", "iw": "he", "yue": "", "und": "", "??": "", "id-ID": "id"} {
		if got := hint(tag); got != want {
			t.Errorf("hint of %q: got %q, want %q", tag, got, want)
		}
	}
	for said, want := range map[string]string{"english": "en", "Indonesian": "id", "chinese": "zh", "mandarin": "zh", "vietnamese": "vi", "thai": "th", "malay": "ms",
		"en": "en", "pt-BR": "pt-BR", "": "", "klingon tongue": "", "no speech": "", "javanese": "jv", "burmese": "my"} {
		if got := tagOf(said, languageNames()); got != want {
			t.Errorf("tag of %q: got %q, want %q", said, got, want)
		}
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("response_format") != "verbose_json" {
			t.Errorf("the format is %q", r.FormValue("response_format"))
		}
		answer(w, `{"task":"transcribe","language":"indonesian","duration":1.0,"text":"Halo","segments":[{"id":0,"seek":0,"start":0.0,"end":1.0,"text":"Halo","tokens":[1],"temperature":0.0,"avg_logprob":-0.2,"compression_ratio":0.9,"no_speech_prob":0.01}]}`)
	})
	got, err := recognizer(t, s.URL, func(o *Options) { o.Verbose = true }).Transcribe(t.Context(), tone())
	if err != nil || got != (asr.Transcript{Text: "Halo", Language: "id"}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFailures(t *testing.T) {
	good := func(w http.ResponseWriter) { answer(w, `{"text":"Yes."}`) }
	status := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0.01")
			w.WriteHeader(code)
			io.WriteString(w, `{"error":{"message":"no, `+key+`"}}`)
		}
	}
	typed := func(typ, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.Header().Set("Content-Type", typ); io.WriteString(w, body) }
	}
	for name, tc := range map[string]struct {
		first func(http.ResponseWriter)
		tries int32
		kind  error
	}{
		"500":          {status(500), 2, nil},
		"429":          {status(429), 2, nil},
		"401":          {status(401), 1, provider.Denied},
		"413":          {status(413), 1, provider.Rejected},
		"a page":       {typed("text/html", "<html>"+key), 1, provider.Malformed},
		"no JSON":      {typed("application/json", "<html>"), 1, provider.Malformed},
		"other JSON":   {typed("application/json", `{"text":{"a":1}}`), 1, provider.Malformed},
		"no end":       {typed("application/json", `{"text":"`+strings.Repeat("la ", 2<<20)+`"}`), 1, provider.TooLarge},
		"half of JSON": {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100"); answer(w, `{"te`) }, 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int32
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if tries.Add(1) == 1 {
					tc.first(w)
					return
				}
				good(w)
			})
			got, err := recognizer(t, s.URL, nil).Transcribe(t.Context(), tone())
			if tries.Load() != tc.tries || tc.kind == nil && (err != nil || got.Text != "Yes.") || tc.kind != nil && !errors.Is(err, tc.kind) {
				t.Errorf("got %.80v, %v after %d tries", got, err, tries.Load())
			}
			if err != nil && strings.Contains(err.Error(), key) {
				t.Errorf("the error holds the key: %v", err)
			}
		})
	}
}

func TestSlowAndCancelled(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{}, 4)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(release) })
	if _, err := recognizer(t, s.URL, func(o *Options) { o.Timeout = 30 * time.Millisecond }).Transcribe(t.Context(), tone()); !errors.Is(err, provider.Timeout) {
		t.Errorf("got %v", err)
	}
	<-arrived
	cause := errors.New("the caller went on")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-arrived; cancel(cause) }()
	r := recognizer(t, s.URL, nil)
	if _, err := r.Transcribe(ctx, tone()); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	if _, err := r.Transcribe(ctx, tone()); !errors.Is(err, cause) {
		t.Errorf("after the end: %v", err)
	}
}

// TestStandin speaks to the stand-in, so that the two agree.
func TestStandin(t *testing.T) {
	s := httptest.NewServer(standin.New(standin.Options{Key: key}))
	t.Cleanup(s.Close)
	r := recognizer(t, s.URL, func(o *Options) { o.Verbose = true })
	if err := r.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := r.Transcribe(t.Context(), tone())
	if err != nil || got != (asr.Transcript{Text: "I heard 1.0 seconds.", Language: "en"}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWAVIsZeroedBehindTheSound(t *testing.T) {
	b, err := file([]int16{1})
	if err != nil || len(b) != 44+2*shortest || !bytes.Equal(b[46:], make([]byte, len(b)-46)) {
		t.Error("the filling is not silence")
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"text":"a","language":"english"}`)
	f.Add(`{"text":null}{`)
	names := languageNames()
	f.Fuzz(func(t *testing.T, body string) {
		r, err := New(Options{BaseURL: "http://provider.test", Model: "m", Verbose: true, HTTPClient: &http.Client{Transport: reply(body)}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Transcribe(t.Context(), asr.Utterance{PCM: make([]int16, 1)})
		var e *provider.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("an error that is not ours: %v", err)
		}
		_ = tagOf(body, names)
	})
}

// reply is a transport that always answers the same.
type reply string

func (r reply) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(r)))}, nil
}

func BenchmarkWAV(b *testing.B) {
	pcm := make([]int16, 3*asr.Rate)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := file(pcm); err != nil {
			b.Fatal(err)
		}
	}
}
