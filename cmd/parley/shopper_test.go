package main

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	pion "github.com/pion/webrtc/v4"

	"parley/audio"
	"parley/config"
	"parley/internal/livekittest"
)

// shopper is a person in a LiveKit room, by LiveKit's own client.
type shopper struct {
	*phone // of which the microphone is used
	room   *lksdk.Room
	joined time.Time

	mu       sync.Mutex
	heard    listener    // what came of the agent's voice
	audible  []time.Time // its packets with sound
	captions []caption
	states   []string
	news     chan struct{}
}

// caption is one text stream of a transcription.
type caption struct {
	from, text string
	attributes map[string]string
}

// startInRooms starts a LiveKit server and an agent that joins its rooms.
func startInRooms(t *testing.T, changes ...func(*config.Config)) (*shopAgent, *livekittest.Server) {
	t.Helper()
	server := livekittest.Start(t)
	a := startAgent(t, func(c *config.Config) {
		c.LiveKit.URL, c.LiveKit.APIKey, c.LiveKit.APISecret = server.URL(), livekittest.Key, livekittest.Secret
		c.LiveKit.Grace, c.LiveKit.Drain = 5*time.Second, time.Second
		for _, change := range changes {
			change(c)
		}
	})
	a.awaitReady(t)
	return a, server
}

// awaitReady waits until the agent says that it is ready.
func (a *shopAgent) awaitReady(t *testing.T) {
	t.Helper()
	for began := time.Now(); ; {
		if strings.Contains(get(t, a.url+"/readyz"), `"status":"ready"`) {
			return
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("the agent is not ready: %s", get(t, a.url+"/readyz"))
		}
		select {
		case <-t.Context().Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// post asks the agent's API for something and decodes the answer.
func post(t *testing.T, url, key, body string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %d %s %v", url, response.StatusCode, answer, err)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		t.Fatal(err)
	}
}

// enter joins a room with a token of the API's, and speaks and hears there.
func (a *shopAgent) enter(t *testing.T, name string) *shopper {
	t.Helper()
	return a.enterFor(t, "", name, "{}")
}

// enterFor is enter for somebody whom a key's owner tells of.
func (a *shopAgent) enterFor(t *testing.T, key, name, wish string) *shopper {
	t.Helper()
	var ticket struct{ URL, Token string }
	post(t, a.url+"/v1/rooms/"+name+"/token", key, wish, &ticket)
	s := &shopper{phone: &phone{t: t, news: make(chan struct{}, 1)}, news: make(chan struct{}, 1)}
	codec := a.engines.opus.Codec()
	var err error
	s.track, err = pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: pion.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "microphone", "shopper")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var busy sync.WaitGroup
	s.room = lksdk.NewRoom(&lksdk.RoomCallback{ParticipantCallback: lksdk.ParticipantCallback{
		OnTrackSubscribed: func(track *pion.TrackRemote, _ *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
			busy.Go(func() { s.hear(track, codec) })
		},
		OnAttributesChanged: func(changed map[string]string, p lksdk.Participant) {
			if state := changed["lk.agent.state"]; state != "" && p.Identity() != s.room.LocalParticipant.Identity() {
				s.mu.Lock()
				s.states = append(s.states, state)
				s.mu.Unlock()
				s.tell()
			}
		},
	}})
	err = s.room.RegisterTextStreamHandler("lk.transcription", func(r *lksdk.TextStreamReader, from string) {
		text := r.ReadAll()
		s.mu.Lock()
		s.captions = append(s.captions, caption{from, text, r.Info.Attributes})
		s.mu.Unlock()
		s.tell()
	})
	if err != nil {
		t.Fatal(err)
	}
	s.joined = time.Now()
	if err := s.room.JoinWithToken(ticket.URL, ticket.Token); err != nil {
		t.Fatal(err)
	}
	if _, err := s.room.LocalParticipant.PublishTrack(s.track, &lksdk.TrackPublicationOptions{Name: "microphone", Source: livekit.TrackSource_MICROPHONE}); err != nil {
		t.Fatal(err)
	}
	encoder, err := codec.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	busy.Go(func() {
		defer encoder.Close()
		s.talk(ctx, encoder, uint32(codec.ClockRate/50))
	})
	t.Cleanup(func() {
		s.room.Disconnect()
		stop()
		busy.Wait()
	})
	return s
}

func (s *shopper) tell() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// hear decodes the agent's voice until its track ends.
func (s *shopper) hear(track *pion.TrackRemote, codec audio.Codec) {
	decoder, err := codec.NewRecording()
	if err != nil {
		s.t.Error(err)
		return
	}
	defer decoder.Close()
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		now := time.Now()
		pcm, err := decoder.Decode(nil, packet.Payload)
		if err != nil {
			continue
		}
		s.heard.record(pcm)
		if loud(pcm) {
			s.mu.Lock()
			s.audible = append(s.audible, now)
			s.mu.Unlock()
			s.tell()
		}
	}
}

// loud says whether there is something to hear.
func loud(pcm []int16) bool {
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum/float64(max(1, len(pcm)))) > 60
}

// until waits for something to become true of the shopper, whose mutex is held then.
func (s *shopper) until(what string, limit time.Duration, is func() bool) {
	s.t.Helper()
	late := time.After(limit)
	for {
		s.mu.Lock()
		done := is()
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-s.news:
		case <-late:
			s.mu.Lock()
			defer s.mu.Unlock()
			s.t.Fatalf("%s did not come within %v; states %q, captions %+v, %d audible packets", what, limit, s.states, s.captions, len(s.audible))
		case <-time.After(20 * time.Millisecond): // for what is not told of
		}
	}
}

// quiet waits until the agent has not been heard for a while.
func (s *shopper) quiet(limit time.Duration) {
	s.t.Helper()
	s.until("silence", limit, func() bool {
		return len(s.audible) > 0 && time.Since(s.audible[len(s.audible)-1]) > 700*time.Millisecond
	})
}

// said says whether somebody's final caption has all words; the mutex is held.
func (s *shopper) said(agent bool, words ...string) bool {
	for _, c := range s.captions {
		if strings.HasPrefix(c.from, "agent-") == agent && c.attributes["lk.transcription_final"] == "true" && holdsAll(strings.ToLower(c.text), words...) {
			return true
		}
	}
	return false
}
