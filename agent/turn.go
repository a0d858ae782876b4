package agent

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"parley/audio/playout"
	"parley/llm"
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

	user    string // what is answered; "" when the agent speaks first
	source  string // "voice" or "text"
	script  string // what to say without asking a brain
	origin  time.Time
	timings Timings
	spoken  bool // it goes to the voice; else it is text alone

	steps     []*step
	untold    []Event // what happened before it was committed
	text      strings.Builder
	thought   bool // the brain has finished
	err       error
	failed    bool      // the apology is being said
	apology   bool      // it is nothing but an apology
	lastHeard time.Time // when something last came of it: an engine spoke, a word was played

	mouth    *mouth
	clauses  []*clause
	closed   bool // all clauses are synthesised
	sounding bool // the first sample went out
	playing  int  // the clause that is heard
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
	t.user, t.source, t.origin = d.text, "voice", c.utterance.endWall
	t.timings.Transcript = d.heardAt.Sub(t.origin).Milliseconds()
	c.think(t)
	return t
}

func (c *Conversation) newTurn() *turn {
	ctx, cancel := context.WithCancelCause(c.ctx)
	c.serials++
	return &turn{
		serial: c.serials, ctx: ctx, cancel: cancel, committed: make(chan struct{}),
		origin: time.Now(), timings: NoTimings(), spoken: c.hears, playing: -1,
	}
}

// commit makes a turn the agent's answer.
func (c *Conversation) commit(t *turn) {
	c.turns++
	t.id = c.turns
	c.turn = t
	c.beAlert(true)
	now := time.Now()
	t.lastHeard = now
	if t.source == "voice" {
		t.timings.Decided = now.Sub(t.origin).Milliseconds()
	}
	if t.user != "" {
		c.history.user(t.user)
		c.emit(t.id, UserSaid{Text: t.user, Source: t.source, Language: c.language})
		if c.opts.Phrases.Negation(c.language, t.user) {
			c.pending = nil
		}
	}
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
	c.used = time.Now()
	c.dropUtterance()
	c.endTurn(errSuperseded)
	t := c.newTurn()
	t.user, t.source = m.text, "text"
	t.timings.Transcript, t.timings.Decided = 0, 0
	m.reply <- c.turns + 1
	c.think(t)
	c.commit(t)
}

// greet speaks first.
func (c *Conversation) greet() {
	if c.turn != nil || c.utterance != nil {
		return
	}
	text, err := c.opts.Phrases.Phrase(c.language, PhraseGreeting, c.opts.Caller)
	if err != nil {
		c.log.Error("no greeting", "err", err)
		return
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

// apologise answers when there is nothing to answer with.
func (c *Conversation) apologise(stage string, cause error) {
	c.emit(0, Failed{Stage: stage, Message: publicReason(cause)})
	c.recite(c.apology()).apology = true
}

func (c *Conversation) apology() string {
	text, err := c.opts.Phrases.Phrase(c.language, PhraseApology, c.opts.Caller)
	if err != nil {
		c.log.Error("no apology", "err", err)
		return "Sorry, something went wrong. Could you say that again?"
	}
	return text
}

// publicReason is what a client is told of a fault: what kind, not which server
// said what.
func publicReason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errEngineLate) || errors.Is(err, errRecognitionLate) {
		return "no answer in time"
	}
	return "failed"
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
	case unconfirmed:
		if !m.turn.over {
			c.pending = &pendingWrite{name: m.call.Name, arguments: canonical(m.call.Arguments), turn: m.turn, asked: c.turns}
			m.turn.stepOf(m.call.ID).results[m.call.ID] = m.result
			c.emit(m.turn.id, ConfirmationAsked{Call: m.call.ID, Name: m.call.Name, Arguments: objectOr(m.call.Arguments)})
		}
	case toolBegan:
		c.tell(m.turn, ToolStarted{Call: m.call.ID, Name: m.call.Name})
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
	t.lastHeard = now
	if t.timings.FirstToken < 0 && t.script == "" {
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
	if t.err == nil && strings.TrimSpace(t.text.String()) == "" {
		t.err = errSaidNothing
	}
	c.advance(t)
}

var errSaidNothing = errors.New("the brain said nothing")

// advance ends a committed turn when nothing is left to come, and turns to the
// apology when something failed.
func (c *Conversation) advance(t *turn) {
	switch {
	case t.id == 0 || t.over:
	case t.err != nil && !t.failed:
		stage := "generation"
		if errors.Is(t.err, errSynthesis) {
			stage = "synthesis"
		}
		c.fail(t, stage, t.err)
	case !t.thought:
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

// fail stops what a turn was doing and has the agent apologise, once. What is
// already queued is still heard.
func (c *Conversation) fail(t *turn, stage string, cause error) {
	c.log.Warn("a turn failed", "turn", t.id, "stage", stage, "err", cause)
	c.emit(t.id, Failed{Stage: stage, Message: publicReason(cause)})
	if t.failed || t.apology { // the apology failed as well
		t.failed = true
		t.thought, t.closed = true, true
		c.endTurn(errFailed)
		return
	}
	t.failed, t.thought, t.err = true, true, nil
	t.cancel(errFailed)
	t.lastHeard = time.Now()
	text := c.apology()
	if t.text.Len() > 0 {
		text = " " + text
	}
	t.step(len(t.steps)).text.WriteString(text)
	t.text.WriteString(text)
	c.emit(t.id, ReplyText{text})
	if !t.spoken {
		c.endTurn(errFailed)
		return
	}
	for _, k := range t.clauses {
		c.playout.Finish(k.id) // whatever was under way ends here
	}
	t.closed = false
	voice := c.opts.Engines.Voice
	if stage == "synthesis" && c.opts.Engines.Spare != nil {
		voice = c.opts.Engines.Spare
	}
	// The turn's own context is over; the apology has one of its own.
	ctx, cancel := context.WithCancelCause(c.ctx)
	t.cancelApology = cancel
	c.speakText(ctx, t, voice, text)
}

var errEngineLate = errors.New("an engine did not answer in time")

// playGrace is how long a turn whose sound is all there waits for the room to
// play the next word of it.
const playGrace = 5 * time.Second

// turnDeadline is when the turn under way has waited too long for an engine.
func (c *Conversation) turnDeadline() time.Time {
	t := c.turn
	switch {
	case t == nil || c.hold != nil:
		return time.Time{}
	case !t.thought:
		return t.lastHeard.Add(c.opts.Tuning.Limits.FirstToken)
	case t.spoken && !t.closed:
		return t.lastHeard.Add(c.opts.Tuning.Limits.Synthesis)
	case t.spoken:
		return t.lastHeard.Add(playGrace)
	default:
		return time.Time{}
	}
}

// giveUp ends the wait for an engine that is too late.
func (c *Conversation) giveUp() {
	t := c.turn
	switch {
	case !t.thought:
		c.fail(t, "generation", errEngineLate)
	case !t.closed:
		c.fail(t, "synthesis", errEngineLate)
	default:
		c.log.Warn("the room does not play what was said", "turn", t.id)
		c.endTurn(c.endCause(t))
	}
}

// endTurn ends the agent's answer: what was heard goes into the history.
func (c *Conversation) endTurn(cause error) {
	t := c.turn
	if t == nil {
		return
	}
	c.turn, t.over = nil, true
	c.beAlert(false)
	t.cancel(cause)
	if t.cancelApology != nil {
		t.cancelApology(cause)
	}
	finished := errors.Is(cause, errDone) || errors.Is(cause, errFailed)
	heard := t.text.String()
	if t.spoken {
		heard = c.heard(t, c.playout.Flush(t.serial), finished)
	}
	if c.hold != nil {
		c.hold = nil
		c.playout.Resume() // for what comes next
	}
	c.unduck()
	c.remember(t, heard, finished)
	interrupted := !finished
	if c.pending != nil && c.pending.turn == t {
		c.pending.heard = finished
	}
	c.emit(t.id, ReplyDone{Text: strings.TrimSpace(t.text.String()), Heard: strings.TrimSpace(heard), Interrupted: interrupted})
	c.emit(t.id, TurnEnded{Cause: causeName(cause), Timings: t.timings})
	c.restState()
}

// heard is the part of a turn's text that was played, by the playout's account.
func (c *Conversation) heard(t *turn, a playout.Account, finished bool) string {
	if finished && a.Complete {
		return t.text.String()
	}
	return a.Heard()
}

// remember writes a turn into the history, cut to what was heard.
func (c *Conversation) remember(t *turn, heard string, finished bool) {
	left := heard
	for i, s := range t.steps {
		m := llm.Message{Text: strings.TrimSpace(s.text.String()), ToolCalls: s.calls, State: s.state}
		if !finished {
			m.Text, left = cutText(m.Text, left)
			m.Interrupted = i == len(t.steps)-1 || left == ""
		}
		c.history.assistant(m)
		for _, call := range s.calls {
			result, ok := s.results[call.ID]
			switch {
			case ok:
			case c.isWriting(call):
				result = stillRunning
			default:
				result = "The call was stopped because the caller spoke."
			}
			c.history.tool(call, result)
		}
	}
}

// cutText takes from a step's text the words that were heard, and returns what
// of heard is left for later steps. Both are compared by words, because a voice
// is given text without its layout.
func cutText(text, heard string) (cut, left string) {
	words, played := strings.Fields(text), strings.Fields(heard)
	if len(played) >= len(words) {
		return text, strings.Join(played[len(words):], " ")
	}
	return strings.Join(words[:len(played)], " "), ""
}

// restState is what the agent is doing when nothing has just happened.
func (c *Conversation) restState() {
	switch {
	case c.turn != nil && c.turn.sounding:
		c.setState(Speaking)
	case c.turn != nil:
		c.setState(Thinking)
	case c.utterance != nil:
		c.setState(Hearing)
	default:
		c.setState(Listening)
	}
}
