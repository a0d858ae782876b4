// Package agent is one conversation: listening, turns, interruption, what was
// really heard, and tools in flight. A goroutine owns all its state; engines talk
// to it by events.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"parley/audio"
	"parley/audio/playout"
	"parley/tools"
)

// inboxSize is how many messages may wait for the conversation's goroutine. The
// ear's judgements are dropped past it, everything else waits its turn.
const inboxSize = 256

// Conversation is one caller's talk with the agent, whatever the channel. One
// goroutine, [Conversation.Run], owns all its state; recognition, generation,
// synthesis and tools run beside it and report by messages. All exported
// methods may be called from any goroutine, Hear, Record and Next from one
// goroutine each.
type Conversation struct {
	opts     Options
	log      *slog.Logger
	inbox    chan message
	events   *broker
	playout  *playout.Playout
	ear      *ear
	began    time.Time
	done     chan struct{}
	work     sync.WaitGroup // the goroutines that Run waits for
	progress progress       // what the playout has told and nobody has read yet
	drops    atomic.Int64   // judgements of the ear that found the inbox full
	deaf     atomic.Bool    // the detector has panicked
	writes   writes

	// All below belongs to the goroutine in Run.
	ctx       context.Context
	stop      context.CancelCauseFunc
	state     State
	language  string
	caller    tools.Caller
	outliving map[toolRun]bool // tools at work that go on without their turn
	history   history
	newest    answer
	photos    []string // hashes of what the caller has shown
	hears     bool     // somebody can hear the agent
	aside     bool     // staff have the floor: nobody is answered
	owed      string   // the phrase to say when the caller has finished; "" for none
	turns     int64
	utterance *utterance // what the caller is saying; nil when silent
	turn      *turn      // the agent's answer under way; nil when there is none
	hold      *hold      // the agent has fallen silent to listen; nil when not
	duckUntil time.Time
	floor     int64 // caller's position before which sound has been answered
	pending   *pendingWrite
	serials   int64
	takenUp   bool  // it was cut off, and nothing has been said about that
	seq       int64 // of the last event
	used      time.Time
	rested    time.Time // when the agent, or the caller, last said something
	nudges    int       // how often in a row a silent caller was asked whether they are there
	alarm     *time.Timer
}

// New makes a conversation; nothing happens before Run.
func New(opts Options) (*Conversation, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	c := &Conversation{
		opts:      opts,
		log:       opts.Log.With("conversation", opts.ID),
		inbox:     make(chan message, inboxSize),
		events:    newBroker(),
		began:     time.Now(),
		done:      make(chan struct{}),
		state:     Listening,
		language:  opts.Language,
		caller:    opts.Caller,
		outliving: make(map[toolRun]bool),
		writes:    writes{all: make(map[string]*write)},
		progress:  progress{signal: make(chan struct{}, 1)},
	}
	if opts.Resume != nil {
		c.restore(opts.Resume)
	}
	c.playout = playout.New(time.Now, &c.progress)
	if opts.Engines.Detector != nil {
		c.ear = newEar(opts.Engines.Detector, opts.Tuning, c.postLossy, time.Now)
		c.ear.sensitivity.Store(math.Float32bits(opts.Tuning.Turns.Threshold))
	}
	return c, nil
}

// ID names the conversation.
func (c *Conversation) ID() string { return c.opts.ID }

// Done is closed when Run has returned.
func (c *Conversation) Done() <-chan struct{} { return c.done }

// Subscribe returns the conversation's events from now on, with room for buffer
// unread ones. With replay it begins with what has happened so far, deltas left
// out. The caller must Close it or read it to its end.
func (c *Conversation) Subscribe(buffer int, replay bool) *Subscription {
	return c.events.subscribe(buffer, replay)
}

// Hear implements audio.Listener.
func (c *Conversation) Hear(pcm []int16, at int64) (record bool) {
	if c.ear == nil || c.deaf.Load() {
		return false
	}
	var err error
	defer func() {
		if err != nil { // the room's goroutine goes on; who cannot be heard is let go
			c.deaf.Store(true)
			c.postFinal(deafened{err})
		}
	}()
	defer c.survive("ear", &err)
	return c.ear.hear(pcm, at)
}

// Record implements audio.Listener.
func (c *Conversation) Record(pcm []int16, at int64) {
	if c.ear != nil {
		c.ear.rec.append(pcm, at)
	}
}

// Next implements room.Guest: it fills dst with the next tick of the agent's
// voice and reports whether there is any.
func (c *Conversation) Next(dst []int16) bool { return c.playout.Next(dst) }

// Attach says that a room now carries the agent's voice. Before, and after
// Detach, answers are text alone.
func (c *Conversation) Attach(ctx context.Context) error { return c.post(ctx, attached{}) }

// Detach says that nobody hears the agent any more.
func (c *Conversation) Detach(cause error) { c.postFinal(detached{cause}) }

// ErrOver is the answer to anything asked of a conversation that has ended.
var ErrOver = errors.New("agent: the conversation has ended")

// Greet has the agent speak first, if nothing has been said yet.
func (c *Conversation) Greet(ctx context.Context) error { return c.post(ctx, greeted{}) }

// Silence asks the agent to stop speaking now.
func (c *Conversation) Silence(ctx context.Context) error { return c.post(ctx, silenced{}) }

// post gives the conversation a message and waits for room.
func (c *Conversation) post(ctx context.Context, m message) error {
	select {
	case c.inbox <- m:
		return nil
	case <-c.done:
		return ErrOver
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// postLossy is for the sound path: it never waits.
func (c *Conversation) postLossy(m message) {
	select {
	case c.inbox <- m:
	default:
		c.drops.Add(1)
	}
}

// postFinal is for what must arrive as long as there is a conversation.
func (c *Conversation) postFinal(m message) {
	select {
	case c.inbox <- m:
	case <-c.done:
	}
}

// Run holds the conversation until ctx ends, and returns the cause. All that it
// started has ended when it returns, except engines that ignore their context:
// those it leaves after a moment, and says so in the log.
func (c *Conversation) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Tuning.Limits.Conversation, errTooLong)
	defer cancel()
	c.ctx, c.stop = context.WithCancelCause(ctx)
	defer c.stop(nil)
	ctx = c.ctx
	c.used = time.Now()
	c.alarm = time.NewTimer(time.Hour)
	defer c.alarm.Stop()
	c.emit(0, Started{Customer: c.opts.Caller.Name, Notice: c.opts.Notice, Language: c.language, Recorded: c.opts.Recorder != nil})
	c.emit(0, StateChanged{c.state})
	c.keep()
	cause := c.serve(ctx)
	c.close(cause)
	return cause
}

// serve takes what comes until ctx ends, and returns why. Of a panic it makes the
// cause: one broken conversation must not take the others with it.
func (c *Conversation) serve(ctx context.Context) (cause error) {
	defer c.survive("conversation", &cause)
	for ctx.Err() == nil {
		c.setAlarm()
		select {
		case m := <-c.inbox:
			c.take(m)
		case <-c.progress.signal:
			for _, e := range c.progress.take() {
				c.takePlayed(e)
			}
		case now := <-c.alarm.C:
			c.ring(now)
		case <-c.lost():
			c.stop(ErrTakenUp)
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

var errTooLong = errors.New("the conversation reached its longest permitted time")

// take is one step of the conversation.
func (c *Conversation) take(m message) {
	switch m := m.(type) {
	case voiced:
		c.hearVoice(m)
	case onset:
		c.duck()
	case recognised:
		c.hearWords(m)
	case captioned:
		c.hearPartial(m)
	case judged:
		c.hearVerdict(m)
	case texted:
		c.hearText(m)
	case noted:
		c.used = time.Now()
		c.history.user(m.text, nil)
		c.shorten()
		c.keep()
		c.emit(0, UserSaid{Text: m.text, Source: "text", Language: c.language})
	case overheard:
		c.overhear(m)
	case spokeUp:
		c.makeWay(m)
	case stoodAside:
		c.standAside()
	case cameBack:
		c.comeBack()
	case printed:
		c.history.printed(m.found, m.text)
		c.keep()
	case retuned:
		c.retune(m.turns)
	case committed:
		m.reply <- c.press()
	case shortened:
		m.reply <- c.cutShort(m.turn, m.heard)
	case silenced:
		c.endTurn(errCancelled)
	case greeted:
		if c.turns == 0 {
			c.greet()
		}
	case attached:
		c.attach()
	case detached:
		c.detach(m.cause)
	case toolEnded:
		c.takeTool(m)
	case deafened:
		c.stop(m.err)
	default:
		c.takeTurn(m)
	}
}

// attach begins a call within the conversation. Positions begin anew with it.
func (c *Conversation) attach() {
	c.hears = c.opts.Engines.Voice != nil
	c.floor = 0
	c.warmBrain()
	switch {
	case c.turns == 0 && c.opts.Greet:
		c.takenUp = false
		c.greet()
	case c.takenUp && c.turns > 0:
		c.takeUp(c.opts.Resume)
	}
}

// detach ends a call; the conversation may go on by text.
func (c *Conversation) detach(cause error) {
	c.hears = false
	c.used = time.Now()
	c.dropUtterance()
	c.endTurn(fmt.Errorf("%w: %w", ErrLeft, cause))
	if c.ear != nil {
		c.ear.restart.Store(true)
	}
}

// close ends what is under way and waits for what was started.
func (c *Conversation) close(cause error) {
	if errors.Is(cause, errPanicked) {
		c.stop(cause) // its state is not to be trusted; what it started ends by its context
	} else {
		c.dropUtterance()
		c.endTurn(cause)
		c.keep()
	}
	if c.opts.Record != nil {
		c.opts.Record.End(cause)
	}
	c.emit(0, Ended{Cause: publicCause(cause)})
	close(c.done)
	c.events.close()
	idle := make(chan struct{})
	go func() { c.work.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-time.After(closeGrace):
		c.log.Warn("engines are still at work after the conversation has ended", "after", closeGrace)
	}
}

// publicCause is what clients are told of a conversation's end.
func publicCause(cause error) string {
	if errors.Is(cause, errPanicked) {
		return "something failed on the agent's side"
	}
	return cause.Error()
}

// closeGrace is how long a conversation that has ended waits for its engines.
const closeGrace = 10 * time.Second

// emit tells the world.
func (c *Conversation) emit(turn int64, e Event) {
	c.seq++
	c.events.publish(Envelope{Conversation: c.opts.ID, Seq: c.seq, Turn: turn, At: time.Since(c.began), Event: e})
}

// setState tells of a change of what the agent is doing.
func (c *Conversation) setState(s State) {
	if c.state != s {
		c.state = s
		c.emit(0, StateChanged{s})
	}
}

// start runs f beside the conversation, which waits for it at its end. Whatever
// f asks of an engine it asks under [Conversation.survive].
func (c *Conversation) start(f func()) {
	c.work.Go(f)
}

// errPanicked is what becomes of an engine's panic.
var errPanicked = errors.New("an engine panicked")

// survive, deferred around the use of an engine, makes an error of its panic: a
// fault in one costs a turn, and not the program with all other callers in it.
func (c *Conversation) survive(engine string, err *error) {
	if v := recover(); v != nil {
		c.log.Error("an engine panicked", "engine", engine, "panic", v, "stack", string(debug.Stack()))
		*err = fmt.Errorf("%w: %s: %v", errPanicked, engine, v)
	}
}

// Dropped is how many of the ear's judgements were lost because the
// conversation had too much to do.
func (c *Conversation) Dropped() int64 { return c.drops.Load() }

var _ audio.Listener = (*Conversation)(nil)
