// Package tools is what the agent can do: the definition of a tool, who may
// call it, and how a call is checked and run.
package tools

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// Effect says whether a tool changes anything.
type Effect string

// The effects of a tool. A write is never cancelled and never run twice.
const (
	Read  Effect = "read"
	Write Effect = "write"
)

// Confirm says what a caller must have agreed to before a tool runs.
type Confirm string

// The confirmations. With Heard the question must have been played to its end
// and answered with yes before the tool runs.
const (
	ConfirmNone  Confirm = "none"
	ConfirmHeard Confirm = "heard"
)

// OnInterrupt says what becomes of a tool that runs when the caller barges in.
type OnInterrupt string

// What a barge-in does to a running tool. A write always finishes.
const (
	Finish OnInterrupt = "finish"
	Cancel OnInterrupt = "cancel"
)

// OnDuplicate says what becomes of a write that has already been done with the
// same arguments in the same conversation.
type OnDuplicate string

// What is done with a duplicate: Reject answers with the first one's result,
// Allow runs it again.
const (
	Reject OnDuplicate = "reject"
	Allow  OnDuplicate = "allow"
)

// Definition is a tool without its way of running.
type Definition struct {
	Name        string
	Description string
	// Parameters is the JSON Schema (2020-12) of the arguments object.
	Parameters json.RawMessage
	Effect     Effect
	// Confirm is ConfirmNone when "".
	Confirm Confirm
	// OnInterrupt is Finish for a write, and Cancel for a read that names none.
	OnInterrupt OnInterrupt
	// OnDuplicate is Reject when "".
	OnDuplicate OnDuplicate
	// Timeout bounds one run; 0 means DefaultTimeout.
	Timeout time.Duration
	// Requires is a CEL expression over caller, conversation and args that must
	// hold before the tool runs; "" always holds. See [NewRegistry].
	Requires string
	// Say is what the caller hears about a run of the tool.
	Say Say
	// Version tells one state of a tool's file from another, "" for a tool that is
	// in no file.
	Version string
}

// Say is what the caller hears about a run of a tool, by BCP 47 language. Each
// may be nil.
type Say struct {
	// Start is said when the tool begins and the turn has said nothing yet.
	Start map[string]string
	// Slow is said once when the tool has taken SlowAfter.
	Slow      map[string]string
	SlowAfter time.Duration
	// Failed is what to say when the tool could not be run at all.
	Failed map[string]string
}

// InLanguage finds the text in a language, or in its base ("pt" for "pt-BR"), or in
// English; "" where there is none of them.
func InLanguage(texts map[string]string, language string) string {
	base, _, _ := strings.Cut(language, "-")
	for _, tag := range []string{language, base, "en"} {
		if text, ok := texts[tag]; ok {
			return text
		}
	}
	return ""
}

// DefaultTimeout bounds a tool that names no time-out of its own.
const DefaultTimeout = 5 * time.Second

// Caller is who the agent is talking to, as the shop's server vouched for; a
// model never supplies any of it.
type Caller struct {
	CustomerID string
	Name       string
	Verified   bool
	Language   string
	// Staff reaches every customer's rows. Only commands that a shop's own people
	// run on its own machine set it; nothing that comes over a network does.
	Staff bool
}

// Conversation is where a call comes from.
type Conversation struct {
	ID       string
	Language string
	// Turn counts from 1.
	Turn int64
	// Photos are the hashes of the kept photos that the caller has sent so far, in
	// order, the newest alone where there are many. No model supplies or sees them.
	Photos []string
}

// Call is one wish to run a tool.
type Call struct {
	// Name and Arguments are what the model asked for; Arguments may be malformed.
	Name         string
	Arguments    json.RawMessage
	Caller       Caller
	Conversation Conversation
	// Key makes a write idempotent: two calls with one key have one effect and
	// one result. It is derived from conversation, turn and arguments.
	Key string
}

// Error is what a tool tells the model (and through it the caller) when it
// cannot do what was asked. Any other error of a tool is a fault of ours and is
// told to nobody but the log.
type Error struct {
	// Code is stable and for programs: one of the constants below [MaxResult].
	Code string
	// Message is a sentence for the model.
	Message string
}

func (e *Error) Error() string { return e.Message }

// Set is a group of tools. It is safe for use by many goroutines.
type Set interface {
	// Definitions lists the tools that caller may use, in a stable order.
	Definitions(caller Caller) []Definition
	// Check says whether Run would be let begin: that there is such a tool, that the
	// arguments fit its schema and that what it requires holds. The error is that of
	// Run.
	Check(call Call) error
	// Run checks and runs the tool. Errors that the model should hear are *Error.
	Run(ctx context.Context, call Call) (Result, error)
}

// Result is what came of a run.
type Result struct {
	// JSON is a JSON value.
	JSON json.RawMessage
	// Caller is not nil when the tool has found out who is calling: from now on the
	// conversation is theirs.
	Caller *Caller
}

// Identified is what a tool's function returns when it has found out who is
// calling. Value is its answer to the model.
type Identified struct {
	Value  any
	Caller Caller
}

type dryRun struct{}

// DryRun makes a context in which writes do all their work and leave no trace:
// a store rolls them back, an HTTP tool only says what it would send.
func DryRun(ctx context.Context) context.Context { return context.WithValue(ctx, dryRun{}, true) }

// IsDryRun says whether ctx is one that [DryRun] made.
func IsDryRun(ctx context.Context) bool { dry, _ := ctx.Value(dryRun{}).(bool); return dry }
