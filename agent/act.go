package agent

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"parley/llm"
	"parley/tools"
)

// toolRun names one run of a tool: call ids are a brain's, and may come again.
type toolRun struct {
	turn int64
	call string
}

func runOf(t *turn, call llm.ToolCall) toolRun { return toolRun{t.serial, call.ID} }

// ran is what came of one call of a step.
type ran struct {
	at      int
	message llm.Message
	caller  *tools.Caller
}

// runTools runs the calls of one step side by side and returns the messages that
// answer them. What the tools have to say meanwhile is said from here.
func (k *thinker) runTools(at int, calls []llm.ToolCall) ([]llm.Message, error) {
	if err := k.announce(at, calls); err != nil {
		return nil, err
	}
	ends := make(chan ran, len(calls))
	var all sync.WaitGroup
	defer all.Wait()
	for i, call := range calls {
		who := k.caller
		all.Go(func() {
			text, found := k.runTool(call, who)
			ends <- ran{i, llm.Message{Role: llm.ToolRole, ToolCallID: call.ID, ToolName: call.Name, Text: text}, found}
		})
	}
	slow, after := k.slow(calls)
	var late <-chan time.Time
	if slow != "" {
		timer := time.NewTimer(after)
		defer timer.Stop()
		late = timer.C
	}
	results := make([]llm.Message, len(calls))
	for left := len(calls); left > 0; {
		select {
		case end := <-ends:
			left--
			results[end.at] = end.message
			if end.caller != nil {
				k.caller = *end.caller
			}
		case <-late:
			late = nil
			if err := k.remark(at, slow); err != nil {
				return nil, err
			}
		}
	}
	return results, context.Cause(k.turn.ctx)
}

// runTool runs one call for a caller and returns what the brain is told of it, and
// who the tool has found to be calling.
func (k *thinker) runTool(call llm.ToolCall, who tools.Caller) (told string, found *tools.Caller) {
	def, known := k.definition(call.Name)
	if !known || def.Effect != tools.Write {
		// A read may run before the turn is certain.
		return k.c.runRead(k.turn, k.asked(call, who), def)
	}
	// A write waits until it is certain that the caller has finished.
	select {
	case <-k.turn.committed:
	case <-k.turn.ctx.Done():
		return "", nil
	}
	wish := k.asked(call, who)
	again := def.OnDuplicate == tools.Allow
	if def.Confirm == tools.ConfirmHeard && !k.agreed(wish, again) {
		return k.c.askFirst(k.turn, wish), nil
	}
	w, fresh := k.c.writes.begin(wish, again)
	if fresh {
		k.c.startWrite(k.turn, wish, w)
	}
	select {
	case <-w.done:
		return w.result, w.caller
	case <-k.turn.ctx.Done():
		return "", nil // it goes on, and the conversation hears of its end
	}
}

// wish is a call that a brain asked for, on behalf of somebody.
type wish struct {
	tools.Call
	id        string // the brain's
	canonical string // the arguments, so that they compare
	failed    string // what to say when the tool cannot be run
	timeout   time.Duration
}

func (k *thinker) asked(call llm.ToolCall, who tools.Caller) wish {
	def, _ := k.definition(call.Name)
	return wish{
		Call: tools.Call{
			Name: call.Name, Arguments: call.Arguments, Caller: who,
			Conversation: tools.Conversation{ID: k.c.opts.ID, Language: k.turn.language, Turn: k.turn.serial, Photos: k.photos},
		},
		id: call.ID, canonical: canonical(call.Arguments), failed: tools.InLanguage(def.Say.Failed, k.turn.language), timeout: def.Timeout,
	}
}

func (w wish) toolCall() llm.ToolCall {
	return llm.ToolCall{ID: w.id, Name: w.Name, Arguments: w.Arguments}
}

func (k *thinker) definition(name string) (tools.Definition, bool) {
	for _, d := range k.definitions {
		if d.Name == name {
			return d, true
		}
	}
	return tools.Definition{}, false
}

// runRead runs a tool that changes nothing. It ends with its turn, unless its
// definition says that it finishes.
func (c *Conversation) runRead(t *turn, w wish, def tools.Definition) (told string, found *tools.Caller) {
	_ = c.post(t.ctx, toolBegan{t, w.toolCall(), def.OnInterrupt == tools.Finish, w.timeout}) // a turn that is over tells nobody
	if def.OnInterrupt != tools.Finish {
		end := c.run(t.ctx, t, w)
		return end.result, end.caller
	}
	ends := make(chan toolEnded, 1)
	ctx := context.WithoutCancel(t.ctx)
	c.start(func() { ends <- c.run(ctx, t, w) })
	select {
	case end := <-ends:
		return end.result, end.caller
	case <-t.ctx.Done():
		return "", nil
	}
}

// startWrite runs a tool that changes something. Neither a barge-in nor a
// hang-up stops it: its result reaches the history even after its turn.
func (c *Conversation) startWrite(t *turn, w wish, running *write) {
	ctx := context.WithoutCancel(t.ctx)
	if c.opts.Record != nil {
		w.timeout += recordWait
	}
	_ = c.post(t.ctx, toolBegan{t, w.toolCall(), true, w.timeout}) // a turn that is over tells nobody
	if running.key == "" {
		running.key = c.idempotencyKey(t, w)
	}
	w.Key = running.key
	c.start(func() {
		end := c.runWrite(ctx, t, w)
		running.result, running.ok, running.caller = end.result, end.ok, end.caller
		close(running.done)
	})
}

// runWrite records a write, runs it, and records what came of it.
func (c *Conversation) runWrite(ctx context.Context, t *turn, w wish) toolEnded {
	if err := c.writeAhead(ctx, w); err != nil {
		end := toolEnded{turn: t, call: w.toolCall(), result: unrecorded(w)}
		c.postFinal(end)
		return end
	}
	end := c.run(ctx, t, w)
	c.writeDone(w, end)
	return end
}

// run runs a tool, tells the conversation what came of it, and returns that.
func (c *Conversation) run(ctx context.Context, t *turn, w wish) toolEnded {
	began := time.Now()
	end := toolEnded{turn: t, call: w.toolCall()}
	out, err := c.runAsked(ctx, w)
	var told *tools.Error
	switch {
	case err == nil:
		end.result, end.ok, end.caller = string(out.JSON), true, out.Caller
	case errors.As(err, &told):
		end.result = refusal(told, w)
	default:
		if ctx.Err() == nil {
			c.log.Warn("a tool failed", "tool", w.Name, "err", err)
		}
		end.result = tools.FailureDetail{Code: tools.Fault, Message: "The tool does not work right now. Nothing is known about its result.", Say: w.failed}.JSON()
	}
	end.took = time.Since(began)
	c.postFinal(end)
	return end
}

// refusal is what a brain is told of a call that a tool has refused.
func refusal(err *tools.Error, w wish) string {
	detail := tools.FailureDetail{Code: err.Code, Message: err.Message}
	if err.Code == tools.Unavailable {
		detail.Say = w.failed
	}
	return detail.JSON()
}

func (c *Conversation) runAsked(ctx context.Context, w wish) (out tools.Result, err error) {
	defer c.survive("tool "+w.Name, &err)
	return c.opts.Engines.Tools.Run(ctx, w.Call)
}

// takeTool takes the end of a tool's run, of a turn under way or long over.
func (c *Conversation) takeTool(m toolEnded) {
	delete(c.outliving, runOf(m.turn, m.call))
	c.tell(m.turn, ToolFinished{Call: m.call.ID, Name: m.call.Name, OK: m.ok, Took: m.took.Milliseconds(), Result: m.result})
	switch {
	case m.caller == nil:
	case m.turn.id != 0:
		c.identify(m.turn, *m.caller)
	default:
		m.turn.caller = m.caller // it counts if the turn does
	}
	if p := c.pending; p != nil && m.ok && p.heard && p.name == m.call.Name && p.arguments == canonical(m.call.Arguments) && c.isWriting(m.call) {
		c.pending = nil
	}
	if m.turn.over {
		if c.history.settle(m.call.ID, m.result) {
			c.keep()
		}
		return
	}
	m.turn.lastHeard = time.Now()
	if m.turn.toolsAtWork--; m.turn.toolsAtWork <= 0 {
		m.turn.toolsAtWork, m.turn.toolWait = 0, 0
	}
	m.turn.stepOf(m.call.ID).results[m.call.ID] = m.result
}

// identify makes the conversation that of a caller whom a tool has found. Whoever
// is known already stays: one conversation belongs to one customer.
func (c *Conversation) identify(t *turn, who tools.Caller) {
	if c.caller.Verified {
		return
	}
	who.Language = c.language
	c.caller = who
	c.emit(t.id, CallerIdentified{Customer: who.Name})
}

// stepOf is the step that made a call; the newest when the call is not known yet.
func (t *turn) stepOf(callID string) *step {
	for _, s := range t.steps {
		for _, call := range s.calls {
			if call.ID == callID {
				return s
			}
		}
	}
	return t.step(max(len(t.steps)-1, 0))
}

// objectOr returns what a model wrote if it is JSON, else an empty object.
func objectOr(arguments json.RawMessage) json.RawMessage {
	if json.Valid(arguments) {
		return arguments
	}
	return json.RawMessage(`{}`)
}
