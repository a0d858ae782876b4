package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"sync"

	"parley/llm"
	"parley/tools"
)

// pendingWrite is a write that the brain wants and the caller has not yet
// agreed to.
type pendingWrite struct {
	name, arguments string
	turn            *turn  // the turn whose answer asks the question
	asked           int64  // its number
	heard           bool   // the question was heard to its end
	question        string // what was said to ask it; "" while it is being said
}

// approvalLasts is how many turns after the question a yes still counts for it.
const approvalLasts = 3

// approval is the pending write if the caller's words in a turn agree to it, else
// nil. It runs on the conversation's goroutine.
func (c *Conversation) approval(t *turn) *pendingWrite {
	switch {
	case c.waiting() == nil:
		return nil
	case !c.opts.Phrases.Affirmation(t.language, t.user) || c.opts.Phrases.Negation(t.language, t.user):
		return nil
	default:
		return c.pending
	}
}

// waiting is the write that a yes would let run now; nil for none.
func (c *Conversation) waiting() *llm.ToolCall {
	p := c.pending
	if p == nil || !p.heard || c.turns-p.asked >= approvalLasts {
		return nil
	}
	return &llm.ToolCall{Name: p.name, Arguments: json.RawMessage(p.arguments)}
}

// agreed says whether the caller has just said yes to this very write, or it has
// already begun with their yes, and is not to be done again.
func (k *thinker) agreed(w wish, again bool) bool {
	if p := k.approved; p != nil && p.name == w.Name && p.arguments == w.canonical {
		return true
	}
	return !again && k.c.writes.under(w.Name, w.canonical)
}

// askFirst tells the brain to ask the caller, and remembers what for. A call that
// the tool would refuse anyway is refused before anybody is asked about it.
func (c *Conversation) askFirst(t *turn, w wish) string {
	var told *tools.Error
	if err := c.opts.Engines.Tools.Check(w.Call); errors.As(err, &told) {
		return refusal(told, w)
	}
	asked, err := json.Marshal(struct {
		Status    string          `json:"status"`
		Tool      string          `json:"tool"`
		Arguments json.RawMessage `json:"arguments"`
		Note      string          `json:"note"`
	}{"confirmation_required", w.Name, objectOr(w.Arguments),
		"Nothing was done. Say exactly what you are about to do and ask whether to do it. After the caller's yes, call the tool again with the same arguments."})
	if err != nil {
		asked = []byte("Nothing was done: ask the caller first.")
	}
	_ = c.post(t.ctx, unconfirmed{t, w.toolCall(), string(asked)}) // a turn that is over needs no pending write
	return string(asked)
}

// write is one call of a tool that changes something. It runs once, however
// often it is asked for.
type write struct {
	key  string // idempotency key; set before it runs
	turn int64  // the serial of the turn that began it
	done chan struct{}
	// All below is set before done is closed.
	result string
	ok     bool
	caller *tools.Caller
	// unknown says that the server that ran it is gone, and nothing else is known.
	unknown bool
}

// writes are the writes of a conversation by tool and arguments. It is shared by
// the conversation's goroutine and its thinkers.
type writes struct {
	mu  sync.Mutex
	all map[string]*write
}

// begin returns the write that is wished for, and whether it is new. One that failed
// may be tried again, under the key of the first try: it may have had its effect
// before its answer was lost. One that was done is done again only where that is
// allowed, and in another turn.
func (w *writes) begin(wish wish, again bool) (*write, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := wish.Name + "\x00" + wish.canonical
	fresh := &write{done: make(chan struct{}), turn: wish.Conversation.Turn}
	if old, ok := w.all[key]; ok {
		select {
		case <-old.done:
			switch {
			case !old.ok:
				fresh.key = old.key
			case !again || old.turn == fresh.turn:
				return old, false
			}
		default:
			return old, false
		}
	}
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

// isWriting says whether a call is a write that has begun.
func (c *Conversation) isWriting(call llm.ToolCall) bool {
	return c.writes.under(call.Name, canonical(call.Arguments))
}

// idempotencyKey names a write for good: the same call of the same turn has the
// same key, in a retry as well.
func (c *Conversation) idempotencyKey(t *turn, w wish) string {
	sum := sha256.Sum256([]byte(c.opts.ID + "\x00" + strconv.FormatInt(t.serial, 10) + "\x00" + w.Name + "\x00" + w.canonical))
	return hex.EncodeToString(sum[:16])
}
