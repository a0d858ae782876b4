package standin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/audio"
	"parley/internal/standin"
	"parley/llm"
	"parley/llm/openai"
	"parley/tts"
	speech "parley/tts/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t testing.TB, o standin.Options) (*standin.Server, string) {
	t.Helper()
	s := standin.New(o)
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return s, h.URL + "/v1"
}

func brain(t testing.TB, base string) *openai.Brain {
	t.Helper()
	b, err := openai.New(openai.Options{BaseURL: base, Model: "standin"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// TestPace checks the two moments that benchmarks rest on. Too late is allowed:
// the machine may be busy; too early is not.
func TestPace(t *testing.T) {
	_, base := serve(t, standin.Options{FirstToken: 40 * time.Millisecond, FirstSentence: 160 * time.Millisecond, Replies: []string{"It is on its way. You will have it on Friday."}})
	b := brain(t, base)
	if err := b.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	start, text := time.Now(), ""
	var first, sentence time.Duration
	for d, err := range b.Generate(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "Hi"}}}) {
		if err != nil {
			t.Fatal(err)
		}
		if text += d.Text; first == 0 && text != "" {
			first = time.Since(start)
		}
		if sentence == 0 && strings.Contains(text, ".") {
			sentence = time.Since(start)
		}
	}
	if text != "It is on its way. You will have it on Friday." {
		t.Errorf("got %q", text)
	}
	if first < 40*time.Millisecond || first > time.Second || sentence < 160*time.Millisecond || sentence > 2*time.Second {
		t.Errorf("first token after %v, first sentence after %v", first, sentence)
	}
}

func TestReplies(t *testing.T) {
	s, base := serve(t, standin.Options{Replies: []string{"One.", "Two."}})
	b := brain(t, base)
	for _, want := range []string{"One.", "Two.", "One."} {
		got := ""
		for d, err := range b.Generate(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "Hi"}}}) {
			if err != nil {
				t.Fatal(err)
			}
			got += d.Text
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if c := s.Counts(); c.Chats != 3 || c.Left != 0 {
		t.Errorf("counts: %+v", c)
	}
}

// TestTool asks for a tool and repeats its result.
func TestTool(t *testing.T) {
	_, base := serve(t, standin.Options{Tools: []standin.ToolRule{standin.OrderRule()}})
	b := brain(t, base)
	req := llm.Request{
		Messages: []llm.Message{{Role: llm.User, Text: "Where is my order W10002?"}},
		Tools:    []llm.Tool{{Name: "get_order_details", Parameters: json.RawMessage(`{"type":"object"}`)}},
	}
	var calls []llm.ToolCall
	for d, err := range b.Generate(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
		if d.ToolCall != nil {
			calls = append(calls, *d.ToolCall)
		}
	}
	if len(calls) != 1 || calls[0].Name != "get_order_details" || string(calls[0].Arguments) != `{"order_id":"W10002"}` {
		t.Fatalf("got %s", fmt.Sprint(calls))
	}
	req.Messages = append(req.Messages,
		llm.Message{Role: llm.Assistant, ToolCalls: calls},
		llm.Message{Role: llm.ToolRole, ToolCallID: calls[0].ID, ToolName: calls[0].Name, Text: `{"status":"on its way","eta":"Friday","items":[{"name":"kettle"}]}`})
	got := ""
	for d, err := range b.Generate(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
		got += d.Text
	}
	if got != "Here is what I found: eta Friday, name kettle, status on its way." {
		t.Errorf("got %q", got)
	}
	// A tool that is not offered is not asked for.
	for d, err := range b.Generate(t.Context(), llm.Request{Messages: req.Messages[:1]}) {
		if err != nil || d.ToolCall != nil {
			t.Errorf("got %+v, %v", d, err)
		}
	}
}

// TestRefusals shows that the stand-in is as strict as what it stands in for.
func TestRefusals(t *testing.T) {
	_, base := serve(t, standin.Options{})
	for name, tc := range map[string]struct{ path, body, want string }{
		"no JSON":           {"/chat/completions", "{", "not JSON"},
		"no model":          {"/chat/completions", `{"stream":true}`, "model"},
		"no stream":         {"/chat/completions", `{"model":"m"}`, "only streams"},
		"no messages":       {"/chat/completions", `{"model":"m","stream":true}`, "too short"},
		"unanswered call":   {"/chat/completions", `{"model":"m","stream":true,"messages":[{"role":"assistant","tool_calls":[{"id":"a"}]},{"role":"user","content":"Hi"}]}`, "must be followed"},
		"call at the end":   {"/chat/completions", `{"model":"m","stream":true,"messages":[{"role":"assistant","tool_calls":[{"id":"a"}]}]}`, "without an answer"},
		"answer alone":      {"/chat/completions", `{"model":"m","stream":true,"messages":[{"role":"tool","tool_call_id":"a","content":"x"}]}`, "must be a response"},
		"empty message":     {"/chat/completions", `{"model":"m","stream":true,"messages":[{"role":"user","content":""}]}`, "empty"},
		"no text to speak":  {"/audio/speech", `{"model":"m","voice":"v","response_format":"pcm","input":" "}`, "1 to 4096"},
		"no voice":          {"/audio/speech", `{"model":"m","response_format":"pcm","input":"Hi"}`, "voice"},
		"MP3":               {"/audio/speech", `{"model":"m","voice":"v","input":"Hi"}`, "pcm and wav"},
		"speech, no JSON":   {"/audio/speech", `[]`, "not JSON"},
		"no form":           {"/audio/transcriptions", `{}`, "multipart"},
		"too much to speak": {"/audio/speech", `{"model":"m","voice":"v","response_format":"pcm","input":"` + strings.Repeat("a", 5000) + `"}`, "1 to 4096"},
	} {
		resp, err := http.Post(base+tc.path, "application/json", strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		var e struct{ Error struct{ Message string } }
		if resp.StatusCode != 400 || json.Unmarshal(b, &e) != nil || !strings.Contains(e.Error.Message, tc.want) {
			t.Errorf("%s: %d %s", name, resp.StatusCode, b)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestTranscripts(t *testing.T) {
	_, base := serve(t, standin.Options{Transcripts: []string{"One.", "Two."}, TranscriptDelay: 20 * time.Millisecond})
	for _, tc := range []struct {
		size int
		want string
	}{{44 + 32000, `{"text":"One."}`}, {44 + 32000, `{"text":"Two."}`}, {60, "Audio file is too short"}} {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		file, err := w.CreateFormFile("file", "a.wav")
		if err != nil {
			t.Fatal(err)
		}
		file.Write(make([]byte, tc.size))
		w.WriteField("model", "m")
		w.Close()
		start := time.Now()
		resp, err := http.Post(base+"/audio/transcriptions", w.FormDataContentType(), &form)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !strings.Contains(string(b), tc.want) || resp.StatusCode == 200 && time.Since(start) < 20*time.Millisecond {
			t.Errorf("got %s after %v, want %s", b, time.Since(start), tc.want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestSpeech checks the moment of the first sound, and that it comes faster than
// it plays.
func TestSpeech(t *testing.T) {
	_, base := serve(t, standin.Options{FirstAudio: 50 * time.Millisecond})
	v, err := speech.New(speech.Options{BaseURL: base, Model: "m", Voice: "v"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	if err := v.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	start, n := time.Now(), 0
	var first time.Duration
	for piece, err := range v.Speak(t.Context(), tts.Request{Text: strings.Repeat("words ", 5)}) {
		if err != nil {
			t.Fatal(err)
		}
		if first == 0 {
			first = time.Since(start)
			if piece[0] == 0 {
				t.Error("the first sample is silent")
			}
		}
		n += len(piece)
	}
	whole, played := time.Since(start), time.Duration(n)*time.Second/audio.SpeakRate
	if want := 29 * 65 * time.Millisecond; played != want {
		t.Errorf("%v of sound, want %v", played, want)
	}
	if first < 50*time.Millisecond || first > time.Second || whole > played*3/4 {
		t.Errorf("first sound after %v, all %v of it after %v", first, played, whole)
	}
}

// TestListenerLeaves counts a listener who does not stay to the end.
func TestListenerLeaves(t *testing.T) {
	s := standin.New(standin.Options{})
	h := httptest.NewServer(s)
	v, err := speech.New(speech.Options{BaseURL: h.URL + "/v1", Model: "m", Voice: "v"})
	if err != nil {
		t.Fatal(err)
	}
	for range v.Speak(t.Context(), tts.Request{Text: strings.Repeat("words ", 500)}) {
		break
	}
	h.Close() // waits for the handler
	if c := s.Counts(); c.Speeches != 1 || c.Left != 1 {
		t.Errorf("counts: %+v", c)
	}
}

// TestVoiceIsNeverSilent measures every 10 ms of the rendered voice, and the
// seam at which it is repeated.
func TestVoiceIsNeverSilent(t *testing.T) {
	pcm := standin.Voice(8 * time.Second)
	half := len(pcm) / 2
	for i := range 1000 {
		if d := int(pcm[i]) - int(pcm[half+i]); d < -300 || d > 300 {
			t.Fatalf("sample %d is %d at first and %d when repeated", i, pcm[i], pcm[half+i])
		}
	}
	const window = audio.SpeakRate / 100
	for at := 0; at+window <= len(pcm); at += window {
		sum := 0.0
		for _, s := range pcm[at : at+window] {
			sum += float64(s) * float64(s)
		}
		if level := 20 * math.Log10(math.Sqrt(sum/window)/32768); level < -35 || level > -3 {
			t.Fatalf("%.1f dBFS at sample %d", level, at)
		}
	}
}

func TestKey(t *testing.T) {
	_, base := serve(t, standin.Options{Key: "secret"})
	resp, err := http.Get(base + "/models")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d", resp.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		standin.New(standin.Options{})
	}
}

// BenchmarkTurn is what one turn costs the stand-in and the engines together: a
// reply of 23 words and a clause of 2.6 s.
func BenchmarkTurn(b *testing.B) {
	_, base := serve(b, standin.Options{Speed: 1e6})
	brain := brain(b, base)
	v, err := speech.New(speech.Options{BaseURL: base, Model: "m", Voice: "v"})
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range brain.Generate(b.Context(), llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "Hi"}}}) {
			if err != nil {
				b.Fatal(err)
			}
		}
		for _, err := range v.Speak(b.Context(), tts.Request{Text: strings.Repeat("words ", 7)}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
