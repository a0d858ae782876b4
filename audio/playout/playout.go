// Package playout is the queue of what the agent says. It gives out 20 ms at a
// time, can fall silent at once and go on from the same word, can be emptied, and
// knows exactly which words were sent and when.
//
// A turn of the agent is said in clauses. Each is opened with its words by Begin,
// filled by Append while it is synthesised, and closed by Finish; EndTurn says
// that no clause will follow. A room takes the sound with Next.
//
// All sound is at audio.SpeakRate. Changes of loudness never click: they are
// ramps of 5 ms.
package playout

import (
	"errors"
	"sync"
	"time"

	"parley/audio"
)

const (
	// fade is the length of every ramp, 5 ms: too short to be heard as a fade, long
	// enough not to be heard as a click.
	fade = audio.SpeakRate / 200
	// keepTurns is how many turns are remembered for Account.
	keepTurns = 16

	// MaxQueued is how much sound the queue holds, two minutes.
	MaxQueued = 120 * audio.SpeakRate
)

// Loudness, in parts of full.
const (
	duckGain      = 0.17782794 // −15 dB: still there, no longer in the way
	protectedGain = 0.25118864 // −12 dB: meant to be understood
)

// Why sound is not taken.
var (
	// ErrGone says that the clause was flushed, is finished, or never was.
	ErrGone = errors.New("the clause is no longer wanted")
	// ErrFull says that the queue holds MaxQueued samples.
	ErrFull = errors.New("the playout holds as much sound as it may")
)

// Word is one word of a clause.
type Word struct {
	// Text is the word as it is written, with its punctuation.
	Text string
	// Weight is its length when spoken, relative to the other words of all clauses:
	// for example the letters of its spoken form.
	Weight float64
}

// Clause is what is synthesised at once: a sentence or a part of one.
type Clause struct {
	// Turn is the turn that the clause belongs to; later turns have higher numbers.
	Turn  int64
	Words []Word
	// Protected clauses must be heard: Hold only makes them softer, and Flush lets
	// them finish.
	Protected bool
}

// EventKind is what has happened.
type EventKind uint8

// The kinds of events.
const (
	// FirstSound: the first sample of a turn goes out.
	FirstSound EventKind = iota
	// WordStarted: the first sample of a word goes out, for the first time or again
	// after a hold.
	WordStarted
	// ClauseDone: the last sample of a clause goes out.
	ClauseDone
	// TurnDone: EndTurn has been called and the last sample of the turn goes out. A
	// turn that is flushed is done only when a protected clause of it was left.
	TurnDone
	// Silent: after a Hold or a Flush, the first moment at which nothing of what it
	// stopped sounds any more.
	Silent
)

// Event says what has just happened in the playout.
type Event struct {
	Kind EventKind
	// Turn, Clause and Word say where; Word is an index into the clause's Words.
	// Silent has none of them.
	Turn   int64
	Clause int64
	Word   int
	// At is when the sample goes out: the time of its tick, and its place within.
	At time.Time
}

// Observer is told of events in their order. It is called under the playout's
// lock, by whichever goroutine calls the playout (mostly the room's, in Next): it
// must return at once and must not call the playout.
type Observer interface {
	PlayoutEvent(Event)
}

// Playout is the queue. Its methods are safe for use by several goroutines; none
// of them blocks for longer than a few microseconds.
type Playout struct {
	now      func() time.Time
	observer Observer

	mu      sync.Mutex
	turns   []*turn   // the last ones, oldest first
	queue   []*clause // what is still to be said
	stored  int64     // samples in queue
	lastID  int64
	newest  int64   // highest turn that was begun
	flushed int64   // turns up to this take nothing more
	past    int64   // the highest turn that has been forgotten
	rate    float64 // weights a second, learned

	// What sounds.
	at       time.Time // of the tick
	sounding bool      // the last sample given out was followed by more of the same
	flowing  bool      // sound came, and has not run out since
	gain     gain
	tail     [fade]int16 // what was sounding when it was flushed, to be faded out
	tailLen  int

	// What was asked for.
	ducked   bool
	held     bool
	silent   bool    // the hold has taken effect
	holdTurn int64   // flushing it ends the hold
	stopped  *clause // what the hold stopped
	announce bool    // Silent is still to be told
}

// turn is what is known of one turn.
type turn struct {
	id      int64
	clauses []*clause
	ended   bool // no clause will follow
	cut     bool // flushed before it was done
	done    bool
	sent    int64
	gaps    int
	firstAt time.Time
}

// New makes an empty playout. now is the clock for events, time.Now if nil;
// observer may be nil.
func New(now func() time.Time, observer Observer) *Playout {
	if now == nil {
		now = time.Now
	}
	return &Playout{now: now, observer: observer, rate: firstRate, gain: gain{value: 1, goal: 1}}
}

// Begin opens a clause at the end of the queue and returns its id. The id is 0,
// which stands for a clause that is gone, if the turn was flushed or ended. Finish must
// follow in any case, even when the synthesis fails: what is open holds up all
// that comes after it. The words must not be changed any more.
func (p *Playout) Begin(c Clause) (id int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.Turn <= p.flushed {
		return 0
	}
	t := p.turn(c.Turn)
	if t == nil {
		t = p.addTurn(c.Turn)
	}
	if t == nil || t.ended {
		return 0
	}
	p.lastID++
	k := newClause(p.lastID, c, t, p.rate)
	t.clauses = append(t.clauses, k)
	p.queue = append(p.queue, k)
	return k.id
}

// Append adds sound to an open clause. The playout keeps pcm itself and never
// writes to it; it must not be changed any more (the same cached sound may be
// appended many times). It returns ErrGone or ErrFull, and then keeps nothing.
func (p *Playout) Append(id int64, pcm []int16) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.clause(id)
	if c == nil || c.finished {
		return ErrGone
	}
	if p.stored+int64(len(pcm)) > MaxQueued {
		return ErrFull
	}
	if len(pcm) > 0 {
		c.pieces = append(c.pieces, pcm)
		c.length += int64(len(pcm))
		p.stored += int64(len(pcm))
	}
	return nil
}

// Finish closes a clause: its words now get their places in the sound. It takes
// about 50 µs for each second of sound, outside the lock. To finish what is
// gone or finished does nothing.
func (p *Playout) Finish(id int64) {
	p.mu.Lock()
	c := p.clause(id)
	if c == nil || c.finished {
		p.mu.Unlock()
		return
	}
	c.finished = true
	pieces, weights := c.pieces, c.weights
	p.mu.Unlock()

	// The pieces are never written to, and no more are added.
	starts := alignInto(make([]int64, 0, len(weights)+1), pieces, weights)

	p.mu.Lock()
	defer p.mu.Unlock()
	c.starts, c.aligned = starts, true
	if seconds := float64(starts[len(starts)-1]-starts[0]) / audio.SpeakRate; len(weights) > 0 && seconds >= 0.3 {
		p.rate += (c.total/seconds - p.rate) * learnRate
	}
}

// EndTurn says that no clause follows in a turn; clauses still open are finished.
// Only then can the turn be done, and TurnDone be told: at once if everything has
// been said.
func (p *Playout) EndTurn(id int64) {
	p.mu.Lock()
	if id <= p.flushed {
		p.mu.Unlock()
		return
	}
	t := p.turn(id)
	if t == nil {
		t = p.addTurn(id)
	}
	if t == nil {
		p.mu.Unlock()
		return
	}
	var open []int64
	for _, c := range t.clauses {
		if !c.finished {
			open = append(open, c.id)
		}
	}
	p.mu.Unlock()
	for _, c := range open {
		p.Finish(c)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t.ended = true
	p.at = p.now()
	p.settle(t, 0)
}

// Idle says that nothing is being said and every turn that was begun is done.
func (p *Playout) Idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) > 0 || p.tailLen > 0 {
		return false
	}
	for _, t := range p.turns {
		if !t.done {
			return false
		}
	}
	return true
}

// Speaking says that a turn has begun to sound and is not done, whether it is
// held or waits for more sound or not.
func (p *Playout) Speaking(id int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.turn(id)
	return t != nil && !t.done && !t.firstAt.IsZero()
}

// Queued is how much sound waits to be sent.
func (p *Playout) Queued() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.stored
	if len(p.queue) > 0 {
		n -= p.queue[0].cursor
	}
	return duration(n)
}

// turn finds a turn that is remembered.
func (p *Playout) turn(id int64) *turn {
	for i := len(p.turns) - 1; i >= 0; i-- {
		if p.turns[i].id == id {
			return p.turns[i]
		}
	}
	return nil
}

// addTurn remembers a new turn and forgets the oldest that has nothing to say. A
// turn that was forgotten itself does not come back: it returns nil.
func (p *Playout) addTurn(id int64) *turn {
	if id <= p.past {
		return nil
	}
	if len(p.turns) >= keepTurns {
		for i, t := range p.turns {
			if !t.waiting() {
				p.past = max(p.past, t.id)
				p.turns = append(p.turns[:i], p.turns[i+1:]...)
				break
			}
		}
	}
	t := &turn{id: id}
	p.turns = append(p.turns, t)
	p.newest = max(p.newest, id)
	return t
}

// waiting says that the turn has clauses in the queue.
func (t *turn) waiting() bool {
	for _, c := range t.clauses {
		if !c.gone {
			return true
		}
	}
	return false
}

// clause finds a clause that is in the queue.
func (p *Playout) clause(id int64) *clause {
	for _, c := range p.queue {
		if c.id == id {
			return c
		}
	}
	return nil
}

// settle tells that a turn is done if it is.
func (p *Playout) settle(t *turn, offset int) {
	if t.ended && !t.done && !t.waiting() {
		t.done = true
		p.tell(Event{Kind: TurnDone, Turn: t.id}, offset)
	}
}

// tell tells of an event at a sample of the current tick.
func (p *Playout) tell(e Event, offset int) {
	if p.observer != nil {
		e.At = p.at.Add(duration(int64(offset)))
		p.observer.PlayoutEvent(e)
	}
}

func duration(samples int64) time.Duration {
	return time.Duration(samples) * time.Second / audio.SpeakRate
}
