package caller

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"parley/audio"
	"parley/audio/g711"
	"parley/room"
	"parley/room/webrtc"
)

// agent is a voice agent with known manners: it answers when the caller has been
// silent for after, with a tone of length, and stops when it has heard the caller
// for stop.
type agent struct {
	after, length, stop time.Duration
	deaf                bool // never answers
	endless             bool // never stops

	server *webrtc.Server
	codec  audio.Codec
	URL    string

	mu    sync.Mutex
	calls map[string]*webrtc.Call
	left  []error
}

// newAgent serves an agent over HTTP, in both shapes.
func newAgent(t testing.TB, a *agent) *agent {
	t.Helper()
	if a.codec.Name == "" {
		a.codec = g711.MuLaw()
	}
	server, err := webrtc.New(webrtc.Config{UDP: "127.0.0.1:0", Codecs: []audio.Codec{a.codec}})
	if err != nil {
		t.Fatal(err)
	}
	a.server, a.calls = server, map[string]*webrtc.Call{}
	web := httptest.NewServer(a)
	a.URL = web.URL
	t.Cleanup(func() {
		web.Close()
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return a
}

func (a *agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete {
		a.mu.Lock()
		call := a.calls[r.URL.Path]
		delete(a.calls, r.URL.Path)
		a.mu.Unlock()
		if call == nil {
			http.NotFound(w, r)
			return
		}
		_ = call.Hangup(r.Context(), nil)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	body, _ := io.ReadAll(r.Body)
	offer := string(body)
	asJSON := r.Header.Get("Content-Type") == "application/json"
	if asJSON {
		var d description
		_ = json.Unmarshal(body, &d)
		offer = d.SDP
	}
	answer, call, err := a.server.Answer(r.Context(), offer, &mind{agent: a})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if asJSON {
		_ = json.NewEncoder(w).Encode(description{"answer", answer})
		return
	}
	a.mu.Lock()
	location := fmt.Sprintf("/calls/%d", len(a.calls))
	a.calls[location] = call
	a.mu.Unlock()
	w.Header().Set("Location", location)
	w.Header().Set("Content-Type", "application/sdp")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
}

// gone returns why calls ended so far.
func (a *agent) gone() []error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]error(nil), a.left...)
}

// mind is the agent in one call.
type mind struct {
	agent *agent

	mu sync.Mutex
	lastHeard,
	began time.Time // of what the caller says, of what the agent does
	heard    bool // something that was not answered yet
	overlap  time.Time
	speaking bool
	phase    float64
}

func (m *mind) Hear(pcm []int16, _ int64) bool {
	if level(pcm) < voicedFloor {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lastHeard, m.heard = time.Now(), true
	if m.speaking && m.overlap.IsZero() {
		m.overlap = m.lastHeard
	}
	return false
}

func (m *mind) Record([]int16, int64) {}

func (m *mind) Next(dst []int16) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, now := m.agent, time.Now()
	switch {
	case m.speaking && !a.endless && (!m.overlap.IsZero() && now.Sub(m.overlap) >= a.stop || now.Sub(m.began) >= a.length):
		m.speaking, m.overlap = false, time.Time{}
	case !m.speaking && m.heard && now.Sub(m.lastHeard) >= a.after && !a.deaf:
		m.speaking, m.heard, m.began = true, false, now
	}
	if !m.speaking {
		return false
	}
	for i := range dst {
		dst[i] = int16(6000 * math.Sin(m.phase))
		m.phase += 2 * math.Pi * 300 / audio.SpeakRate
	}
	return true
}

func (m *mind) Open(room.Channel) {}

func (m *mind) Left(cause error) {
	m.agent.mu.Lock()
	defer m.agent.mu.Unlock()
	m.agent.left = append(m.agent.left, cause)
}
