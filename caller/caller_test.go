package caller

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/audio"
	"parley/audio/g711"
	"parley/room"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// speak is a speech of a tone between silences.
func speak(t testing.TB, codec audio.Codec, voiced time.Duration) *Speech {
	t.Helper()
	const around = 160 * time.Millisecond
	n := func(d time.Duration) int { return int(d/audio.Tick) * audio.SpeakTick }
	pcm := make([]int16, n(voiced)+2*n(around))
	for i := range n(voiced) {
		pcm[n(around)+i] = int16(9000 * math.Sin(2*math.Pi*250*float64(i)/audio.SpeakRate))
	}
	speech, err := NewSpeech("tone", pcm, codec)
	if err != nil {
		t.Fatal(err)
	}
	if got := speech.Voiced(); got < voiced || got > voiced+2*audio.Tick {
		t.Fatalf("%v of the speech are voiced, want %v", got, voiced)
	}
	return speech
}

// within allows for two ticks at the agent's side: that in which it says or does not
// say something, and that in which it hears the beginning or end of something; and
// for one on the way, on a busy machine.
func within(t *testing.T, what string, s Summary, n int, want time.Duration) {
	t.Helper()
	ms := float64(want / time.Millisecond)
	if s.N != n || s.Min < ms-20 || s.P50 > ms+60 {
		t.Errorf("%s: %+v, want %d of %.0f ms", what, s, n, ms)
	}
}

func TestMeasuresAnswersAndSilence(t *testing.T) {
	for _, shape := range []Shape{Raw, JSON} {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			// What a machine that stands still for a while measures is itself.
			const stall, attempts = 80.0, 2
			for attempt := 1; ; attempt++ {
				report, heard := measure(t, shape)
				if report.PacketGap.Max < stall {
					expectMeasured(t, report, heard)
					return
				}
				if attempt == attempts {
					t.Skipf("the machine stood still for %.0f ms in each of %d attempts", report.PacketGap.Max, attempts)
				}
			}
		})
	}
}

// measure calls an agent with known manners.
func measure(t *testing.T, shape Shape) (report *Report, heard int) {
	t.Helper()
	a := newAgent(t, &agent{after: 400 * time.Millisecond, length: time.Second, stop: 120 * time.Millisecond})
	codec := g711.MuLaw()
	report, err := Run(t.Context(), Options{
		Greeting: 100 * time.Millisecond,
		URL:      a.URL, Shape: shape, Codec: codec, Turns: 3, Sessions: 2,
		Speeches: []*Speech{speak(t, codec, 600*time.Millisecond)},
		BargeIn:  500 * time.Millisecond,
		Record:   func(pcm []int16) { heard += len(pcm) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if shape == Raw {
		for _, cause := range a.gone() {
			if !errors.Is(cause, room.ErrHungUp) {
				t.Errorf("a call ended with %v", cause)
			}
		}
	}
	return report, heard
}

func expectMeasured(t *testing.T, report *Report, heard int) {
	t.Helper()
	within(t, "end of speech to first audible", report.EndToFirstAudible, 6, 400*time.Millisecond)
	within(t, "time to silence", report.TimeToSilence, 4, 120*time.Millisecond)
	within(t, "packet gap", report.PacketGap, report.PacketGap.N, 20*time.Millisecond)
	if report.OfferToFirstPacket.N != 2 || report.OfferToFirstPacket.Max > 2000 {
		t.Errorf("offer to first packet: %+v", report.OfferToFirstPacket)
	}
	if !report.OK() || report.Turns.Answered != 6 || report.BargeIns.Made != 4 || report.BargeIns.Silenced != 4 {
		t.Errorf("the report is %+v", report)
	}
	if heard < 3*audio.HearRate {
		t.Errorf("%d samples were recorded", heard)
	}
	var table strings.Builder
	if err := report.Print(&table); err != nil {
		t.Fatal(err)
	}
	t.Log(&table)
	for _, want := range []string{"time to silence", "turns: 6 of 6 answered", "barge-ins: 4 of 4 silenced"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, &table)
		}
	}
}

func TestAgentThatNeverAnswers(t *testing.T) {
	t.Parallel()
	a := newAgent(t, &agent{deaf: true})
	report, err := Run(t.Context(), Options{
		Greeting: 100 * time.Millisecond,
		URL:      a.URL, Shape: Raw, Codec: g711.MuLaw(), Timeout: time.Second,
		Speeches: []*Speech{speak(t, g711.MuLaw(), 200*time.Millisecond)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.OK() || report.Turns.Missed != 1 || report.EndToFirstAudible.N != 0 {
		t.Errorf("the report is %+v", report)
	}
}

func TestAgentHangsUp(t *testing.T) {
	t.Parallel()
	a := newAgent(t, &agent{deaf: true})
	go func() {
		for a.server.Stats() != (struct{ Calls, Connecting int }{1, 0}) {
			select {
			case <-t.Context().Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, call := range a.calls {
			go call.Hangup(t.Context(), nil)
		}
	}()
	report, err := Run(t.Context(), Options{
		Greeting: 100 * time.Millisecond,
		URL:      a.URL, Shape: Raw, Codec: g711.MuLaw(),
		Speeches: []*Speech{speak(t, g711.MuLaw(), 200*time.Millisecond)},
	})
	if !errors.Is(err, errAgentHungUp) || report.Failed != 1 || report.Turns.Missed != 1 {
		t.Errorf("%v, the report is %+v", err, report)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	a := newAgent(t, &agent{deaf: true})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := Run(ctx, Options{
		Greeting: 100 * time.Millisecond,
		URL:      a.URL, Shape: Raw, Codec: g711.MuLaw(), Sessions: 2, Stagger: time.Minute,
		Speeches: []*Speech{speak(t, g711.MuLaw(), 200*time.Millisecond)},
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestPlainErrors(t *testing.T) {
	codec := g711.MuLaw()
	speech := speak(t, codec, 200*time.Millisecond)
	reply := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for _, c := range []struct {
		name  string
		shape Shape
		serve http.HandlerFunc
		says  []string
	}{
		{"not found", Raw, http.NotFound, []string{"404", "address that takes offers"}},
		{"wrong type", Raw, reply(415, "application/problem+json", `{"title":"Unsupported","detail":"Send JSON."}`), []string{"415", "--shape json", "Send JSON."}},
		{"wrong type", JSON, reply(415, "text/plain", "only SDP"), []string{"415", "--shape raw", "only SDP"}},
		{"FastAPI", Raw, reply(422, "application/json", `{"detail":"field required"}`), []string{"422", "field required"}},
		{"OpenAI", Raw, reply(401, "application/json", `{"error":{"message":"no key"}}`), []string{"401", "--header", "no key"}},
		{"busy", Raw, reply(503, "text/html", "<html>"), []string{"503", "too many calls"}},
		{"a page", Raw, reply(200, "text/html", "<!doctype html><p>Hello"), []string{"not answer with an SDP", "Hello"}},
		{"JSON for SDP", Raw, reply(200, "application/json", `{"sdp":"v=0"}`), []string{"not answer with an SDP", "--shape json"}},
		{"SDP for JSON", JSON, reply(201, "application/sdp", "v=0\r\n"), []string{"not answer with JSON"}},
		{"an offer for an answer", JSON, reply(200, "application/json", `{"type":"offer","sdp":"v=0"}`), []string{`type "offer"`}},
		{"nothing", Raw, reply(201, "application/sdp", ""), []string{"nothing"}},
		{"a broken SDP", Raw, reply(201, "application/sdp", "v=0\r\nhello\r\n"), []string{"cannot be used"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			web := httptest.NewServer(c.serve)
			defer web.Close()
			report, err := Run(t.Context(), Options{URL: web.URL, Shape: c.shape, Codec: codec, Speeches: []*Speech{speech}, Timeout: 5 * time.Second})
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if report.Failed != 1 || report.OK() {
				t.Errorf("the report is %+v", report)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		web := httptest.NewServer(http.NotFoundHandler())
		web.Close()
		_, err := Run(t.Context(), Options{URL: web.URL, Shape: Raw, Codec: codec, Speeches: []*Speech{speech}})
		if err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("got %v", err)
		}
	})
	for name, o := range map[string]Options{
		"no URL":    {URL: "hello", Shape: Raw, Speeches: []*Speech{speech}},
		"no shape":  {URL: "http://127.0.0.1", Shape: "xml", Speeches: []*Speech{speech}},
		"no speech": {URL: "http://127.0.0.1", Shape: Raw},
	} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
