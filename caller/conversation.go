package caller

import (
	"sync"
	"time"
)

// Bounds of a conversation with an agent that does not behave.
const (
	// maxAnswerLength is how long a greeting or an answer is listened to before the
	// caller goes on anyway.
	maxAnswerLength = 30 * time.Second
	// maxStop is how long an agent may go on after a barge-in before that counts as
	// missed.
	maxStop = 10 * time.Second
	// stillSpeaking is how fresh an audible packet must be for a barge-in: into a
	// pause nobody can barge.
	stillSpeaking = 45 * time.Millisecond
	// instant is how long before a barge-in the last audible packet may have come for
	// the barge-in to be what ended it: packets come every 20 ms, and an agent that
	// stops at once leaves out the first that comes after.
	instant = 25 * time.Millisecond
)

// phase is what the caller is doing.
type phase int

const (
	greeting phase = iota // waits for a greeting to come and go
	resting               // pauses before the next question
	asking                // speaks
	waiting               // has asked and waits for the answer
	answered              // listens to the answer
	over
)

// Turn is what one question came to. Times are zero when the thing did not happen.
type Turn struct {
	Speech string
	// Asked and Ended are when the first and the last voiced packet were sent.
	Asked, Ended time.Time
	// BargedIn says that the question began while the agent spoke.
	BargedIn bool
	// Silent is when the agent's last audible packet before a quarter second of
	// silence came, after a barge-in.
	Silent time.Time
	// PausedItself says that the agent happened to pause just then, so that its
	// silence says nothing.
	PausedItself bool
	// Answered is when the first audible packet of the answer came.
	Answered time.Time
	// Early says that the agent spoke before the question was over; if it still
	// did at its end, that was the answer, and there is no time to it.
	Early bool
	// Missed says that no answer came, or that it could not be told from the old
	// one, which never stopped.
	Missed bool
}

// conversation is the caller's part of a call: what to send in each tick, and what
// has been measured. The goroutine that sends calls tick, the one that reads calls
// heard.
//
// The answer to a question is the first speech of the agent (60 ms of audible
// packets) that begins after the last voiced packet of the question was sent. After a
// barge-in, the agent is silent from its last audible packet before the first 250 ms
// without one; only what begins after that can be the new answer.
type conversation struct {
	speeches []*Speech
	bargeIn  time.Duration
	greeting time.Duration
	gap      time.Duration
	timeout  time.Duration

	mu    sync.Mutex
	ear   ear
	phase phase
	since time.Time // when the phase began
	turns []Turn    // those begun
	left  int       // those to come
	next  int       // index of the next speech

	speech   *Speech // being spoken, nil if none
	position int
	asked    int  // ear.starts when the question's last voiced packet was sent
	early    int  // ear.starts when it began, or when the old answer had stopped
	stopping bool // a barge-in waits for silence

	// TooShort counts answers that were over before the barge-in was due.
	tooShort int
}

func newConversation(o *Options, session int) *conversation {
	return &conversation{
		speeches: o.Speeches, bargeIn: o.BargeIn, greeting: o.Greeting, gap: o.Gap, timeout: o.Timeout,
		left: o.Turns, next: session % len(o.Speeches),
	}
}

// heard takes a packet of the agent that came at at.
func (c *conversation) heard(at time.Time, audible bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ear.packet(at, audible)
}

// tick returns the packet to send now, nil for silence, and whether the
// conversation goes on.
func (c *conversation) tick(now time.Time) (packet []byte, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ear.settle(now)
	c.watchStop(now)
	switch c.phase {
	case greeting:
		if c.since.IsZero() {
			c.since = now
		}
		listened := now.Sub(c.since)
		if listened >= c.greeting && c.ear.silentFor(now) >= endOfAnswer || listened > maxAnswerLength {
			c.ask(now, false)
		}
	case resting:
		if now.Sub(c.since) >= c.gap {
			c.ask(now, false)
		}
	case waiting:
		c.watchAnswer(now)
	case answered:
		c.listen(now)
	}
	return c.speak(now), c.phase != over
}

// ask begins the next question, or ends the conversation if there is none.
func (c *conversation) ask(now time.Time, bargeIn bool) {
	if c.left == 0 {
		c.enter(over, now)
		return
	}
	c.left--
	c.speech = c.speeches[c.next]
	c.next = (c.next + 1) % len(c.speeches)
	c.turns = append(c.turns, Turn{Speech: c.speech.Name, BargedIn: bargeIn})
	c.position = 0
	if bargeIn {
		// No leading silence: the moment was chosen.
		c.position = c.speech.first
	}
	c.stopping = bargeIn
	c.early = c.ear.starts
	c.enter(asking, now)
}

func (c *conversation) enter(p phase, now time.Time) { c.phase, c.since = p, now }

func (c *conversation) turn() *Turn { return &c.turns[len(c.turns)-1] }

// speak returns the next packet of the speech. What follows its last voiced packet
// is still sent, but the question is over with that.
func (c *conversation) speak(now time.Time) []byte {
	if c.speech == nil {
		return nil
	}
	packet := c.speech.packets[c.position]
	switch c.position {
	case c.speech.first:
		c.turn().Asked = now
		if c.speech.first == c.speech.last {
			c.asks(now)
		}
	case c.speech.last:
		c.asks(now)
	}
	c.position++
	if c.position == len(c.speech.packets) {
		c.speech = nil
	}
	return packet
}

// asks notes that the question is over.
func (c *conversation) asks(now time.Time) {
	t := c.turn()
	t.Ended = now
	c.asked = c.ear.starts
	if !c.stopping && c.ear.starts > c.early {
		t.Early = true
	}
	c.enter(waiting, now)
}

// watchStop looks for the silence after a barge-in.
func (c *conversation) watchStop(now time.Time) {
	if !c.stopping {
		return
	}
	t := c.turn()
	if t.Asked.IsZero() || now.Sub(t.Asked) < quiet {
		return
	}
	switch {
	case c.ear.silentFor(now) >= quiet:
		c.stopping = false
		c.early = c.ear.starts
		t.Silent = c.ear.last
		if before := t.Asked.Sub(t.Silent); before > instant {
			t.PausedItself = true
		} else if before > 0 {
			t.Silent = t.Asked
		}
	case now.Sub(t.Asked) > maxStop:
		c.stopping = false
		t.Missed = true
	}
}

// watchAnswer looks for the beginning of the answer.
func (c *conversation) watchAnswer(now time.Time) {
	t := c.turn()
	switch {
	case t.Missed:
		c.speech = nil
		c.enter(answered, now) // the old answer, which never stopped
	case c.stopping:
		// Whatever is heard is still the old answer.
	case c.ear.speaking && !c.ear.onset.Before(t.Ended):
		t.Answered = c.ear.onset
		c.enter(answered, t.Answered)
	case c.ear.speaking && c.ear.starts > c.early:
		// It began before the question was over and goes on.
		t.Early = true
		t.Answered = c.ear.onset
		c.enter(answered, now)
	case now.Sub(t.Ended) > c.timeout:
		// An agent that took a pause for the end has answered, in its way.
		t.Missed = !t.Early
		c.enter(resting, now)
		c.finish(now)
	}
}

// listen hears the answer out, or barges in.
func (c *conversation) listen(now time.Time) {
	into := now.Sub(c.since)
	switch {
	case c.ear.silentFor(now) >= endOfAnswer:
		if c.bargeIn > 0 && c.left > 0 && !c.turn().Missed {
			c.tooShort++
		}
		c.enter(resting, now)
		c.finish(now)
	case c.bargeIn > 0 && c.left > 0 && !c.turn().Missed && into >= c.bargeIn && c.ear.silentFor(now) < stillSpeaking && c.speech == nil:
		c.ask(now, true)
	case into > maxAnswerLength:
		c.enter(resting, now)
		c.finish(now)
	}
}

// finish ends the conversation if nothing is left to ask.
func (c *conversation) finish(now time.Time) {
	if c.left == 0 {
		c.enter(over, now)
	}
}

// result returns the turns so far and how many barge-ins could not be made.
func (c *conversation) result() (turns []Turn, tooShort int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Turn(nil), c.turns...), c.tooShort
}
