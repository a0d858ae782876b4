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
	"parley/room"
	"parley/tools"
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
	// sound is the WebSocket's, nil where a room carries the sound.
	sound *sound

	conversation *agent.Conversation
	events       <-chan agent.Envelope
	subscription *agent.Subscription // of a conversation that the session began
	recognizer   asr.Recognizer
	language     string
	box          *toolbox
	instructions atomic.Pointer[string] // read by the conversation's goroutines
	started      bool                   // session.created was sent

	in     chan []byte // what clients send
	wanted chan *functionCall
	over   chan struct{} // closed when nobody reads wanted any more
	heard  chan recognised
	work   sync.WaitGroup // recognitions, which run waits for

	mu    sync.Mutex
	sinks []*sink

	items     ledger
	waiting   []*item // what the client has put in and no response has answered yet
	create    bool    // a response was asked for and waits for a recognition
	response  *response
	truncated map[string]any // tells of the truncation that the client waits for
	turn      int64          // of the newest response
	ended     time.Time      // when the last response was done
	usage     agent.Usage
	utterance utterance
	calls     map[string]*functionCall // of the client's tools, by id, that wait for outputs
	outputs   map[string]string        // outputs that wait for response.create
	pending   int                      // calls that the agent has told of, less those that the toolbox has
	settling  *time.Timer
}

// sink is a client that follows the session.
type sink struct {
	send func([]byte) error
	fail func(error) // ends it: it reads too slowly, or the session is over
}

// recognised is what came of a stretch of sound that the client committed.
type recognised struct {
	item *item
	text string
	err  error
}

func newSession(p *Protocol, wished *settings) *session {
	return &session{
		protocol: p, settings: wished, in: make(chan []byte, 64), wanted: make(chan *functionCall, maxTools), over: make(chan struct{}), heard: make(chan recognised, 8),
		calls: make(map[string]*functionCall), outputs: make(map[string]string),
	}
}

// adjust makes the conversation one of this protocol's: it does not greet, takes the
// client's instructions and tools, and waits as long as the client says.
func (s *session) adjust(o *agent.Options) {
	o.Greet = false
	o.Phrases = asked{o.Phrases, &s.instructions}
	s.box = &toolbox{Set: o.Engines.Tools, wanted: s.want}
	o.Engines.Tools = s.box
	if s.settings.detection != nil {
		s.settings.detection.tune(&o.Tuning.Turns)
	}
	s.recognizer, s.language = o.Engines.Recognizer, o.Language
	s.apply()
}

// want passes a call of a client's tool to the session. It is safe from any goroutine.
func (s *session) want(c *functionCall) {
	select {
	case <-s.over:
		close(c.output)
		return
	default:
	}
	select {
	case s.wanted <- c:
	case <-s.over:
		close(c.output)
	}
}

// apply gives the conversation what of the settings it can take at any time.
func (s *session) apply() {
	s.instructions.Store(&s.settings.wire.Instructions)
	if s.box != nil {
		s.box.set(s.settings.wire.Tools)
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

// follow adds a client; it is safe to call from any goroutine. leave takes it away.
func (s *session) follow(k *sink) (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sinks = append(s.sinks, k)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, other := range s.sinks {
			if other == k {
				s.sinks = append(s.sinks[:i:i], s.sinks[i+1:]...)
				return
			}
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
		close(s.over)
		s.work.Wait()
		s.callsEnd()
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
	for {
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
			s.tell(e)
		case pcm := <-spoken:
			s.speak(pcm)
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

// start tells of the session.
func (s *session) start() {
	s.started = true
	s.emit("session.created", map[string]any{"session": s.settings.wire})
	s.emit("conversation.created", map[string]any{"conversation": map[string]any{"id": newID("conv"), "object": "realtime.conversation"}})
}

// ready has the conversation begin, if it has not yet. An error was told.
func (s *session) ready(ctx context.Context, cause string) bool {
	if s.begin == nil {
		return true
	}
	if err := s.begin(ctx); err != nil {
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
		case s.heard <- recognised{it, got.Text, err}:
		case <-ctx.Done():
		}
	})
}
