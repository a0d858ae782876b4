package rtvi

import (
	"bytes"
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
	"parley/audio/g711"
)

// limit bounds the wait for one thing to happen.
const limit = 15 * time.Second

// client is one of RTVI, made of pion: it offers what SmallWebRTCTransport offers.
type client struct {
	t       testing.TB
	shop    *shop
	bearer  string
	session string
	id      string // the pc_id
	// requestData is what the app adds to its offers.
	requestData map[string]any
	plain       bool // no video is offered; pion cannot negotiate again where it was refused

	connection *pion.PeerConnection
	channel    *pion.DataChannel
	track      *pion.TrackLocalStaticRTP
	closed     chan struct{} // the channel
	stop       context.CancelFunc
	talking    sync.WaitGroup

	mu   sync.Mutex
	loud bool
	log  []told
	news chan struct{}
}

// told is a message that a client was sent.
type told struct {
	ID, Label, Type string
	Data, Message   map[string]any
}

// request makes a request and returns what the body of the answer holds.
func (s *shop) request(t testing.TB, method, path, bearer string, body any) (status int, answer map[string]any) {
	t.Helper()
	text, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, s.URL+path, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&answer); err != nil {
		t.Fatalf("%s %s is answered with %d %q", method, path, response.StatusCode, b)
	}
	return response.StatusCode, answer
}

// start begins a session of a client.
func (s *shop) start(t testing.TB, bearer string) *client {
	t.Helper()
	return s.startWith(t, bearer, "")
}

// startWith begins a session with a body of the app's.
func (s *shop) startWith(t testing.TB, bearer string, body any) *client {
	t.Helper()
	status, answer := s.request(t, http.MethodPost, "/start", bearer, body)
	session, ok := answer["sessionId"].(string)
	if status != http.StatusOK || !ok || len(session) < 26 {
		t.Fatalf("/start is answered with %d %v", status, answer)
	}
	c := &client{t: t, shop: s, bearer: bearer, session: session, news: make(chan struct{}, 1)}
	t.Cleanup(c.close)
	return c
}

// path is where the client's offers go.
func (c *client) path() string { return "/sessions/" + c.session + "/api/offer" }

// call has a new client make a call.
func (s *shop) call(t testing.TB, bearer string) *client {
	t.Helper()
	c := s.start(t, bearer)
	c.connect(false)
	return c
}

// offer makes a new connection, and its offer.
func (c *client) offer() string {
	c.t.Helper()
	var settings pion.SettingEngine
	settings.LoggerFactory = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled, ScopeLevels: map[string]logging.LogLevel{}}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	settings.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4})
	media := &pion.MediaEngine{}
	check(c.t, media.RegisterDefaultCodecs())
	var err error
	c.connection, err = pion.NewAPI(pion.WithSettingEngine(settings), pion.WithMediaEngine(media), pion.WithInterceptorRegistry(&interceptor.Registry{})).NewPeerConnection(pion.Configuration{})
	check(c.t, err)
	c.track, err = pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: pion.MimeTypePCMU, ClockRate: 8000}, "microphone", "caller")
	check(c.t, err)
	_, err = c.connection.AddTransceiverFromTrack(c.track)
	check(c.t, err)
	if !c.plain {
		_, err = c.connection.AddTransceiverFromKind(pion.RTPCodecTypeVideo, pion.RTPTransceiverInit{Direction: pion.RTPTransceiverDirectionRecvonly})
		check(c.t, err)
	}
	c.channel, err = c.connection.CreateDataChannel("chat", nil)
	check(c.t, err)
	closed := make(chan struct{})
	c.closed = closed
	c.channel.OnClose(func() { close(closed) })
	c.channel.OnMessage(c.take)
	offer, err := c.connection.CreateOffer(nil)
	check(c.t, err)
	gathered := pion.GatheringCompletePromise(c.connection)
	check(c.t, c.connection.SetLocalDescription(offer))
	<-gathered
	return c.connection.LocalDescription().SDP
}

// connect makes a connection; again says that it takes the place of the one before.
func (c *client) connect(again bool) {
	c.t.Helper()
	before := c.connection
	sdp := c.offer()
	opened := make(chan struct{})
	c.channel.OnOpen(func() { close(opened) })
	var id any
	if c.id != "" {
		id = c.id
	}
	status, answer := c.shop.request(c.t, http.MethodPost, c.path(), c.bearer, map[string]any{"sdp": sdp, "type": "offer", "pc_id": id, "restart_pc": again, "requestData": c.requestData})
	if status != http.StatusOK || answer["type"] != "answer" {
		c.t.Fatalf("the offer is answered with %d %v", status, answer)
	}
	c.id = answer["pc_id"].(string)
	check(c.t, c.connection.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer["sdp"].(string)}))
	if before != nil {
		c.stop()
		check(c.t, before.GracefulClose())
	}
	select {
	case <-opened:
	case <-time.After(limit):
		c.t.Fatal("the call did not come about")
	}
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	track := c.track
	c.talking.Go(func() { c.talk(ctx, track) })
}

// talk sends the microphone's sound, 20 ms at a time, until ctx ends.
func (c *client) talk(ctx context.Context, track *pion.TrackLocalStaticRTP) {
	codec := g711.MuLaw()
	encoder, err := codec.NewEncoder()
	if err != nil {
		c.t.Error(err)
		return
	}
	defer encoder.Close()
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
		c.mu.Lock()
		loud := c.loud
		c.mu.Unlock()
		for i := range pcm {
			pcm[i] = 0
			if loud {
				pcm[i] = int16(12000 - 24000*(i/12%2))
			}
		}
		if packet.Payload, err = encoder.Encode(packet.Payload[:0], pcm); err != nil {
			c.t.Error(err)
			return
		}
		packet.SequenceNumber++
		packet.Timestamp += uint32(codec.ClockRate / 50)
		_ = track.WriteRTP(&packet) // lost, as on any network
	}
}

// speak makes noise until the agent has heard d of it.
func (c *client) speak(d time.Duration) {
	c.mu.Lock()
	c.loud = true
	c.mu.Unlock()
	<-time.After(d) // the length of what is said
	c.mu.Lock()
	c.loud = false
	c.mu.Unlock()
}

func (c *client) take(m pion.DataChannelMessage) {
	var one told
	if !m.IsString || json.Unmarshal(m.Data, &one) != nil {
		c.t.Errorf("no message: %q", m.Data)
		return
	}
	c.mu.Lock()
	c.log = append(c.log, one)
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// send sends a message of RTVI.
func (c *client) send(id, kind string, data any) {
	c.t.Helper()
	text, err := json.Marshal(map[string]any{"id": id, "label": "rtvi-ai", "type": kind, "data": data})
	check(c.t, err)
	check(c.t, c.channel.SendText(string(text)))
}

// mark is a place in the log, since what follows it.
func (c *client) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.log)
}

func (c *client) since(mark int) []told {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]told(nil), c.log[mark:]...)
}

// until waits for a message after a mark, of this type and with these words in its data.
func (c *client) until(mark int, kind string, words ...string) told {
	c.t.Helper()
	timeout := time.After(limit)
	for {
	messages:
		for _, m := range c.since(mark) {
			data, err := json.Marshal(m.Data)
			check(c.t, err)
			for _, w := range words {
				if !strings.Contains(string(data), w) {
					continue messages
				}
			}
			if m.Type == kind {
				return m
			}
		}
		select {
		case <-c.news:
		case <-timeout:
			c.t.Fatalf("%s %q did not come, but\n%s", kind, words, story(c.since(mark)))
		}
	}
}

func story(log []told) string {
	var b strings.Builder
	for _, m := range log {
		fmt.Fprintf(&b, "%s %s %v %v\n", m.ID, m.Type, m.Data, m.Message)
	}
	return b.String()
}

// greet says that the client is ready.
func (c *client) greet(version string) told {
	c.t.Helper()
	mark := c.mark()
	c.send("hello", "client-ready", map[string]any{"version": version, "about": map[string]any{"library": "a test"}})
	m := c.until(mark, "bot-ready")
	if m.ID != "hello" || m.Label != "rtvi-ai" {
		c.t.Errorf("bot-ready has the id %q and the label %q", m.ID, m.Label)
	}
	return m
}

// close hangs up, as a client that goes.
func (c *client) close() {
	if c.connection == nil {
		return
	}
	if c.stop != nil {
		c.stop()
	}
	c.talking.Wait()
	check(c.t, c.connection.GracefulClose())
	c.connection = nil
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
