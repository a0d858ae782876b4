package agent

import (
	"context"
	"errors"
	"time"

	"parley/audio/playout"
	"parley/tts"
)

// ahead is how many clauses may be synthesised and not yet played: enough that
// the voice never waits, few enough that a barge-in wastes little.
const ahead = 3

// mouth is the goroutine that has a turn's clauses synthesised one after another.
type mouth struct {
	turn   *turn
	voice  tts.Voice
	queue  chan string   // clauses to say; closed by whoever writes it
	tokens chan struct{} // one for each clause that may be begun
}

// clause is one piece of speech.
type clause struct {
	id     int64 // the playout's, once it is there
	words  []playout.Word
	spoken string // what the voice reads
	queued bool
	pcm    [][]int16 // waits here until the turn is committed
	sound  [][]int16 // all of it, where it is recorded
	ended  bool
}

// openMouth starts a turn's synthesis. Clauses are sent to the queue, which the
// sender closes.
func (c *Conversation) openMouth(ctx context.Context, t *turn, voice tts.Voice, may int) *mouth {
	m := &mouth{turn: t, voice: voice, queue: make(chan string, 64), tokens: make(chan struct{}, 1024)}
	t.mouth = m
	m.release(may)
	language := t.language
	c.start(func() { c.speak(ctx, m, language) })
	return m
}

// release lets the mouth begin n more clauses.
func (m *mouth) release(n int) {
	for range n {
		select {
		case m.tokens <- struct{}{}:
		default:
			return
		}
	}
}

// speak synthesises clauses until there are no more or the turn ends.
func (c *Conversation) speak(ctx context.Context, m *mouth, language string) {
	for {
		var text string
		select {
		case next, ok := <-m.queue:
			if !ok {
				c.postFinal(mouthClosed{m})
				return
			}
			text = next
		case <-ctx.Done():
			return
		}
		k := newClause(text, language)
		if k == nil {
			continue // nothing that can be said
		}
		select {
		case <-m.tokens:
		case <-ctx.Done():
			return
		}
		if c.post(ctx, clauseOpened{m, k}) != nil {
			return
		}
		failure := c.speakClause(ctx, m, k, language)
		if ctx.Err() != nil {
			return
		}
		if c.post(ctx, clauseClosed{m, k, failure}) != nil || failure != nil {
			return
		}
	}
}

// speakClause has one clause synthesised. It returns what went wrong with that.
func (c *Conversation) speakClause(ctx context.Context, m *mouth, k *clause, language string) (err error) {
	defer c.survive("voice", &err)
	for pcm, err := range m.voice.Speak(ctx, tts.Request{Text: k.spoken, Language: language}) {
		if err != nil {
			return err
		}
		if err := c.post(ctx, sound{m, k, pcm}); err != nil {
			return err
		}
	}
	return nil
}

// speakText has one text said in a mouth of its own: the apology.
func (c *Conversation) speakText(ctx context.Context, t *turn, voice tts.Voice, text string) {
	m := c.openMouth(ctx, t, voice, ahead)
	splitter := tts.NewSplitter()
	clauses := append(splitter.Push(text), splitter.Flush()...)
	for _, clause := range clauses {
		m.queue <- clause // an apology has fewer clauses than the queue has room for
	}
	close(m.queue)
}

// newClause prepares a text for the voice; nil when there is nothing to say.
func newClause(text, language string) *clause {
	k := &clause{}
	words := tts.Spoken(text, language)
	for _, w := range words {
		k.words = append(k.words, playout.Word{Text: w.Display, Weight: w.Weight})
	}
	k.spoken = tts.JoinSpoken(words)
	if k.spoken == "" {
		return nil
	}
	return k
}

// play hands a clause and what there is of its sound to the playout, once the
// turn is committed.
func (c *Conversation) play(t *turn, k *clause) {
	if t.id == 0 {
		return
	}
	if !k.queued {
		k.queued = true
		k.id = c.playout.Begin(playout.Clause{Turn: t.serial, Words: k.words})
	}
	for _, pcm := range k.pcm {
		if err := c.playout.Append(k.id, pcm); err != nil {
			c.log.Warn("sound was dropped", "turn", t.id, "err", err)
		}
	}
	k.pcm = nil
	if k.ended {
		c.playout.Finish(k.id)
	}
}

// Preview implements room.Foreseeing: what Next will give if nobody interrupts.
func (c *Conversation) Preview(dst []int16) int { return c.playout.Preview(dst) }

// takeSound takes the next piece of a clause's sound.
func (c *Conversation) takeSound(m sound) {
	t := m.mouth.turn
	if t.mouth != m.mouth || t.over {
		return
	}
	t.lastHeard = time.Now()
	m.clause.pcm = append(m.clause.pcm, m.pcm)
	c.keepSound(t, m.clause, m.pcm)
	c.play(t, m.clause)
}

// takeClauseClosed takes the end of a clause's synthesis.
func (c *Conversation) takeClauseClosed(m clauseClosed) {
	t := m.mouth.turn
	if t.mouth != m.mouth || t.over {
		return
	}
	m.clause.ended = true
	c.play(t, m.clause)
	switch {
	case m.err == nil:
	case t.id == 0:
		t.err = errors.Join(errSynthesis, m.err) // said once the turn is certain
	default:
		c.fail(t, "synthesis", m.err)
	}
}

var errSynthesis = errors.New("synthesis failed")

// clauseAt is the place of a clause of the playout in its turn, -1 if it has none.
func (t *turn) clauseAt(id int64) int {
	for i, k := range t.clauses {
		if k.queued && k.id == id {
			return i
		}
	}
	return -1
}

// takePlayed takes what the playout tells of its progress.
func (c *Conversation) takePlayed(e playout.Event) {
	t := c.turn
	if e.Kind == playout.Silent {
		if c.hold != nil {
			c.hold.silent = e.At
			c.tellSilence()
		}
		return
	}
	if t == nil || e.Turn != t.serial {
		return
	}
	t.lastHeard = time.Now()
	switch e.Kind {
	case playout.FirstSound:
		t.sounding = true
		if t.timings.FirstSound < 0 {
			t.timings.FirstSound = max(e.At.Sub(t.origin).Milliseconds(), 0)
		}
		if c.hold == nil {
			c.setState(Speaking)
		}
	case playout.WordStarted:
		t.playing = t.clauseAt(e.Clause)
		c.emit(t.id, ReplySpoken{c.playout.Account(t.serial).Heard()})
	case playout.ClauseDone:
		if t.mouth != nil {
			t.mouth.release(1)
		}
	case playout.TurnDone:
		c.endTurn(c.endCause(t))
	}
}
