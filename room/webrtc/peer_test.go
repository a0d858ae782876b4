package webrtc

import (
	"context"
	"log/slog"
	"math"
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
	"parley/audio/g711"
)

const patience = 15 * time.Second

// peer is a client made of pion, speaking mu-law.
type peer struct {
	t          testing.TB
	connection *pion.PeerConnection
	track      *pion.TrackLocalStaticRTP
	connected  chan struct{}
	closed     chan struct{}
	packets    chan *rtp.Packet
	loops      sync.WaitGroup
	ctx        context.Context
	stop       context.CancelFunc
}

type peerOptions struct {
	mime    string // default audio/PCMU
	rate    uint32
	network []pion.NetworkType
	noTrack bool
}

// newPeer makes a client. It is closed when the test ends.
func newPeer(t testing.TB, options peerOptions) *peer {
	t.Helper()
	var settings pion.SettingEngine
	settings.LoggerFactory = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled, ScopeLevels: map[string]logging.LogLevel{}}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	if options.network == nil {
		options.network = []pion.NetworkType{pion.NetworkTypeUDP4}
	}
	settings.SetNetworkTypes(options.network)
	engine := &pion.MediaEngine{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	api := pion.NewAPI(pion.WithSettingEngine(settings), pion.WithMediaEngine(engine),
		pion.WithInterceptorRegistry(&interceptor.Registry{}))
	connection, err := api.NewPeerConnection(pion.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{
		t: t, connection: connection,
		connected: make(chan struct{}), closed: make(chan struct{}),
		packets: make(chan *rtp.Packet, 4096),
	}
	p.ctx, p.stop = context.WithCancel(context.Background())
	t.Cleanup(p.close)
	var once, twice sync.Once
	connection.OnConnectionStateChange(func(state pion.PeerConnectionState) {
		switch state {
		case pion.PeerConnectionStateConnected:
			once.Do(func() { close(p.connected) })
		case pion.PeerConnectionStateClosed, pion.PeerConnectionStateFailed:
			twice.Do(func() { close(p.closed) })
		}
	})
	connection.OnTrack(func(track *pion.TrackRemote, _ *pion.RTPReceiver) {
		for {
			packet, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			select {
			case p.packets <- packet:
			default:
			}
		}
	})
	if options.noTrack {
		return p
	}
	if options.mime == "" {
		options.mime, options.rate = pion.MimeTypePCMU, 8000
	}
	p.track, err = pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: options.mime, ClockRate: options.rate}, "microphone", "caller")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connection.AddTrack(p.track); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *peer) close() {
	p.stop()
	if err := p.connection.GracefulClose(); err != nil {
		p.t.Error(err)
	}
	p.loops.Wait()
}

// offer makes an offer with all candidates in it.
func (p *peer) offer(options *pion.OfferOptions) string {
	p.t.Helper()
	offer, err := p.connection.CreateOffer(options)
	if err != nil {
		p.t.Fatal(err)
	}
	gathered := pion.GatheringCompletePromise(p.connection)
	if err := p.connection.SetLocalDescription(offer); err != nil {
		p.t.Fatal(err)
	}
	wait(p.t, gathered, "the peer's candidates")
	return p.connection.LocalDescription().SDP
}

func (p *peer) accept(answer string) {
	p.t.Helper()
	err := p.connection.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer})
	if err != nil {
		p.t.Fatalf("%v\n%s", err, answer)
	}
}

// call connects the peer to a server.
func (p *peer) call(s *Server, g *guest) *Call {
	p.t.Helper()
	answer, call, err := s.Answer(p.t.Context(), p.offer(nil), g)
	if err != nil {
		p.t.Fatal(err)
	}
	p.accept(answer)
	wait(p.t, p.connected, "the connection")
	// A packet says that the server is there too.
	select {
	case <-p.packets:
	case <-time.After(patience):
		p.t.Fatal("the server sends nothing")
	}
	return call
}

// say sends a tone in mu-law until the peer is closed; hz is asked for each tick.
func (p *peer) say(hz func() float64) {
	codec := g711.MuLaw()
	encoder, err := codec.NewEncoder()
	if err != nil {
		p.t.Fatal(err)
	}
	p.loops.Go(func() {
		defer encoder.Close()
		ticker := time.NewTicker(audio.Tick)
		defer ticker.Stop()
		phase := 0.0
		pcm := make([]int16, audio.SpeakTick)
		packet := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: 65530, Timestamp: math.MaxUint32 - 4000}}
		for {
			select {
			case <-p.ctx.Done():
				return
			case <-ticker.C:
			}
			for i := range pcm {
				pcm[i] = int16(8000 * math.Sin(phase))
				phase += 2 * math.Pi * hz() / audio.SpeakRate
			}
			packet.Payload, err = encoder.Encode(packet.Payload[:0], pcm)
			if err != nil {
				p.t.Error(err)
				return
			}
			packet.SequenceNumber++
			packet.Timestamp += 160
			_ = p.track.WriteRTP(packet)
		}
	})
}

// hear collects n samples at 16 kHz from packets of mu-law.
func (p *peer) hear(n int) []int16 {
	p.t.Helper()
	decoder, err := g711.MuLaw().NewHearing()
	if err != nil {
		p.t.Fatal(err)
	}
	defer decoder.Close()
	var pcm []int16
	timeout := time.After(patience)
	for len(pcm) < n {
		select {
		case packet := <-p.packets:
			if pcm, err = decoder.Decode(pcm, packet.Payload); err != nil {
				p.t.Fatal(err)
			}
		case <-timeout:
			p.t.Fatalf("heard %d of %d samples", len(pcm), n)
		}
	}
	return pcm
}

// newTestServer opens a server on loopback that is closed, and must be empty, when
// the test ends.
func newTestServer(t testing.TB, change func(*Config)) *Server {
	t.Helper()
	config := Config{UDP: "127.0.0.1:0", Codecs: []audio.Codec{g711.MuLaw()}, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&config)
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		if stats := s.Stats(); stats != (Stats{}) {
			t.Errorf("after closing the server counts %+v", stats)
		}
	})
	return s
}

func wait(t testing.TB, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
	}
}

func lines(sdp, prefix string) (found []string) {
	for line := range strings.Lines(sdp) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, prefix) {
			found = append(found, line)
		}
	}
	return found
}
