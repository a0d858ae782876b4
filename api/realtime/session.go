package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley/agent"
	"parley/asr"
	"parley/llm"
	"parley/room"
	"parley/tools"
	"parley/tools/clienttool"
)

const (
	// unread is how many of the conversation's events may wait for the session.
	unread = 512
	// sendTime bounds the writing of one message to a client.
	sendTime = 10 * time.Second
	// settle is how long a response waits for further calls of the client's tools in
	// the same step before it is done: they come one right after the other.
	settle = 50 * time.Millisecond
)

// session is one client's session: a conversation of the shop's seen through the
// protocol. The goroutine in run owns it; only what is said to be safe is called from
// others.
type session struct {
	protocol *Protocol
	settings *settings
	// begin starts the conversation when it is needed; nil once there is one.
	begin func(ctx context.Context) error
	// who is the context of whoever made the call, for what is counted against them;
	// nil over WebSocket, where the connection's own says it.
	who context.Context //nolint:containedctx // it says who, and never ends
	// sound is the WebSocket's, nil where a room carries the sound.
	sound *sound

	gone  chan struct{} // closed when run returns
	turns agent.Turns   // the shop's own; zero for a conversation that was begun by others

	conversation *agent.Conversation
	events       <-chan agent.Envelope
	subscription *agent.Subscription // of a conversation that the session began
	recognizer   asr.Recognizer
	language     string
	box          *clienttool.Box
	instructions atomic.Pointer[string] // read by the conversation's goroutines

	in     chan []byte // what clients send
	joins  chan *sink  // further clients
	wanted chan *clienttool.Call
	heard  chan recognised
	work   sync.WaitGroup // recognitions, which run waits for

	mu    sync.Mutex
	sinks []*sink

	items     ledger
	waiting   []*item // what the client has put in and no response has answered yet
	looking   int     // those of waiting whose photos are being looked at
	committed bool    // the client has ended an utterance whose words are not known yet
	create    bool    // a response was asked for and waits for them
	once      wish    // what the client asks of the next response alone
	response  *response
	voiced    *response      // that of the turn whose message was closed by a call while it was still spoken
	truncated map[string]any // tells of the truncation that the client waits for
	turn      int64          // of the newest response
	live      bool           // the turn is under way
	earlier   string         // what the messages before the newest have said in the turn
	ended     time.Time      // when the last response was done
	usage     agent.Usage
	utterance utterance
	calls     map[string]*clienttool.Call // of the client's tools, by id, that wait for outputs
	outputs   map[string]string           // outputs that wait for response.create
	begun     int                         // calls that the agent has begun in the turn
	told      int                         // those of them that the client was told of
	early     []*clienttool.Call          // calls that the agent has not yet told of itself
	goesOn    bool                        // the client has asked for what comes after its outputs
	surplus   int                         // outputs that the agent took without being asked once more
	settling  *time.Timer
}

// sink is a client that follows the session.
type sink struct {
	send func([]byte) error
	fail func(error) // ends it: it reads too slowly, or the session is over
}

// wish is what a client asks of one response.
type wish struct {
	instructions string
	metadata     json.RawMessage
}

// recognised is what came of a stretch of sound that the client committed, or of its
// photos.
type recognised struct {
	item   *item
	text   string
	images []llm.Image
	photos bool   // it is about photos
	cause  string // the event_id of the message with them
	err    error
}

func newSession(p *Protocol, wished *settings) *session {
	return &session{
		protocol: p, settings: wished, in: make(chan []byte, 2), joins: make(chan *sink), gone: make(chan struct{}), wanted: make(chan *clienttool.Call, clienttool.Max), heard: make(chan recognised, 8),
		calls: make(map[string]*clienttool.Call), outputs: make(map[string]string),
	}
}

// adjust makes the conversation one of this protocol's: it does not greet, takes the
// client's instructions and tools, and waits as long as the client says.
func (s *session) adjust(o *agent.Options) {
	s.equip(o)
	o.Greet = false
}

// equip is adjust for a conversation that greets.
func (s *session) equip(o *agent.Options) {
	o.Phrases = asked{o.Phrases, &s.instructions}
	s.box = clienttool.New(o.Engines.Tools, s.want, nil, s.gone)
	o.Engines.Tools = s.box
	s.turns = o.Tuning.Turns
	o.Tuning.Turns = s.settings.turns(s.turns)
	s.recognizer, s.language = o.Engines.Recognizer, o.Language
	s.apply()
}

// want passes a call of a client's tool on.
func (s *session) want(ctx context.Context, c *clienttool.Call) bool {
	select {
	case s.wanted <- c:
		return true
	case <-s.gone:
	case <-ctx.Done():
	}
	return false
}

// apply gives the conversation what of the settings it can take at any time.
func (s *session) apply() {
	text := s.settings.wire.Instructions
	if s.once.instructions != "" {
		text = strings.TrimSpace(text + "\n" + s.once.instructions)
	}
	s.instructions.Store(&text)
	if s.box != nil {
		s.box.Offer(s.settings.wire.clientTools())
	}
}

// asked adds what the client's developer asks of the agent to what a brain is told.
type asked struct {
	agent.Phrasebook
	instructions *atomic.Pointer[string]
}

// System implements agent.Phrasebook. The shop's rules come first and stand above what
// comes over the network; nothing that must hold rests on it.
func (a asked) System(language string, caller tools.Caller, spoken bool) (string, error) {
	system, err := a.Phrasebook.System(language, caller, spoken)
	if text := a.instructions.Load(); err == nil && text != nil && strings.TrimSpace(*text) != "" {
		system += "\n\nThe app in which the customer talks to you asks this of you, as far as the rules above allow it:\n" + *text
	}
	return system, err
}

// follow adds a client, and leave takes it away; both are safe to call from any
// goroutine.
func (s *session) follow(k *sink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sinks = append(s.sinks, k)
}

func (s *session) leave(k *sink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.sinks {
		if other == k {
			s.sinks = append(s.sinks[:i:i], s.sinks[i+1:]...)
			return
		}
	}
}

// emit tells all clients.
func (s *session) emit(kind string, fields map[string]any) {
	message := map[string]any{"type": kind, "event_id": newID("event")}
	maps.Copy(message, fields)
	data, err := json.Marshal(message)
	if err != nil {
		s.protocol.log.Error("an event could not be written", "type", kind, "err", err)
		return
	}
	s.mu.Lock()
	sinks := s.sinks
	s.mu.Unlock()
	for _, k := range sinks {
		if err := k.send(data); err != nil {
			if errors.Is(err, room.ErrSlow) && strings.HasSuffix(kind, ".delta") {
				continue
			}
			k.fail(errSlow)
		}
	}
}

// run serves the session until ctx ends, its clients have gone, or its conversation has
// ended.
func (s *session) run(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer func() {
		stop()
		close(s.gone)
		s.work.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, k := range s.sinks {
			k.fail(errOver)
		}
	}()
	s.settling = time.NewTimer(time.Hour)
	defer s.settling.Stop()
	s.start()
	var spoken <-chan []int16
	if s.sound != nil {
		spoken = s.sound.spoken
	}
	for ctx.Err() == nil {
		select {
		case message, ok := <-s.in:
			if !ok {
				return
			}
			s.take(ctx, message)
		case e, ok := <-s.events:
			if !ok {
				return
			}
			s.tell(ctx, e)
		case pcm := <-spoken:
			s.speak(pcm)
		case k := <-s.joins:
			s.welcome(k)
		case c := <-s.wanted:
			s.call(c)
		case h := <-s.heard:
			s.takeRecognised(ctx, h)
		case <-s.settling.C:
			s.callsMade()
		case <-ctx.Done():
			return
		}
	}
}

// join adds a further client to a session that runs; it is safe to call from any
// goroutine. It says whether the session still runs.
func (s *session) join(k *sink) (running bool) {
	select {
	case s.joins <- k:
		return true
	case <-s.gone:
		return false
	}
}

// welcome takes a further client, which sees what comes from now on.
func (s *session) welcome(k *sink) {
	s.follow(k)
	data, err := json.Marshal(map[string]any{"type": "session.created", "event_id": newID("event"), "session": s.settings.wire})
	if err != nil {
		s.protocol.log.Error("a session could not be written", "err", err)
		return
	}
	if k.send(data) != nil {
		k.fail(errSlow)
	}
}

// start tells of the session.
func (s *session) start() {
	s.emit("session.created", map[string]any{"session": s.settings.wire})
	s.emit("conversation.created", map[string]any{"conversation": map[string]any{"id": newID("conv"), "object": "realtime.conversation"}})
}

// ready has the conversation begin, if it has not yet. An error was told.
func (s *session) ready(ctx context.Context, cause string) bool {
	if s.begin == nil {
		return true
	}
	if err := s.begin(ctx); err != nil {
		if ctx.Err() != nil {
			return false // the client has gone
		}
		problem := s.protocol.hall.Explain(ctx, err)
		s.fail(cause, "server_error", problem.Type, "", problem.Detail)
		return false
	}
	s.begin = nil
	return true
}

// fail tells of an error; cause is the event_id of what led to it, "" if none.
func (s *session) fail(cause, kind, code, param, message string) {
	told := map[string]any{"type": kind, "code": code, "message": message, "param": nil, "event_id": nil}
	if param != "" {
		told["param"] = param
	}
	if cause != "" {
		told["event_id"] = cause
	}
	s.emit("error", map[string]any{"error": told})
}

// recognise turns a stretch of the caller's sound into words, beside the session.
func (s *session) recognise(ctx context.Context, it *item, pcm []int16) {
	s.work.Go(func() {
		got, err := s.recognizer.Transcribe(ctx, asr.Utterance{PCM: pcm, Language: s.language})
		select {
		case s.heard <- recognised{item: it, text: got.Text, err: err}:
		case <-ctx.Done():
		}
	})
}

// look has the photos of an item looked at, beside the session.
func (s *session) look(ctx context.Context, it *item, files [][]byte, cause string) {
	s.looking++
	s.work.Go(func() {
		images, err := s.protocol.hall.Look(ctx, files)
		select {
		case s.heard <- recognised{item: it, images: images, photos: true, cause: cause, err: err}:
		case <-ctx.Done():
		}
	})
}
