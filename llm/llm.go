// Package llm is the agent's brain as the rest of the program sees it: messages
// and tools in, a stream of text and tool calls out. Engines live in subfolders:
// openai (any compatible server) and rules (embedded, needs no network).
package llm

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// Role says who a message is from.
type Role string

// The roles of a conversation.
const (
	System    Role = "system"
	User      Role = "user"
	Assistant Role = "assistant"
	ToolRole  Role = "tool" // the result of a tool call
)

// Message is one entry of a conversation's history.
type Message struct {
	Role Role
	// Text is what was said. For an assistant it is what the caller heard, which
	// may be less than what was generated.
	Text string
	// Images are what a user sent along, in order. A brain that cannot see leaves
	// the pictures out; what was found in them is for every brain, see
	// [Message.Content].
	Images []Image
	// Interrupted says that an assistant's message was cut off by the caller.
	Interrupted bool
	// ToolCalls are what an assistant asked for.
	ToolCalls []ToolCall
	// ToolCallID and ToolName name the call that a tool's message answers; Text is
	// then its result as JSON, or a sentence that says what went wrong.
	ToolCallID string
	ToolName   string
	// State is what the brain gave with this message in Delta.State. It is handed
	// back unchanged and means nothing to anyone else.
	State json.RawMessage
}

// ToolCall is a brain's wish to use a tool.
type ToolCall struct {
	// ID tells calls of one message apart and is repeated in the result.
	ID   string
	Name string
	// Arguments is a JSON object as the model wrote it; it may be malformed.
	Arguments json.RawMessage
}

// Tool is what a brain is told of a tool.
type Tool struct {
	Name        string
	Description string
	// Parameters is a JSON Schema of an object.
	Parameters json.RawMessage
}

// Request is all a brain is given for one step of a turn.
type Request struct {
	// Messages is the history, oldest first, a system message first if there is
	// one. The brain must not change or keep it.
	Messages []Message
	// Tools is what may be called now.
	Tools []Tool
	// MustAnswer says that no tool may be called any more: the turn has taken all the
	// steps there are. The tools are still named, because they explain the history,
	// and because what comes first in a request should not change.
	MustAnswer bool
	// Language is the BCP 47 tag in which to answer; "" lets the brain choose.
	Language string
	// Conversation names the conversation, for logs and for providers' caches.
	Conversation string
}

// Finish says why a brain stopped.
type Finish string

// The reasons for the end of a stream.
const (
	FinishStop    Finish = "stop"
	FinishTools   Finish = "tool_calls"
	FinishLength  Finish = "length"
	FinishRefused Finish = "refused"
)

// Delta is one piece of a brain's answer.
type Delta struct {
	// Text is the next piece of what to say; may be "".
	Text string
	// ToolCall is a whole call, never a fragment; nil when there is none.
	ToolCall *ToolCall
	// State, in any delta, is kept with the message and handed back next time.
	State json.RawMessage
	// Finish is set in the last delta and in no other.
	Finish Finish
	// Usage is set at most once, when the provider tells.
	Usage *Usage
	// Moved says that another brain than the preferred one has taken the turn. It
	// comes before anything that brain says; there may be several in a row.
	Moved *Move
}

// Move is a turn that went from one brain to the next.
type Move struct {
	// From and To are the names of the brains.
	From, To string
	// Reason is one of the Moved constants.
	Reason string
	// Waited is how long the caller has waited in vain so far.
	Waited time.Duration
	// Err is what the brain failed with; nil when it was not asked.
	Err error
}

// Why a turn moved.
const (
	MovedTimeout = "timeout" // no first word in time
	MovedError   = "error"   // it failed before it had said anything
	MovedSilent  = "silent"  // it ended without saying anything
	MovedResting = "resting" // it failed often of late, or asked to be left alone
	MovedBudget  = "budget"  // the brains before it took all the time there is
)

// Usage counts the tokens of one request.
type Usage struct{ Input, CachedInput, Output int }

// Brain answers. It is safe for use by many goroutines and keeps nothing between
// calls: all it knows is in the request, so an answer can be generated in
// advance and thrown away.
type Brain interface {
	// Generate streams one step of an answer. The sequence ends after a delta with
	// Finish set, or after one error. It returns soon after ctx ends, with ctx's
	// cause as the error; a caller that stops ranging early stops the work as well.
	Generate(ctx context.Context, r Request) iter.Seq2[Delta, error]
}

// Warmer is a brain that can get ready ahead of the first question, such as by
// opening its connection. Warm returns when that is done or ctx ends; its error is
// for logs, since a brain that cannot be warmed may still answer. It may be called
// often and by many goroutines.
type Warmer interface {
	Warm(ctx context.Context) error
}
