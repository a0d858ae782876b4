package openai

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/audio"
	"parley/internal/provider"
	"parley/internal/standin"
	"parley/tts"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "sk-test-0123456789"

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func voice(t testing.TB, base string, change func(*Options)) *Voice {
	t.Helper()
	o := Options{BaseURL: base + "/v1", Model: "tts-1", Voice: "alloy", APIKey: key}
	if change != nil {
		change(&o)
	}
	v, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// speakAll gathers the pieces of a clause.
func speakAll(ctx context.Context, v *Voice, text string) (pcm []int16, pieces int, err error) {
	for piece, e := range v.Speak(ctx, tts.Request{Text: text}) {
		if err != nil {
			panic("the sequence goes on after its error")
		}
		if e != nil {
			err = e
			continue
		}
		pieces++
		pcm = append(pcm, piece...)
	}
	return pcm, pieces, err
}

// sine is a tone at a rate.
func sine(rate int, length time.Duration) []int16 {
	pcm := make([]int16, int(length.Seconds()*float64(rate)))
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/float64(rate)))
	}
	return pcm
}

func bytesOf(pcm []int16) []byte {
	var b []byte
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// chunk is a part of a RIFF file.
func chunk(id string, length uint32, body []byte) []byte {
	b := append([]byte(id), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[4:], length)
	return append(b, body...)
}

// wavOf makes a WAV with the length that its data chunk claims.
func wavOf(rate uint32, channels uint16, claim uint32, data []byte, extra ...[]byte) []byte {
	var f []byte
	f = binary.LittleEndian.AppendUint16(f, 1)
	f = binary.LittleEndian.AppendUint16(f, channels)
	f = binary.LittleEndian.AppendUint32(f, rate)
	f = binary.LittleEndian.AppendUint32(f, rate*2*uint32(channels))
	f = binary.LittleEndian.AppendUint16(f, 2*channels)
	f = binary.LittleEndian.AppendUint16(f, 16)
	out := append([]byte("RIFF\xff\xff\xff\xffWAVE"), chunk("fmt ", 16, f)...)
	for _, e := range extra {
		out = append(out, e...)
	}
	return append(out, chunk("data", claim, data)...)
}

func TestRequest(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		out, _ := json.Marshal(body)
		const want = `{"input":"Hello.","instructions":"Kindly.","model":"tts-1","response_format":"pcm","speed":1.2,"voice":"alloy"}`
		if string(out) != want || r.URL.Path != "/v1/audio/speech" || r.Header.Get("Authorization") != "Bearer "+key {
			t.Errorf("%s: got %s, want %s", r.URL, out, want)
		}
		w.Header().Set("Content-Type", "audio/pcm")
		w.Write([]byte{1, 0, 2, 0, 3, 0, 4, 0})
	})
	pcm, _, err := speakAll(t.Context(), voice(t, s.URL, func(o *Options) { o.Instructions, o.Speed = "Kindly.", 1.2 }), "Hello.")
	if err != nil || !slices.Equal(pcm, []int16{1, 2, 3, 4}) {
		t.Errorf("got %v, %v", pcm, err)
	}
	if pcm, n, err := speakAll(t.Context(), voice(t, "http://127.0.0.1:1", nil), " \n"); err != nil || n != 0 || pcm != nil {
		t.Errorf("blank text: %v, %v", pcm, err)
	}
}

// TestSplits lets the same sound arrive in pieces of every kind.
func TestSplits(t *testing.T) {
	want := sine(24000, 700*time.Millisecond)
	data := bytesOf(want)
	stereo := make([]byte, 0, 2*len(data))
	for i := 0; i < len(data); i += 2 {
		stereo = append(stereo, data[i], data[i+1], data[i], data[i+1])
	}
	bodies := map[string][]byte{
		"pcm":             data,
		"pcm, odd end":    append(slices.Clone(data), 7),
		"wav":             wavOf(24000, 1, uint32(len(data)), data),
		"wav, no length":  wavOf(24000, 1, 0xffffffff, data),
		"wav, length 0":   wavOf(24000, 1, 0, data),
		"wav, more parts": append(wavOf(24000, 1, uint32(len(data)), data, chunk("LIST", 3, []byte("abc\x00"))), chunk("id3 ", 6, []byte("titles"))...),
		"wav, stereo":     wavOf(24000, 2, uint32(len(stereo)), stereo),
	}
	for name, body := range bodies {
		for seed := range uint64(8) {
			rnd := rand.New(rand.NewPCG(seed, 7))
			var in io.Reader = &pieces{body, rnd, 1 + int(seed)*700}
			switch seed {
			case 0:
				in = iotest.OneByteReader(strings.NewReader(string(body)))
			case 1:
				in = iotest.DataErrReader(strings.NewReader(string(body)))
			}
			d := newDecoder(in, PCM, 24000, time.Minute)
			var got []int16
			for n := 0; ; n++ {
				piece, err := d.next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if len(piece) > 2400 {
					t.Fatalf("%s: a piece of %d samples", name, len(piece))
				}
				got = append(got, piece...)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s, seed %d: %d samples that differ, want %d", name, seed, len(got), len(want))
			}
		}
	}
}

// pieces is a body that arrives in pieces of random length.
type pieces struct {
	data []byte
	rnd  *rand.Rand
	most int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := min(1+p.rnd.IntN(p.most), len(p.data), len(b))
	copy(b, p.data[:n])
	p.data = p.data[n:]
	return n, nil
}

// TestRates converts other rates and keeps the length and the pitch.
func TestRates(t *testing.T) {
	for _, rate := range []int{8000, 16000, 22050, 44100, 48000} {
		pcm := sine(rate, 500*time.Millisecond)
		for name, d := range map[string]*decoder{
			"wav": newDecoder(strings.NewReader(string(wavOf(uint32(rate), 1, uint32(2*len(pcm)), bytesOf(pcm)))), WAV, 24000, time.Minute),
			"pcm": newDecoder(strings.NewReader(string(bytesOf(pcm))), PCM, rate, time.Minute),
		} {
			var got []int16
			for {
				piece, err := d.next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, piece...)
			}
			if math.Abs(float64(len(got)-12000)) > 120 {
				t.Errorf("%s at %d Hz: %d samples, want about 12000", name, rate, len(got))
			}
			waves, high := 0, false
			for _, s := range got {
				if !high && s > 4000 {
					high = true
					waves++
				} else if s < -4000 {
					high = false
				}
			}
			if waves < 219 || waves > 221 { // 440 Hz for half a second
				t.Errorf("%s at %d Hz: %d waves, want 220", name, rate, waves)
			}
		}
	}
}

func TestFailures(t *testing.T) {
	pcm := bytesOf(sine(24000, 100*time.Millisecond))
	typed := func(typ string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Type", typ); w.Write(body) }
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			io.WriteString(w, `{"error":{"message":"no, `+key+`"}}`)
		}
	}
	cut := func(body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "audio/pcm")
			w.Header().Set("Content-Length", "1000000")
			w.Write(body)
		}
	}
	header := wavOf(24000, 1, 100, nil)
	for name, tc := range map[string]struct {
		first http.HandlerFunc
		tries int32
		kind  error
	}{
		"500":                {status(500), 2, nil},
		"429":                {status(429), 2, nil},
		"401":                {status(401), 1, provider.Denied},
		"400":                {status(400), 1, provider.Rejected},
		"JSON":               {typed("application/json", []byte(`{"error":"no, `+key+`"}`)), 1, provider.Malformed},
		"a page":             {typed("text/html", []byte("<html>Sign in</html>")), 1, provider.Malformed},
		"MP3":                {typed("audio/mpeg", pcm), 1, provider.Malformed},
		"JSON, no type":      {typed("application/octet-stream", []byte(`{"error": {"message": "overloaded"}}`)), 1, provider.Malformed},
		"a page, no type":    {typed("application/octet-stream", []byte("\n<!DOCTYPE html><html><body>")), 1, provider.Malformed},
		"MP3, no type":       {typed("application/octet-stream", []byte("ID3\x04\x00\x00\x00\x00\x00\x00")), 1, provider.Malformed},
		"Ogg, no type":       {typed("application/octet-stream", []byte("OggS\x00\x02\x00\x00\x00\x00\x00\x00")), 1, provider.Malformed},
		"nothing":            {typed("audio/pcm", nil), 1, provider.Malformed},
		"one byte":           {typed("audio/pcm", []byte{1}), 1, provider.Malformed},
		"a header alone":     {typed("audio/wav", header), 1, provider.Malformed},
		"half a header":      {typed("audio/wav", header[:30]), 1, provider.Malformed},
		"half, cut":          {cut(header[:30]), 2, nil},
		"cut before a byte":  {cut(nil), 2, nil},
		"cut after a second": {cut(append(bytesOf(sine(24000, time.Second)), 1)), 1, provider.Cut},
		"no end":             {typed("audio/pcm", make([]byte, 48000*91)), 1, provider.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int32
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if tries.Add(1) == 1 {
					tc.first(w, r)
					return
				}
				typed("audio/pcm", pcm)(w, r)
			})
			got, _, err := speakAll(t.Context(), voice(t, s.URL, nil), "Hello.")
			if tries.Load() != tc.tries || tc.kind == nil && (err != nil || len(got) != 2400) || tc.kind != nil && !errors.Is(err, tc.kind) {
				t.Errorf("got %d samples, %v after %d tries", len(got), err, tries.Load())
			}
			if err != nil && strings.Contains(err.Error(), key) {
				t.Errorf("the error holds the key: %v", err)
			}
		})
	}
}

func TestWrongWAV(t *testing.T) {
	float := wavOf(24000, 1, 8, make([]byte, 8))
	float[20] = 3
	extensible := wavOf(24000, 1, 8, []byte("\x01\x00\x02\x00\x03\x00\x04\x00"))
	for name, tc := range map[string]struct {
		body []byte
		want string
	}{
		"float":       {float, "format 3"},
		"no channels": {wavOf(24000, 0, 8, make([]byte, 8)), "0 channels"},
		"odd rate":    {wavOf(1000, 1, 8, make([]byte, 8)), "rate of 1000 Hz"},
		"AVI":         {[]byte("RIFF\x00\x00\x00\x00AVI LIST...."), "begin like one"},
		"no format":   {append([]byte("RIFF\x00\x00\x00\x00WAVE"), chunk("data", 4, []byte("abcd"))...), "before their format"},
		"endless":     {append([]byte("RIFF\x00\x00\x00\x00WAVE"), chunk("LIST", 1<<31, nil)...), "come before its samples"},
		"not asked":   {[]byte("\x01\x00\x02\x00\x03\x00"), "wanted a WAV"},
		"right":       {extensible, ""},
	} {
		d := newDecoder(strings.NewReader(string(tc.body)), WAV, 24000, time.Minute)
		_, err := d.next()
		var bad *notSound
		if tc.want == "" && err != nil || tc.want != "" && (!errors.As(err, &bad) || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

func TestContentTypeSaysTheRate(t *testing.T) {
	for typ, want := range map[string]int{"": 24000, "audio/pcm": 24000, "audio/pcm;rate=16000": 16000, "audio/L16; rate=8000; channels=1": 8000, "audio/pcm;rate=7": 24000, "audio/wav": 24000} {
		if got, err := checkType(http.Header{"Content-Type": {typ}}, 24000); err != nil || got != want {
			t.Errorf("%q: %d, %v", typ, got, err)
		}
	}
}

// TestFirstPieceAtOnce shows that the first samples do not wait for the next.
func TestFirstPieceAtOnce(t *testing.T) {
	heard, left := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "audio/pcm")
		w.Write([]byte{1, 0, 2, 0, 3})
		http.NewResponseController(w).Flush()
		<-heard
		w.Write([]byte{0, 4, 0})
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(left)
	})
	var got []int16
	for piece, err := range voice(t, s.URL, nil).Speak(t.Context(), tts.Request{Text: "Hi"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, piece...)
		if !slices.Equal(got, []int16{1, 2}) {
			t.Fatalf("the first piece is %v", got)
		}
		close(heard)
		break // the server must see that nobody listens any more
	}
	<-left
}

func TestSlow(t *testing.T) {
	for name, tc := range map[string]struct {
		before []byte
		change func(*Options)
		want   string
	}{
		"no headers":      {nil, func(o *Options) { o.FirstByte = 40 * time.Millisecond }, "no first sound within 40ms"},
		"half a sample":   {[]byte{1}, func(o *Options) { o.FirstByte = 40 * time.Millisecond }, "no first sound within 40ms"},
		"no second piece": {make([]byte, 400), func(o *Options) { o.Between = 40 * time.Millisecond }, "no further sound within 40ms"},
	} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if tc.before != nil {
					w.Header().Set("Content-Type", "audio/pcm")
					w.Write(tc.before)
					http.NewResponseController(w).Flush()
				}
				<-release
			})
			t.Cleanup(func() { close(release) })
			_, _, err := speakAll(t.Context(), voice(t, s.URL, tc.change), "Hi")
			if !errors.Is(err, provider.Timeout) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// reply is a transport that always answers the same, so that time can be virtual.
type reply []byte

func (r reply) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"audio/pcm"}}, Body: io.NopCloser(bytes.NewReader(r))}, nil
}

// TestSlowListener shows that a listener's own time is not the provider's.
func TestSlowListener(t *testing.T) {
	pcm := reply(bytesOf(sine(24000, 600*time.Millisecond)))
	synctest.Test(t, func(t *testing.T) {
		n := 0
		v := voice(t, "http://provider.test", func(o *Options) { o.HTTPClient = &http.Client{Transport: pcm} })
		for piece, err := range v.Speak(t.Context(), tts.Request{Text: "Hi"}) {
			if err != nil {
				t.Fatal(err)
			}
			n += len(piece)
			<-time.After(time.Minute) // virtual
		}
		if n != len(pcm)/2 {
			t.Errorf("%d samples", n)
		}
	})
}

func TestCancel(t *testing.T) {
	cause := errors.New("the caller spoke")
	for name, before := range map[string][]byte{"before the headers": nil, "before a sample": {1}, "in the sound": make([]byte, 9600)} {
		t.Run(name, func(t *testing.T) {
			release, arrived := make(chan struct{}), make(chan struct{})
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if before != nil {
					w.Header().Set("Content-Type", "audio/pcm")
					w.Write(before)
					http.NewResponseController(w).Flush()
				}
				close(arrived)
				select {
				case <-release:
				case <-r.Context().Done():
				}
			})
			t.Cleanup(func() { close(release) })
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			go func() { <-arrived; cancel(cause) }()
			if _, _, err := speakAll(ctx, voice(t, s.URL, nil), "Hi"); !errors.Is(err, cause) {
				t.Errorf("got %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, _, err := speakAll(ctx, voice(t, "http://127.0.0.1:1", nil), "Hi"); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

// TestStandin speaks to the stand-in, so that the two agree.
func TestStandin(t *testing.T) {
	s := httptest.NewServer(standin.New(standin.Options{Key: key, Speed: 1000}))
	t.Cleanup(s.Close)
	for _, format := range []Format{PCM, WAV} {
		v := voice(t, s.URL, func(o *Options) { o.Format = format })
		if err := v.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
		pcm, n, err := speakAll(t.Context(), v, "Your order is on its way.")
		want := 25 * 65 * audio.SpeakRate / 1000
		if err != nil || len(pcm) != want || n < 5 {
			t.Errorf("%s: %d samples in %d pieces, %v, want %d", format, len(pcm), n, err, want)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no model": {BaseURL: "http://h", Voice: "v"}, "no voice": {BaseURL: "http://h", Model: "m"}, "no address": {Model: "m", Voice: "v"},
		"mp3": {BaseURL: "http://h", Model: "m", Voice: "v", Format: "mp3"}, "rate": {BaseURL: "http://h", Model: "m", Voice: "v", Rate: 1},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	pcm := bytesOf(sine(24000, 10*time.Millisecond))
	f.Add(pcm, uint64(1), false)
	f.Add(wavOf(22050, 2, uint32(len(pcm)), pcm, chunk("LIST", 2, []byte("ab"))), uint64(2), true)
	f.Add([]byte(`{"error":1}`), uint64(3), false)
	f.Fuzz(func(t *testing.T, body []byte, seed uint64, wav bool) {
		format := PCM
		if wav {
			format = WAV
		}
		read := func(in io.Reader) (out []int16, err error) {
			d := newDecoder(in, format, 24000, time.Second)
			for {
				piece, err := d.next()
				if err != nil {
					return out, err
				}
				out = append(out, piece...)
			}
		}
		whole, err := read(strings.NewReader(string(body)))
		split, err2 := read(&pieces{body, rand.New(rand.NewPCG(seed, 1)), 9})
		if errors.Is(err, io.EOF) != errors.Is(err2, io.EOF) {
			t.Fatalf("%v and %v", err, err2)
		}
		if errors.Is(err, io.EOF) && !slices.Equal(whole, split) {
			t.Fatalf("%d and %d samples that differ", len(whole), len(split))
		}
	})
}

func BenchmarkDecoder(b *testing.B) {
	body := string(bytesOf(sine(24000, 2*time.Second)))
	b.ReportAllocs()
	for b.Loop() {
		d := newDecoder(strings.NewReader(body), PCM, 24000, time.Minute)
		for {
			if _, err := d.next(); err != nil {
				break
			}
		}
	}
}
