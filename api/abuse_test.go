package api

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pion "github.com/pion/webrtc/v4"

	"parley/audio"
	"parley/audio/g711"
	"parley/room"
	"parley/room/webrtc"
)

// direct gives the API real calls.
type direct struct{ server *webrtc.Server }

func (r direct) Answer(ctx context.Context, offer string, guest room.Guest) (string, Call, error) {
	answer, call, err := r.server.Answer(ctx, offer, guest)
	if err != nil {
		return "", nil, err
	}
	return answer, call, nil
}

// newExchange is a desk with a real room, whose clients have 500 ms to connect.
func newExchange(t *testing.T, limit int) (*desk, *webrtc.Server) {
	t.Helper()
	server, err := webrtc.New(webrtc.Config{
		UDP: "127.0.0.1:0", Codecs: []audio.Codec{g711.MuLaw()}, MaxCalls: limit, MaxConnecting: 20, ConnectTimeout: 500 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, limit, func(c *Config) { c.Rooms = direct{server} })
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
		d.close(t)
	})
	return d, server
}

// newOffer is the offer of a client that never comes.
func newOffer(t *testing.T) string {
	t.Helper()
	peer, err := pion.NewPeerConnection(pion.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer peer.GracefulClose()
	track, err := pion.NewTrackLocalStaticSample(pion.RTPCodecCapability{MimeType: pion.MimeTypePCMU, ClockRate: 8000}, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = peer.AddTrack(track); err != nil {
		t.Fatal(err)
	}
	offer, err := peer.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	return offer.SDP
}

// TestABurstOfOffers posts 1,000 offers of clients that never come. Most are
// refused, the others time out, and nothing of them is left.
func TestABurstOfOffers(t *testing.T) {
	d, server := newExchange(t, 100)
	offer := newOffer(t)
	runtime.GC()
	before := runtime.NumGoroutine()
	var mu sync.Mutex
	codes := map[int]int{}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				w := d.do(t.Context(), "POST", "/v1/realtime/calls", "application/sdp", offer)
				if w.Code == 503 && w.Header().Get("Retry-After") == "" {
					t.Error("a refusal without Retry-After")
				}
				mu.Lock()
				codes[w.Code]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	t.Logf("answers: %v", codes)
	if codes[201]+codes[503] != 1000 || codes[503] < 500 || codes[201] == 0 {
		t.Errorf("1,000 offers were answered with %v", codes)
	}
	eventually(t, "the calls that never came about to be gone", func() bool {
		return server.Stats() == webrtc.Stats{} && d.host.Count() == 0 && runtime.NumGoroutine() <= before+5
	})
}

// eventually waits for what other goroutines are about to do.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	for !is() {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestGarbageOffers(t *testing.T) {
	d, server := newExchange(t, 100)
	offer := newOffer(t)
	random := rand.New(rand.NewPCG(9, 9))
	for i := range 100 {
		garbled := []byte(offer)
		switch i % 4 {
		case 0: // some bytes are others
			for range 1 + random.IntN(40) {
				garbled[random.IntN(len(garbled))] = byte(random.IntN(256))
			}
		case 1: // it breaks off
			garbled = garbled[:random.IntN(len(garbled))]
		case 2: // lines in another order
			lines := strings.SplitAfter(offer, "\n")
			random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			garbled = []byte(strings.Join(lines, ""))
		case 3:
			garbled = make([]byte, random.IntN(2000))
			for k := range garbled {
				garbled[k] = byte(random.IntN(256))
			}
		}
		if w := d.do(t.Context(), "POST", "/v1/realtime/calls", "application/sdp", string(garbled)); w.Code == 500 {
			t.Errorf("an offer is answered with 500: %q", garbled)
		}
	}
	eventually(t, "what was taken for an offer to be gone", func() bool { return server.Stats() == webrtc.Stats{} && d.host.Count() == 0 })
}

// TestManyConversations has 200 conversations one after another: what they used
// is given back.
func TestManyConversations(t *testing.T) {
	d := newDesk(t, 4, same)
	talk := func(i int) {
		d.do(t.Context(), "POST", "/v1/conversations", "", "")
		path := fmt.Sprintf("/v1/conversations/c%d", i)
		for _, text := range []string{"hello", "use a tool", "fail"} {
			if w := d.do(t.Context(), "POST", path+"/messages", "", fmt.Sprintf(`{"text":%q}`, text)); w.Code != http.StatusOK {
				t.Fatal(w.Body)
			}
		}
		if w := d.do(t.Context(), "DELETE", path, "", ""); w.Code != http.StatusNoContent {
			t.Fatal(w.Body)
		}
		eventually(t, "the conversation to be gone", func() bool { return d.host.Count() == 0 })
	}
	measure := func() (goroutines int, heap uint64) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapAlloc
	}
	for i := range 20 {
		talk(i + 1)
	}
	goroutines, heap := measure()
	for i := range 180 {
		talk(i + 21)
	}
	g, h := measure()
	t.Logf("goroutines %d, then %d; heap %d KiB, then %d KiB", goroutines, g, heap>>10, h>>10)
	if g > goroutines+3 || h > heap+1<<20 {
		t.Errorf("after 180 more conversations there are %d goroutines (before %d) and %d KiB (before %d)", g, goroutines, h>>10, heap>>10)
	}
	d.close(t)
}

// TestAConversationOutlivesItsCalls begins by text and is called twice.
func TestAConversationOutlivesItsCalls(t *testing.T) { synctest.Test(t, aConversationOutlivesItsCalls) }

func aConversationOutlivesItsCalls(t *testing.T) {
	d := newDesk(t, 4, same)
	d.do(t.Context(), "POST", "/v1/conversations", "", "")
	events := d.host.Find("c1").Subscribe(256, false)
	for _, words := range []string{"the first call", "the second call"} {
		d.script.mu.Lock()
		d.script.lines = append(d.script.lines, words)
		d.script.mu.Unlock()
		w := d.do(t.Context(), "POST", "/v1/realtime/calls?conversation=c1", "application/sdp", "o")
		check(t, w.Result(), 201, "answer", "")
		check(t, d.do(t.Context(), "POST", "/v1/realtime/calls?conversation=c1", "application/sdp", "o").Result(), 409, "already", "in-call")
		call := d.lobby.last()
		call.pass(100*time.Millisecond, false)
		call.pass(600*time.Millisecond, true)
		call.pass(900*time.Millisecond, false)
		found := false
		for !found {
			e := <-events.Events()
			raw, err := e.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			found = e.Event.Kind() == "transcript.final" && strings.Contains(string(raw), words)
		}
		check(t, d.do(t.Context(), "DELETE", w.Header().Get("Location"), "", "").Result(), 204, "", "")
		eventually(t, "the call to be gone", func() bool { d.mu.Lock(); defer d.mu.Unlock(); return len(d.calls) == 0 })
		check(t, d.do(t.Context(), "POST", "/v1/conversations/c1/messages", "", `{"text":"still there?"}`).Result(), 200, "You said still there?", "")
	}
	events.Close()
	d.close(t)
}

// TestMetricsOfAConversation has a caller interrupt, cough, meet a failure and use
// a tool, and looks for all of it in /metrics.
func TestMetricsOfAConversation(t *testing.T) { synctest.Test(t, metricsOfAConversation) }

func metricsOfAConversation(t *testing.T) {
	d := newDesk(t, 4, same)
	d.script.lines = []string{"tell a story?", "", "use a tool?", "fail"}
	d.do(t.Context(), "POST", "/v1/realtime/calls", "application/sdp", "o")
	call := d.lobby.last()
	say := func(voice, silence time.Duration) {
		call.pass(voice, true)
		call.pass(silence, false)
	}
	say(500*time.Millisecond, 1500*time.Millisecond) // the story begins
	say(200*time.Millisecond, time.Second)           // a cough: no words
	say(600*time.Millisecond, 3*time.Second)         // an interruption, answered by way of a tool
	say(600*time.Millisecond, 2*time.Second)         // the recogniser fails
	d.do(t.Context(), "DELETE", "/v1/realtime/calls/c1", "", "")
	d.close(t)
	got := d.do(t.Context(), "GET", "/metrics", "", "").Body.String()
	for _, want := range []string{
		`parley_turns_total{cause="barge_in"} `, `parley_turn_stage_seconds_count{stage="decided"}`, `parley_turn_stage_seconds_count{stage="transcript"}`,
		`parley_turn_stage_seconds_count{stage="first_token"}`, `parley_turn_stage_seconds_count{stage="first_audio"}`, "parley_time_to_silence_seconds_count",
		`parley_interruptions_total{outcome="confirmed"} `, `parley_interruptions_total{outcome="false"} `, `parley_failures_total{stage="recognition"} `,
		`parley_tool_seconds_count{ok="true",tool="look"} 1`, `parley_dropped_total{what="hearing"} 0`, "parley_conversations_total 1", "parley_conversations 0",
		"go_goroutines", "process_",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if t.Failed() {
		for l := range strings.Lines(got) {
			if strings.HasPrefix(l, "parley_") && !strings.Contains(l, "bucket") {
				t.Log(strings.TrimSpace(l))
			}
		}
	}
}
