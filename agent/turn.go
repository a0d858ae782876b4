package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"parley/llm"
	"parley/tools"
)

// turn is one answer of the agent. It is made in advance, while the caller may
// still go on, and counts only once it is committed. Its fields belong to the
// conversation's goroutine, but for those its own goroutines are given.
type turn struct {
	id     int64 // 0 until committed
	serial int64 // names it to the playout; never reused
	ctx    context.Context
	cancel context.CancelCauseFunc
	// cancelApology ends the apology of a turn that failed.
	cancelApology context.CancelCauseFunc
	// committed is closed when the caller's turn is certainly over: a write, and
	// more speech than the first clause, waits for it.
	committed chan struct{}
	over      bool

	heard    []int16       // the utterance that is answered; nil for a text
	kept     int           // samples that are kept for the recording
	user     string        // what is answered; "" when the agent speaks first
	images   []llm.Image   // what the caller sent along
	language string        // what it is answered in
	caller   *tools.Caller // who a tool found to be calling before it was committed
	source   string        // "voice" or "text"
	script   string        // what to say without asking a brain
	opening  string        // what to say before a brain is asked
	origin   time.Time
	timings  Timings
	spoken   bool // it goes to the voice; else it is text alone
	usage    llm.Usage
	filler   string // what was said for want of an answer

	steps   []*step
	untold  []Event // what happened before it was committed
	text    strings.Builder
	thought bool // the brain has finished
	written bool // the world knows that it has
	err     error
	failed  bool // the apology is being said
	apology bool // it is nothing but an apology
	// toolsAtWork are the tools under way, toolWait the longest that one of them may
	// take: so long nobody is late.
	toolsAtWork int
	toolWait    time.Duration
	lastHeard   time.Time // when something last came of it: an engine spoke, a word was played

	mouth    *mouth
	clauses  []*clause
	closed   bool   // all clauses are synthesised
	sounding bool   // the first sample went out
	playing  int    // the clause that is heard
	within   *int64 // the samples that the caller's client has played, when it says so
}

// step is one answer of the brain within a turn; a tool call ends a step.
type step struct {
	text    strings.Builder
	calls   []llm.ToolCall
	results map[string]string
	state   json.RawMessage
}

// prepare begins to answer a draft, in case it is the end of the caller's turn.
func (c *Conversation) prepare(d *draft) *turn {
	t := c.newTurn()
	t.user, t.source, t.origin, t.heard = d.text, "voice", c.utterance.endWall, d.pcm
	t.language = c.languageOf(d.text, d.language)
	t.timings.Transcript = d.heardAt.Sub(t.origin).Milliseconds()
	c.think(t)
	return t
}

func (c *Conversation) newTurn() *turn {
	ctx, cancel := context.WithCancelCause(c.ctx)
	c.serials++
	return &turn{
		serial: c.serials, ctx: ctx, cancel: cancel, committed: make(chan struct{}),
		origin: time.Now(), timings: NoTimings(), spoken: c.hears, playing: -1, language: c.language,
	}
}

// commit makes a turn the agent's answer.
func (c *Conversation) commit(t *turn) {
	c.turns++
	t.id = c.turns
	c.turn = t
	c.owed = "" // an answer says enough
	c.beAlert(true)
	now := time.Now()
	t.lastHeard = now
	if t.source == "voice" {
		t.timings.Decided = now.Sub(t.origin).Milliseconds()
	}
	c.language = t.language
	if t.caller != nil {
		c.identify(t, *t.caller)
	}
	if t.user != "" || len(t.images) > 0 {
		c.history.user(t.user, t.images)
		c.photos = addPhotos(c.photos, t.images)
		c.shorten()
		c.emit(t.id, UserSaid{Text: t.user, Source: t.source, Language: c.language, Images: foundIn(t.images)})
		if c.opts.Phrases.Negation(c.language, t.user) {
			c.pending = nil
		}
	}
	c.keep()
	c.emit(t.id, TurnStarted{})
	for _, e := range t.untold {
		c.emit(t.id, e)
	}
	t.untold = nil
	c.setState(Thinking)
	close(t.committed)
	if t.mouth != nil {
		t.mouth.release(ahead - 1)
	}
	if t.text.Len() > 0 {
		c.emit(t.id, ReplyText{t.text.String()})
	}
	for _, k := range t.clauses {
		c.play(t, k)
	}
	c.advance(t)
}

// languageOf is the language in which to answer a text: what a recogniser heard,
// or what the text shows, else the conversation's.
func (c *Conversation) languageOf(text, heard string) string {
	current := cmp.Or(heard, c.language)
	if c.opts.Engines.Languages == nil {
		return current
	}
	tag, sure := c.opts.Engines.Languages.Detect(text, current)
	if !sure {
		return current
	}
	return tag
}

// tell emits an event of a turn, or keeps it until the turn is committed.
func (c *Conversation) tell(t *turn, e Event) {
	switch {
	case t.id != 0:
		c.emit(t.id, e)
	case !t.over:
		t.untold = append(t.untold, e)
	}
}

// hearText answers what the caller typed, at once.
func (c *Conversation) hearText(m texted) {
	c.used, c.nudges = time.Now(), 0
	c.dropUtterance()
	if c.aside {
		m.reply <- c.turns + 1
		c.noteText(m.text, m.images)
		c.restState()
		return
	}
	c.endTurn(errSuperseded)
	t := c.newTurn()
	t.user, t.images, t.source, t.language = m.text, m.images, "text", c.languageOf(m.text, "")
	t.timings.Transcript, t.timings.Decided = 0, 0
	t.spoken = t.spoken && !m.unspoken
	m.reply <- c.turns + 1
	c.think(t)
	c.commit(t)
	c.awaitPrint(m.images)
}

// greet speaks first.
func (c *Conversation) greet() {
	if c.turn != nil || c.utterance != nil || c.aside {
		return
	}
	text, err := c.opts.Phrases.Phrase(c.language, PhraseGreeting, c.caller)
	if err != nil {
		c.log.Error("no greeting", "err", err)
		return
	}
	if c.opts.Recorder != nil {
		if told, err := c.opts.Phrases.Phrase(c.language, PhraseRecorded, c.caller); err != nil {
			c.log.Error("callers are not told that they are recorded", "err", err)
		} else {
			text = joinText(text, told)
		}
	}
	c.recite(text)
}

// recite says a text that no brain made.
func (c *Conversation) recite(text string) *turn {
	t := c.newTurn()
	t.script = text
	c.think(t)
	c.commit(t)
	return t
}

// takeTurn takes a message that belongs to a turn, and drops it if that is over.
func (c *Conversation) takeTurn(m message) {
	switch m := m.(type) {
	case said:
		c.takeSaid(m)
	case stepped:
		if !m.turn.over {
			s := m.turn.step(m.step)
			s.calls, s.state = m.calls, m.state
			m.turn.lastHeard = time.Now()
		}
	case moved:
		c.takeMoved(m)
	case spent:
		c.takeSpent(m)
	case summarized:
		c.takeSummary(m)
	case unconfirmed:
		if !m.turn.over {
			c.pending = &pendingWrite{name: m.call.Name, arguments: canonical(m.call.Arguments), turn: m.turn, asked: c.turns}
			m.turn.stepOf(m.call.ID).results[m.call.ID] = m.result
			c.emit(m.turn.id, ConfirmationAsked{Call: m.call.ID, Name: m.call.Name, Arguments: objectOr(m.call.Arguments)})
		}
	case toolBegan:
		if m.outlives {
			c.outliving[runOf(m.turn, m.call)] = true
		}
		m.turn.toolsAtWork++
		m.turn.toolWait = max(m.turn.toolWait, m.timeout)
		m.turn.lastHeard = time.Now()
		c.tell(m.turn, ToolStarted{Call: m.call.ID, Name: m.call.Name, Arguments: m.call.Arguments})
	case thought:
		c.takeThought(m)
	case clauseOpened:
		if t := m.mouth.turn; t.mouth == m.mouth && !t.over {
			t.clauses = append(t.clauses, m.clause)
			c.play(t, m.clause)
		}
	case sound:
		c.takeSound(m)
	case clauseClosed:
		c.takeClauseClosed(m)
	case mouthClosed:
		if t := m.mouth.turn; t.mouth == m.mouth && !t.over {
			t.closed = true
			c.advance(t)
		}
	}
}

func (t *turn) step(i int) *step {
	for len(t.steps) <= i {
		t.steps = append(t.steps, &step{results: make(map[string]string)})
	}
	return t.steps[i]
}

// takeSaid takes the brain's next words.
func (c *Conversation) takeSaid(m said) {
	t := m.turn
	if t.over || t.failed {
		return
	}
	now := time.Now()
	if m.filler {
		t.filler = m.text
	} else {
		t.lastHeard = now
	}
	if t.timings.FirstToken < 0 && t.script == "" && !m.filler {
		t.timings.FirstToken = max(now.Sub(t.origin).Milliseconds(), 0)
	}
	t.step(m.step).text.WriteString(m.text)
	t.text.WriteString(m.text)
	if t.id != 0 {
		c.emit(t.id, ReplyText{m.text})
	}
}

// takeThought takes the end of the brain's work.
func (c *Conversation) takeThought(m thought) {
	t := m.turn
	if t.over || t.failed {
		return
	}
	t.thought = true
	if t.err == nil { // else the voice has failed before the turn was certain
		t.err = m.err
	}
	t.lastHeard = time.Now()
	if t.err == nil && strings.TrimSpace(strings.TrimPrefix(t.text.String(), t.filler)) == "" {
		t.err = errSaidNothing
	}
	c.advance(t)
}

// advance ends a committed turn when nothing is left to come, and turns to the
// apology when something failed.
func (c *Conversation) advance(t *turn) {
	switch {
	case t.id == 0 || t.over || !t.thought && t.err == nil:
		return
	case t.err != nil && !t.failed:
		stage := "generation"
		if errors.Is(t.err, errSynthesis) {
			stage = "synthesis"
		}
		c.fail(t, stage, t.err)
		return
	}
	if t.spoken && !t.written && !t.failed {
		t.written = true
		c.emit(t.id, ReplyWritten{strings.TrimSpace(t.text.String())})
	}
	switch {
	case !t.spoken:
		c.endTurn(c.endCause(t))
	case t.closed && len(t.clauses) == 0:
		c.endTurn(c.endCause(t))
	case t.closed:
		c.playout.EndTurn(t.serial)
	}
}

func (c *Conversation) endCause(t *turn) error {
	if t.failed || t.apology {
		return errFailed
	}
	return errDone
}
