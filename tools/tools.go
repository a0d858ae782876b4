// Package tools is what the agent can do: the definition of a tool, who may
// call it, and how a call is checked and run.
package tools

import (
	"context"
	"encoding/json"
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

// Definition is a tool without its way of running.
type Definition struct {
	Name        string
	Description string
	// Parameters is the JSON Schema (2020-12) of the arguments object.
	Parameters json.RawMessage
	Effect     Effect
	Confirm    Confirm
	// Timeout bounds one run; 0 means DefaultTimeout.
	Timeout time.Duration
	// Public says that a caller without a verified identity may use it.
	Public bool
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
}

// Call is one wish to run a tool.
type Call struct {
	// Name and Arguments are what the model asked for; Arguments may be malformed.
	Name      string
	Arguments json.RawMessage
	Caller    Caller
	// Key makes a write idempotent: two calls with one key have one effect and
	// one result. It is derived from conversation, turn and arguments.
	Key string
}

// Error is what a tool tells the model (and through it the caller) when it
// cannot do what was asked. Any other error of a tool is a fault of ours and is
// told to nobody but the log.
type Error struct {
	// Code is stable and for programs: "invalid_arguments", "not_found",
	// "not_allowed", "conflict", "unavailable".
	Code string
	// Message is a sentence for the model.
	Message string
}

func (e *Error) Error() string { return e.Message }

// Set is a group of tools. It is safe for use by many goroutines.
type Set interface {
	// Definitions lists the tools that caller may use, in a stable order.
	Definitions(caller Caller) []Definition
	// Run checks the arguments against the schema and runs the tool. The result is
	// a JSON value. Errors that the model should hear are *Error.
	Run(ctx context.Context, call Call) (json.RawMessage, error)
}
