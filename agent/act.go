package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"parley/llm"
	"parley/tools"
)

// pendingWrite is a write that the brain wants and the caller has not yet
// agreed to.
type pendingWrite struct {
	name, arguments string
	turn            *turn // the turn whose answer asks the question
	asked           int64 // its number
	heard           bool  // the question was heard to its end
}

// approvalLasts is how many turns after the question a yes still counts for it.
const approvalLasts = 3

// approval is the pending write if the caller's words agree to it, else nil. It
// runs on the conversation's goroutine.
func (c *Conversation) approval(user string) *pendingWrite {
	p := c.pending
	switch {
	case p == nil || !p.heard || c.turns-p.asked >= approvalLasts:
		return nil
	case !c.opts.Phrases.Affirmation(c.language, user) || c.opts.Phrases.Negation(c.language, user):
		return nil
	default:
		return p
	}
}

// write is one call of a tool that changes something. It runs once, however
// often it is asked for.
type write struct {
	done   chan struct{}
	result string // set before done is closed
	ok     bool
}

// writes are the writes of a conversation by tool and arguments. It is shared by
// the conversation's goroutine and its thinkers.
type writes struct {
	mu  sync.Mutex
	all map[string]*write
}

// begin returns the write of this tool with these arguments, and whether it is
// new. One that failed may be tried again.
func (w *writes) begin(name, arguments string) (*write, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := name + "\x00" + arguments
	if old, ok := w.all[key]; ok {
		select {
		case <-old.done:
			if old.ok {
				return old, false
			}
		default:
			return old, false
		}
	}
	fresh := &write{done: make(chan struct{})}
	w.all[key] = fresh
	return fresh, true
}

// under says whether such a write has begun.
func (w *writes) under(name, arguments string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.all[name+"\x00"+arguments]
	return ok
}

// runTools runs the calls of one step side by side and returns the messages
// that answer them.
func (k *thinker) runTools(calls []llm.ToolCall) ([]llm.Message, error) {
	results := make([]llm.Message, len(calls))
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() {
			results[i] = llm.Message{Role: llm.ToolRole, ToolCallID: call.ID, ToolName: call.Name, Text: k.runTool(call)}
		})
	}
	all.Wait()
	return results, context.Cause(k.turn.ctx)
}

// runTool runs one call and returns what the brain is told of it.
func (k *thinker) runTool(call llm.ToolCall) string {
	def, known := k.definition(call.Name)
	if !known || def.Effect != tools.Write {
		// A read may run before the turn is certain, and ends with it.
		return k.c.runRead(k.turn, call)
	}
	// A write waits until it is certain that the caller has finished.
	select {
	case <-k.turn.committed:
	case <-k.turn.ctx.Done():
		return ""
	}
	arguments := canonical(call.Arguments)
	if def.Confirm == tools.ConfirmHeard && !k.agreed(call.Name, arguments) {
		return k.c.askFirst(k.turn, call)
	}
	w, fresh := k.c.writes.begin(call.Name, arguments)
	if fresh {
		k.c.startWrite(k.turn, call, w)
	}
	select {
	case <-w.done:
		return w.result
	case <-k.turn.ctx.Done():
		return "" // it goes on, and the conversation hears of its end
	}
}

func (k *thinker) definition(name string) (tools.Definition, bool) {
	for _, d := range k.definitions {
		if d.Name == name {
			return d, true
		}
	}
	return tools.Definition{}, false
}

// agreed says whether the caller has just said yes to this very write, or it has
// already been done with their yes.
func (k *thinker) agreed(name, arguments string) bool {
	if p := k.approved; p != nil && p.name == name && p.arguments == arguments {
		return true
	}
	return k.c.writes.under(name, arguments)
}

// askFirst tells the brain to ask the caller, and remembers what for.
func (c *Conversation) askFirst(t *turn, call llm.ToolCall) string {
	// The arguments must be right before the caller is asked about them; a tool
	// that refuses them says so when it runs.
	told, err := json.Marshal(struct {
		Status    string          `json:"status"`
		Tool      string          `json:"tool"`
		Arguments json.RawMessage `json:"arguments"`
		Note      string          `json:"note"`
	}{"confirmation_required", call.Name, objectOr(call.Arguments),
		"Nothing was done. Say exactly what you are about to do and ask whether to do it. After the caller's yes, call the tool again with the same arguments."})
	if err != nil {
		told = []byte("Nothing was done: ask the caller first.")
	}
	_ = c.post(t.ctx, unconfirmed{t, call, string(told)}) // a turn that is over needs no pending write
	return string(told)
}

// objectOr returns what a model wrote if it is JSON, else an empty object.
func objectOr(arguments json.RawMessage) json.RawMessage {
	if json.Valid(arguments) {
		return arguments
	}
	return json.RawMessage(`{}`)
}

// runRead runs a tool that changes nothing. It ends with its turn.
func (c *Conversation) runRead(t *turn, call llm.ToolCall) string {
	_ = c.post(t.ctx, toolBegan{t, call}) // a turn that is over tells nobody
	began := time.Now()
	result, ok := c.call(t.ctx, call, "")
	c.report(t, call, result, ok, time.Since(began))
	return result
}

// startWrite runs a tool that changes something. Neither a barge-in nor a
// hang-up stops it: its result reaches the history even after its turn.
func (c *Conversation) startWrite(t *turn, call llm.ToolCall, w *write) {
	ctx := context.WithoutCancel(t.ctx)
	_ = c.post(t.ctx, toolBegan{t, call}) // a turn that is over tells nobody
	c.start(func() {
		began := time.Now()
		w.result, w.ok = c.call(ctx, call, c.idempotencyKey(t, call))
		c.report(t, call, w.result, w.ok, time.Since(began))
		close(w.done)
	})
}

func (c *Conversation) report(t *turn, call llm.ToolCall, result string, ok bool, took time.Duration) {
	c.postFinal(toolEnded{turn: t, call: call, result: result, ok: ok, took: took})
}

// call runs a tool and puts what came of it into words for the brain.
func (c *Conversation) call(ctx context.Context, call llm.ToolCall, key string) (result string, ok bool) {
	out, err := c.runAsked(ctx, call, key)
	var told *tools.Error
	switch {
	case err == nil:
		return string(out.JSON), true
	case errors.As(err, &told):
		return tools.FailureDetail{Code: told.Code, Message: told.Message}.JSON(), false
	default:
		if ctx.Err() == nil {
			c.log.Warn("a tool failed", "tool", call.Name, "err", err)
		}
		return tools.FailureDetail{Code: tools.Fault, Message: "The tool does not work right now. Nothing is known about its result."}.JSON(), false
	}
}

func (c *Conversation) runAsked(ctx context.Context, call llm.ToolCall, key string) (out tools.Result, err error) {
	defer c.survive("tool "+call.Name, &err)
	return c.opts.Engines.Tools.Run(ctx, tools.Call{Name: call.Name, Arguments: call.Arguments, Caller: c.opts.Caller, Key: key})
}

// idempotencyKey names a write for good: the same call of the same turn has the
// same key, in a retry as well.
func (c *Conversation) idempotencyKey(t *turn, call llm.ToolCall) string {
	sum := sha256.Sum256([]byte(c.opts.ID + "\x00" + strconv.FormatInt(t.serial, 10) + "\x00" + call.Name + "\x00" + canonical(call.Arguments)))
	return hex.EncodeToString(sum[:16])
}

// isWriting says whether a call is a write that has begun.
func (c *Conversation) isWriting(call llm.ToolCall) bool {
	return c.writes.under(call.Name, canonical(call.Arguments))
}

// takeTool takes the end of a tool's run, of a turn under way or long over.
func (c *Conversation) takeTool(m toolEnded) {
	c.tell(m.turn, ToolFinished{Call: m.call.ID, Name: m.call.Name, OK: m.ok, Took: m.took.Milliseconds()})
	if p := c.pending; p != nil && m.ok && p.heard && p.name == m.call.Name && p.arguments == canonical(m.call.Arguments) && c.isWriting(m.call) {
		c.pending = nil
	}
	if m.turn.over {
		c.history.settle(m.call.ID, m.result)
		return
	}
	m.turn.lastHeard = time.Now()
	m.turn.stepOf(m.call.ID).results[m.call.ID] = m.result
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
