package livekit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"parley/agent"
	"parley/audio"
	"parley/audio/opus"
	"parley/audio/pace"
	"parley/internal/agenttest"
	"parley/internal/livekittest"
	"parley/llm"
	"parley/models/modeltest"
	"parley/room"
	"parley/room/webrtc"
	"parley/tools"
	"parley/vad"
)

// TestMain looks for goroutines that are left, as goleak.VerifyTestMain does, but with
// more patience: LiveKit's client closes connections without waiting for their end, and
// those look up STUN servers, which takes long where there is no name server.
func TestMain(m *testing.M) {
	code := m.Run()
	for late := time.Now().Add(45 * time.Second); code == 0; {
		err := goleak.Find() // which itself waits for a moment
		if err == nil {
			break
		}
		if time.Now().After(late) {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// echo answers with what was said, and shown.
type echo struct{}

func (echo) Generate(_ context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		last := r.Messages[len(r.Messages)-1]
		text := "You said " + last.Text
		for _, i := range last.Images {
			text = "You showed " + i.MediaType
		}
		_ = yield(llm.Delta{Text: text}, nil) && yield(llm.Delta{Finish: llm.FinishStop}, nil)
	}
}

type noTools struct{}

func (noTools) Definitions(tools.Caller) []tools.Definition { return nil }
func (noTools) Check(tools.Call) error                      { return errors.New("there are no tools") }
func (noTools) Run(context.Context, tools.Call) (tools.Result, error) {
	return tools.Result{}, errors.New("there are no tools")
}

// book knows what is said at the start and when staff come and go.
type book struct{ agenttest.Phrases }

func (book) Phrase(_, key string, _ tools.Caller) (string, error) {
	switch key {
	case agent.PhraseGreeting:
		return "Hello there.", nil
	case agent.PhraseAside:
		return "Over to my colleague.", nil
	case agent.PhraseBack:
		return "Here I am again.", nil
	}
	return "", fmt.Errorf("no phrase %q", key)
}
func (book) Recall(_, text string) bool { return text == "take over" }

// desk is a worker with a host for its conversations, in a test.
type desk struct {
	t      *testing.T
	server *livekittest.Server
	codec  audio.Codec
	worker *Worker
	host   *agent.Host
	stop   func() // tells the worker to stop and waits for it

	mu    sync.Mutex
	begun []*agent.Conversation
	tools tools.Set // of the newest
	said  []string  // what people have said or typed to the agent
}

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// openDesk starts a server and a worker for at most calls conversations.
func openDesk(t *testing.T, calls int, change func(*Config)) *desk {
	t.Helper()
	return openDeskAt(t, livekittest.Start(t), calls, change)
}

// openDeskAt starts a worker at a server that there is.
func openDeskAt(t *testing.T, server *livekittest.Server, calls int, change func(*Config)) *desk {
	t.Helper()
	library := opus.Open(modeltest.Path(t, "opus/simd.wasm"), filepath.Join(os.TempDir(), "parley-test-wazero"), slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := library.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := library.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, codec: library.Codec(), server: server, host: agent.NewHost(calls)}
	cfg := Config{
		URL: d.server.URL(), APIKey: livekittest.Key, APISecret: livekittest.Secret, AgentName: "parley", MaxCalls: calls, Count: d.host.Count,
		NewLine: func(g room.Guest, out *pion.TrackLocalStaticRTP, log *slog.Logger) (Line, error) {
			return webrtc.NewLine(g, library.Codec(), out, log)
		},
		NewEar: func(l audio.Listener, log *slog.Logger) (Ear, error) { return webrtc.NewEar(l, library.Codec(), log) },
		Look: func(_ context.Context, file []byte) ([]llm.Image, error) {
			if !bytes.HasPrefix(file, []byte("\xff\xd8")) {
				return nil, refusal("The file is not a photo.")
			}
			return []llm.Image{{MediaType: fmt.Sprintf("a photo of %d bytes", len(file)), Data: file}}, nil
		},
		Grace: time.Second, Drain: 30 * time.Second, Log: slog.New(slog.NewTextHandler(testLog{t}, nil)),
		Begin: d.begin, End: func(c *agent.Conversation, cause error) { d.host.End(c.ID(), cause) },
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if d.worker, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { d.worker.Run(ctx) })
	d.stop = func() { cancel(); working.Wait() }
	t.Cleanup(func() {
		d.stop()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := d.host.Close(ctx, errors.New("the test is over")); err != nil {
			t.Error(err)
		}
	})
	d.until("registration", d.worker.Registered)
	return d
}

func (d *desk) begin(_ context.Context, job Job, adjust func(*agent.Options)) (*agent.Conversation, string, error) {
	o := agent.Options{
		ID: uuid.NewString(), Language: "en", Greet: true, Phrases: book{}, Tuning: agent.DefaultTuning(),
		Engines: agent.Engines{
			Detector: agenttest.Loud{}, NewDetector: func() vad.Detector { return agenttest.Loud{} }, Recognizer: agenttest.Heard("spoken words"),
			Brain: echo{}, Voice: agenttest.Buzz(100 * time.Millisecond), Tools: noTools{},
		},
	}
	adjust(&o)
	c, err := d.host.Begin(o)
	if err == nil {
		d.mu.Lock()
		d.begun, d.tools = append(d.begun, c), o.Engines.Tools
		d.mu.Unlock()
		events := c.Subscribe(64, true)
		go func() { // it ends with the conversation, which the host waits for
			for e := range events.Events() {
				if e, ok := e.Event.(agent.UserSaid); ok {
					d.mu.Lock()
					d.said = append(d.said, e.Text)
					d.mu.Unlock()
				}
			}
		}()
	}
	return c, job.Metadata, err
}

// knows says whether the agent has been told something, answered or not.
func (d *desk) knows(text string) func() bool {
	return func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return slices.Contains(d.said, text)
	}
}

// conversations is how many have begun so far.
func (d *desk) conversations() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.begun)
}

// until waits for something that happens soon.
func (d *desk) until(what string, is func() bool) {
	d.t.Helper()
	for began := time.Now(); !is(); {
		if time.Since(began) > 30*time.Second {
			d.t.Fatalf("%s did not come", what)
		}
		select {
		case <-d.t.Context().Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// dispatch sends the agent into a room.
func (d *desk) dispatch(room string) {
	d.t.Helper()
	d.dispatchFor(room, "")
}

// dispatchFor sends the agent into a room, for one person.
func (d *desk) dispatchFor(room, shopper string) {
	d.t.Helper()
	client := lksdk.NewAgentDispatchServiceClient(d.server.HTTP(), livekittest.Key, livekittest.Secret)
	if _, err := client.CreateDispatch(d.t.Context(), &lk.CreateAgentDispatchRequest{Room: room, AgentName: "parley", Metadata: shopper}); err != nil {
		d.t.Fatal(err)
	}
}

// visitor is a person in a room, without a microphone.
type visitor struct {
	desk  *desk
	room  *lksdk.Room
	mu    sync.Mutex
	read  []string          // what was captioned
	from  map[string]string // who said it
	track map[string]string // on which track
	gone  chan struct{}
}

// visit joins a room; an identity is whoever has it.
func (d *desk) visit(room, identity string) *visitor {
	d.t.Helper()
	return d.visitAs(room, identity, nil, nil)
}

// visitAs is visit with the attributes and the grants of a token.
func (d *desk) visitAs(room, identity string, attributes map[string]string, change func(*auth.VideoGrant), options ...lksdk.ConnectOption) *visitor {
	d.t.Helper()
	grant := &auth.VideoGrant{RoomJoin: true, Room: room}
	if change != nil {
		change(grant)
	}
	token, err := auth.NewAccessToken(livekittest.Key, livekittest.Secret).SetIdentity(identity).SetName(strings.ToUpper(identity)).
		SetAttributes(attributes).SetVideoGrant(grant).SetValidFor(time.Minute).ToJWT()
	if err != nil {
		d.t.Fatal(err)
	}
	return d.join(token, options...)
}

// join joins a room with a token.
func (d *desk) join(token string, options ...lksdk.ConnectOption) *visitor {
	d.t.Helper()
	v := &visitor{desk: d, from: make(map[string]string), track: make(map[string]string), gone: make(chan struct{})}
	v.room = lksdk.NewRoom(&lksdk.RoomCallback{OnDisconnected: sync.OnceFunc(func() { close(v.gone) })})
	err := v.room.RegisterTextStreamHandler(transcriptionTopic, func(r *lksdk.TextStreamReader, from string) {
		text := r.ReadAll()
		v.mu.Lock()
		defer v.mu.Unlock()
		v.read = append(v.read, text)
		v.from[text], v.track[text] = from, r.Info.Attributes[trackAttribute]
	})
	if err != nil {
		d.t.Fatal(err)
	}
	err = v.room.RegisterTextStreamHandler(chatTopic, func(r *lksdk.TextStreamReader, from string) {
		text := r.ReadAll()
		if !strings.HasPrefix(from, "agent-") {
			return
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.read = append(v.read, text)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := v.room.JoinWithToken(d.server.URL(), token, options...); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(v.room.Disconnect)
	return v
}

// speak has somebody make sound for a while, and then be silent until the test's end.
func (v *visitor) speak(d time.Duration) (sid string) {
	t := v.desk.t
	t.Helper()
	track, err := pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: pion.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "microphone", "microphone")
	if err != nil {
		t.Fatal(err)
	}
	publication, err := v.room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Name: "microphone", Source: lk.TrackSource_MICROPHONE})
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := v.desk.codec.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var talking sync.WaitGroup
	talking.Go(func() {
		defer encoder.Close()
		pcm, payload, from := make([]int16, audio.SpeakTick), []byte(nil), int64(25) // once the agent has subscribed
		pace.Run(ctx, func(_ time.Time, n int64) {
			for i := range pcm {
				pcm[i] = 0
				if n >= from && n < from+int64(d/audio.Tick) {
					pcm[i] = int16(12000 - 24000*(i/60%2))
				}
			}
			if payload, err = encoder.Encode(payload[:0], pcm); err == nil {
				_ = track.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: uint32(n * 960)}, Payload: payload})
			}
		})
	})
	t.Cleanup(func() { cancel(); talking.Wait() })
	return publication.SID()
}

// attribute says whether the agent in the room has an attribute.
func (v *visitor) attribute(name, value string) func() bool {
	return func() bool {
		for _, p := range v.room.GetRemoteParticipants() {
			if p.Attributes()[name] == value {
				return true
			}
		}
		return false
	}
}

// agents is how many agents are in the room, and the identity of one.
func (v *visitor) agents() (n int, identity string) {
	for _, p := range v.room.GetRemoteParticipants() {
		if strings.HasPrefix(p.Identity(), "agent-") {
			n, identity = n+1, p.Identity()
		}
	}
	return n, identity
}

// knows says whether a caption of the agent's held some words.
func (v *visitor) knows(words string) func() bool {
	return func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, text := range v.read {
			if strings.Contains(text, words) {
				return true
			}
		}
		return false
	}
}

// write sends a text. It does so packet by packet: a stream of the client's own waits
// for ever, on a goroutine, when the connection is lost under it.
func (v *visitor) write(text string) {
	id := v.begin()
	for i := uint64(0); text != ""; i++ {
		n := min(len(text), maxChunk)
		v.send(&lk.DataPacket{Value: &lk.DataPacket_StreamChunk{StreamChunk: &lk.DataStream_Chunk{StreamId: id, ChunkIndex: i, Content: []byte(text[:n])}}})
		text = text[n:]
	}
	v.send(&lk.DataPacket{Value: &lk.DataPacket_StreamTrailer{StreamTrailer: &lk.DataStream_Trailer{StreamId: id}}})
}

// begin begins a text and names its stream.
func (v *visitor) begin() (id string) {
	id = uuid.NewString()
	v.send(&lk.DataPacket{Value: &lk.DataPacket_StreamHeader{StreamHeader: &lk.DataStream_Header{
		StreamId: id, Topic: chatTopic, MimeType: "text/plain", Attributes: map[string]string{},
		ContentHeader: &lk.DataStream_Header_TextHeader{TextHeader: &lk.DataStream_TextHeader{}},
	}}})
	return id
}

// send sends a packet; what cannot be sent is lost, and missed by the test.
func (v *visitor) send(p *lk.DataPacket) {
	_ = v.room.LocalParticipant.PublishDataPacket(packet{p}, lksdk.WithDataPublishReliable(true))
}
