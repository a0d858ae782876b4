package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"parley/llm"
	"parley/tools"
	"parley/tts"
)

// think starts a turn's brain, and its voice if somebody hears it.
func (c *Conversation) think(t *turn) {
	c.keepToBudget(t)
	var queue chan<- string
	if t.spoken {
		// In advance only the first clause is synthesised: it is what the caller
		// would wait for, and more would be wasted if they go on.
		queue = c.openMouth(t.ctx, t, c.opts.Engines.Voice, 1).queue
	}
	thinker := &thinker{c: c, turn: t, queue: queue, splitter: tts.NewSplitter()}
	if t.script == "" {
		thinker.approved = c.approval(t)
		thinker.caller = c.caller
		thinker.photos = addPhotos(c.photos, t.images)
		thinker.definitions = c.opts.Engines.Tools.Definitions(c.caller)
		thinker.request = c.buildRequest(t, thinker.definitions)
	} else {
		thinker.script = t.script
	}
	c.start(thinker.run)
}

// buildRequest is what the brain is given. It runs on the conversation's goroutine.
func (c *Conversation) buildRequest(t *turn, definitions []tools.Definition) llm.Request {
	system, err := c.opts.Phrases.System(t.language, c.caller, c.hears)
	if err != nil {
		c.log.Error("no system message", "err", err)
	}
	offered := make([]llm.Tool, len(definitions))
	for i, d := range definitions {
		offered[i] = llm.Tool{Name: d.Name, Description: d.Description, Parameters: d.Parameters}
	}
	return llm.Request{
		Messages:     c.history.request(system, t.user, t.images),
		Tools:        offered,
		Language:     t.language,
		Conversation: c.opts.ID,
	}
}

// thinker is the goroutine that leads a turn's brain through its steps. It owns
// its fields and reports by messages.
type thinker struct {
	c           *Conversation
	turn        *turn
	queue       chan<- string // clauses for the voice; nil when there is none
	splitter    *tts.Splitter
	script      string
	request     llm.Request
	definitions []tools.Definition
	approved    *pendingWrite
	// caller is who is calling, as far as this turn knows.
	caller tools.Caller
	// photos are the hashes of what the caller has shown, this turn included.
	photos []string
	spoke  bool // something has been said in this turn
}

func (k *thinker) run() {
	err := k.think()
	if k.queue != nil {
		if err == nil {
			k.say(k.splitter.Flush())
		}
		close(k.queue)
	}
	if k.turn.ctx.Err() == nil {
		k.c.postFinal(thought{k.turn, err})
	}
}

// think goes from step to step until the brain calls no more tools.
func (k *thinker) think() (err error) {
	defer k.c.survive("brain", &err)
	if k.script != "" {
		return k.hand(0, k.script)
	}
	if k.turn.opening != "" {
		if err := k.remark(0, k.turn.opening); err != nil {
			return err
		}
	}
	steps := k.c.opts.Tuning.Limits.Steps
	for step := range steps {
		// Whoever goes on calling tools is asked, in the end, for an answer.
		k.request.MustAnswer = step > 0 && step == steps-1
		m, err := k.generate(step)
		if err != nil {
			return err
		}
		if k.request.MustAnswer && len(m.ToolCalls) > 0 {
			return fmt.Errorf("the brain still calls tools after %d steps", steps)
		}
		if err := k.post(stepped{k.turn, step, m.ToolCalls, m.State}); err != nil {
			return err
		}
		if len(m.ToolCalls) == 0 {
			return nil
		}
		k.say(k.splitter.Flush()) // what it says before it looks something up is heard meanwhile
		results, err := k.runTools(step, m.ToolCalls)
		if err != nil {
			return err
		}
		k.request.Messages = append(k.request.Messages, m)
		k.request.Messages = append(k.request.Messages, results...)
	}
	return fmt.Errorf("the brain took more than %d steps", k.c.opts.Tuning.Limits.Steps)
}

// generate runs the brain once and hands on what it says while it says it.
func (k *thinker) generate(step int) (llm.Message, error) {
	ctx, stop := context.WithCancel(k.turn.ctx)
	defer stop()
	deltas := k.ask(ctx)
	patience := k.wait()
	defer patience.stop()
	m := llm.Message{Role: llm.Assistant}
	finish := llm.Finish("")
	for open := true; open; {
		select {
		case d, more := <-deltas:
			if open = more; !more {
				break
			}
			if d.err != nil {
				return m, fmt.Errorf("generating: %w", d.err)
			}
			if err := k.take(step, d.Delta, &m); err != nil {
				return m, err
			}
			finish = d.Finish
		case <-patience.certain:
			patience.begin(k.c.opts.Tuning.Filler)
		case <-patience.over:
			if err := k.fill(step); err != nil {
				return m, err
			}
		case <-ctx.Done():
			return m, context.Cause(k.turn.ctx)
		}
	}
	if finish == "" && ctx.Err() == nil {
		return m, errors.New("generating: the answer broke off")
	}
	if finish == llm.FinishRefused && strings.TrimSpace(m.Text) == "" {
		return m, k.decline(step, &m)
	}
	return m, context.Cause(k.turn.ctx)
}

// answered is one thing that a brain gave.
type answered struct {
	llm.Delta
	err error
}

// ask has the brain answer beside the thinker, so that a slow one can be waited for
// with words. It ends with ctx.
func (k *thinker) ask(ctx context.Context) <-chan answered {
	out := make(chan answered)
	request := k.request
	k.c.start(func() {
		defer close(out)
		give := func(a answered) bool {
			select {
			case out <- a:
				return true
			case <-ctx.Done():
				return false
			}
		}
		if err := k.listen(ctx, request, give); err != nil {
			give(answered{err: err})
		}
	})
	return out
}

func (k *thinker) listen(ctx context.Context, request llm.Request, give func(answered) bool) (err error) {
	defer k.c.survive("brain", &err)
	for d, err := range k.c.opts.Engines.Brain.Generate(ctx, request) {
		if err != nil {
			return err
		}
		if !give(answered{Delta: d}) {
			return nil
		}
	}
	return nil
}

// take takes one thing that the brain gave.
func (k *thinker) take(step int, d llm.Delta, m *llm.Message) error {
	if d.Text != "" {
		m.Text += d.Text
		if len(m.Text) > maxReply {
			return errTooMuch
		}
		if err := k.hand(step, d.Text); err != nil {
			return err
		}
	}
	if err := k.note(d); err != nil {
		return err
	}
	if d.ToolCall != nil {
		m.ToolCalls = append(m.ToolCalls, *d.ToolCall)
		if len(m.ToolCalls) > maxCalls {
			return errTooMuch
		}
	}
	if d.State != nil {
		m.State = d.State
	}
	return nil
}

// note passes on what a brain tells about itself.
func (k *thinker) note(d llm.Delta) error {
	if d.Moved != nil {
		if err := k.post(moved{k.turn, *d.Moved}); err != nil {
			return err
		}
	}
	if d.Usage != nil {
		return k.post(spent{k.turn, *d.Usage})
	}
	return nil
}

// decline answers for a brain that refuses to, and says nothing.
func (k *thinker) decline(step int, m *llm.Message) error {
	text, err := k.c.opts.Phrases.Phrase(k.request.Language, PhraseRefused, k.c.opts.Caller)
	if err != nil {
		return fmt.Errorf("generating: the brain refused: %w", err)
	}
	m.Text, m.ToolCalls = text, nil
	return k.hand(step, text)
}

const (
	// maxReply bounds one step's text in bytes: minutes of speech.
	maxReply = 16 << 10
	// maxCalls bounds the tool calls of one step.
	maxCalls = 16
)

var errTooMuch = errors.New("the brain would not stop")

// hand passes on text to the captions and to the voice.
func (k *thinker) hand(step int, text string) error {
	return k.utter(said{turn: k.turn, step: step, text: text})
}

func (k *thinker) utter(m said) error {
	if err := k.post(m); err != nil {
		return err
	}
	k.spoke = true
	if k.queue != nil {
		k.say(k.splitter.Push(m.text))
	}
	return nil
}

// say queues clauses for the voice.
func (k *thinker) say(clauses []string) {
	if k.queue == nil {
		return
	}
	for _, text := range clauses {
		select {
		case k.queue <- text:
		case <-k.turn.ctx.Done():
			return
		}
	}
}

func (k *thinker) post(m message) error { return k.c.post(k.turn.ctx, m) }
