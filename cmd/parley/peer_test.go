package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"parley/audio"
)

// happening is an event of a conversation, as a client sees it.
type happening struct {
	Type, Text, Heard, Cause, Source string
	Turn                             int
	At                               int `json:"at_ms"`
	came                             time.Time
}

// phone is a caller whose microphone plays what the test wants, and who reads the
// conversation's events.
type phone struct {
	t      *testing.T
	peer   *pion.PeerConnection
	events *pion.DataChannel
	track  *pion.TrackLocalStaticRTP

	mu       sync.Mutex
	queue    []int16 // at audio.SpeakRate
	log      []happening
	arrivals []time.Time // of packets
	voiced   time.Time   // when the first packet came that is no silence
	news     chan struct{}
}

// newPeer is a client's side of a connection on this machine.
func newPeer(t *testing.T) *pion.PeerConnection {
	t.Helper()
	var settings pion.SettingEngine
	settings.LoggerFactory = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled, ScopeLevels: map[string]logging.LogLevel{}}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	settings.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4})
	media := &pion.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	peer, err := pion.NewAPI(pion.WithSettingEngine(settings), pion.WithMediaEngine(media), pion.WithInterceptorRegistry(&interceptor.Registry{})).NewPeerConnection(pion.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	return peer
}

// dial calls the agent. offered and answered change offer and answer on their way.
func (a *shopAgent) dial(t *testing.T, codec audio.Codec, offered, answered func(string) string) *phone {
	t.Helper()
	return a.dialAt(t, "/v1/realtime/calls", codec, offered, answered)
}

// dialAt is dial with a path of its own.
func (a *shopAgent) dialAt(t *testing.T, path string, codec audio.Codec, offered, answered func(string) string) *phone {
	t.Helper()
	peer := newPeer(t)
	p := &phone{t: t, peer: peer, news: make(chan struct{}, 1)}
	capability := pion.RTPCodecCapability{MimeType: "audio/" + codec.Name, ClockRate: uint32(codec.ClockRate)}
	if strings.EqualFold(codec.Name, "opus") {
		capability.Channels = 2
	}
	var err error
	if p.track, err = pion.NewTrackLocalStaticRTP(capability, "microphone", "caller"); err != nil {
		t.Fatal(err)
	}
	if _, err = peer.AddTrack(p.track); err != nil {
		t.Fatal(err)
	}
	if p.events, err = peer.CreateDataChannel("parley", nil); err != nil {
		t.Fatal(err)
	}
	opened := make(chan struct{})
	p.events.OnOpen(func() { close(opened) })
	p.events.OnMessage(p.take)
	peer.OnTrack(func(track *pion.TrackRemote, _ *pion.RTPReceiver) {
		for {
			packet, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.arrivals = append(p.arrivals, time.Now())
			if p.voiced.IsZero() && len(packet.Payload) > len(codec.Silence)+audible {
				p.voiced = time.Now()
			}
			p.mu.Unlock()
		}
	})
	ctx, stop := context.WithCancel(context.Background())
	var talking sync.WaitGroup
	t.Cleanup(func() {
		stop()
		talking.Wait()
		if err := peer.GracefulClose(); err != nil {
			t.Error(err)
		}
	})
	offer, err := peer.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := pion.GatheringCompletePromise(peer)
	if err := peer.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	answer := postOffer(t, a.url+path, offered(peer.LocalDescription().SDP))
	if err := peer.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answered(answer)}); err != nil {
		t.Fatalf("%v\n%s", err, answer)
	}
	select {
	case <-opened:
	case <-time.After(15 * time.Second):
		t.Fatal("the call did not come about")
	}
	encoder, err := codec.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	talking.Go(func() {
		defer encoder.Close()
		p.talk(ctx, encoder, uint32(codec.ClockRate/50))
	})
	return p
}

// audible is how many bytes a packet of voice has more than one of silence, at least.
const audible = 8

func unchanged(sdp string) string { return sdp }

func postOffer(t *testing.T, url, offer string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(offer))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/sdp")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s %v", response.StatusCode, body, err)
	}
	return string(body)
}

// talk sends the microphone's sound, 20 ms at a time, until ctx ends.
func (p *phone) talk(ctx context.Context, encoder audio.Encoder, step uint32) {
	tick := time.NewTicker(audio.Tick)
	defer tick.Stop()
	packet := rtp.Packet{Header: rtp.Header{Version: 2}}
	pcm := make([]int16, audio.SpeakTick)
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		p.mu.Lock()
		n := copy(pcm, p.queue)
		p.queue = p.queue[n:]
		p.mu.Unlock()
		clear(pcm[n:])
		payload, err := encoder.Encode(packet.Payload[:0], pcm)
		if err != nil {
			p.t.Error(err)
			return
		}
		packet.Payload = payload
		packet.SequenceNumber++
		packet.Timestamp += step
		_ = p.track.WriteRTP(&packet) // lost, as on any network
	}
}

// play puts sound at audio.SpeakRate before the microphone.
func (p *phone) play(pcm []int16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, pcm...)
}

// send sends a typed message.
func (p *phone) send(text string) {
	p.t.Helper()
	message, err := json.Marshal(map[string]string{"type": "message", "text": text})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.events.SendText(string(message)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *phone) take(m pion.DataChannelMessage) {
	var h happening
	if json.Unmarshal(m.Data, &h) != nil {
		p.t.Errorf("no event: %s", m.Data)
		return
	}
	h.came = time.Now()
	p.mu.Lock()
	p.log = append(p.log, h)
	p.mu.Unlock()
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// mark is a place in the log.
func (p *phone) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.log)
}

// since copies what has happened since a place.
func (p *phone) since(mark int) []happening {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]happening(nil), p.log[mark:]...)
}

// await waits for an event after a place in the log; ok is false after limit.
func (p *phone) await(mark int, limit time.Duration, is func(happening) bool) (h happening, ok bool) {
	timeout := time.After(limit)
	for {
		for _, h := range p.since(mark) {
			if is(h) {
				return h, true
			}
		}
		select {
		case <-p.news:
		case <-timeout:
			return happening{}, false
		}
	}
}

// must is await, or the end of the test.
func (p *phone) must(mark int, limit time.Duration, what string, is func(happening) bool) happening {
	p.t.Helper()
	h, ok := p.await(mark, limit, is)
	if !ok {
		p.t.Fatalf("%s did not come within %v, but\n%s", what, limit, story(p.since(mark)))
	}
	return h
}

func kind(name string) func(happening) bool { return func(h happening) bool { return h.Type == name } }

func story(log []happening) string {
	var b strings.Builder
	for _, h := range log {
		if h.Type != "reply.spoken" && h.Type != "reply.delta" {
			fmt.Fprintf(&b, "%6d ms turn %d %s %q %q %s\n", h.At, h.Turn, h.Type, h.Text, h.Heard, h.Cause)
		}
	}
	return b.String()
}
