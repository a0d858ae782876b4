package tools

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
)

// Bounds on what passes through a [Registry]. A model that writes more than
// MaxArguments has lost its way; a result over MaxResult would crowd everything
// else out of a model's context.
const (
	MaxArguments = 16 << 10 // bytes
	MaxResult    = 64 << 10 // bytes
)

// The codes of an [Error].
const (
	InvalidArguments = "invalid_arguments"
	NotFound         = "not_found"
	NotAllowed       = "not_allowed"
	Unverified       = "unverified" // the caller must say first who they are
	Conflict         = "conflict"
	Unavailable      = "unavailable"
)

// Tool is a definition with its way of running. Make one with [Builtin] or
// [New].
type Tool struct {
	Definition
	run      Run
	schema   *schema
	requires *condition
}

// Run is a tool's way of running. It gets the arguments as checked JSON and
// honours its context. What it returns is marshalled as JSON, unless it is a
// json.RawMessage already; an [Identified] says who is calling. A failure that
// the model should hear of is an *[Error].
type Run func(context.Context, Call) (any, error)

// New makes a tool from a definition and a way of running.
func New(def Definition, run Run) Tool { return Tool{Definition: def, run: run} }

// Registry is the [Set] of all tools of a program. It does not change once
// made and is safe for use by many goroutines.
type Registry struct {
	log   *slog.Logger
	tools map[string]Tool
	defs  []Definition // in the order given
}

// NewRegistry compiles the schemas of all tools. It fails on a definition that
// is incomplete or contradicts itself and on a name given twice.
func NewRegistry(log *slog.Logger, all ...Tool) (*Registry, error) {
	r := &Registry{log: log, tools: make(map[string]Tool, len(all))}
	for _, t := range all {
		if _, twice := r.tools[t.Name]; twice {
			return nil, fmt.Errorf("tool %q is defined twice", t.Name)
		}
		t, err := t.Compile()
		if err != nil {
			return nil, err
		}
		r.tools[t.Name] = t
		r.defs = append(r.defs, t.Definition)
	}
	return r, nil
}

// Compile checks the tool and prepares its schema and its condition, so that a
// registry need not. Once compiled, the definition must not be changed. The errors
// are those of [NewRegistry].
func (t Tool) Compile() (Tool, error) { return t.CompileWith(Schema{}, Condition{}) }

// CompileWith is Compile for a tool of which the schema of Parameters, or the
// condition of Requires, is compiled already; a zero one is not.
func (t Tool) CompileWith(parameters Schema, requires Condition) (Tool, error) {
	if t.schema != nil {
		return t, nil
	}
	if err := t.check(); err != nil {
		return Tool{}, err
	}
	var err error
	if t.schema = parameters.compiled; t.schema == nil {
		if t.schema, err = compile(t.Name, t.Parameters); err != nil {
			return Tool{}, fmt.Errorf("compiling the parameters of tool %q: %w", t.Name, err)
		}
	}
	if t.requires = requires.compiled; t.requires == nil {
		if t.requires, err = newCondition(t.Requires); err != nil {
			return Tool{}, fmt.Errorf("compiling what tool %q requires: %w", t.Name, err)
		}
	}
	t.setDefaults()
	return t, nil
}

// setDefaults fills in what a definition leaves out.
func (t *Tool) setDefaults() {
	t.Timeout = cmp.Or(t.Timeout, DefaultTimeout)
	t.Confirm = cmp.Or(t.Confirm, ConfirmNone)
	t.OnDuplicate = cmp.Or(t.OnDuplicate, Reject)
	if t.Effect == Write {
		t.OnInterrupt = Finish
	}
	t.OnInterrupt = cmp.Or(t.OnInterrupt, Cancel)
}

// check finds what would otherwise go wrong only when the tool is used.
func (t Tool) check() error {
	switch {
	case t.Name == "":
		return errors.New("a tool has no name")
	case t.Description == "":
		return fmt.Errorf("tool %q has no description, so no model would know when to use it", t.Name)
	case t.run == nil:
		return fmt.Errorf("tool %q has no way of running", t.Name)
	case t.Effect != Read && t.Effect != Write:
		return fmt.Errorf("tool %q: effect %q is neither read nor write", t.Name, t.Effect)
	case t.Confirm != "" && t.Confirm != ConfirmNone && t.Confirm != ConfirmHeard:
		return fmt.Errorf("tool %q: confirm %q is neither none nor heard", t.Name, t.Confirm)
	case t.Timeout < 0:
		return fmt.Errorf("tool %q: timeout %s is negative", t.Name, t.Timeout)
	}
	return nil
}

// Definitions implements [Set]: all tools, in the order in which they were
// given. A tool that this caller may not use is among them, because what it says
// when it is tried is how the model learns what is missing.
func (r *Registry) Definitions(Caller) []Definition { return slices.Clone(r.defs) }

// Check implements [Set].
func (r *Registry) Check(call Call) error {
	_, err := r.admit(&call)
	return err
}

// admit finds the tool and checks the call; arguments that are empty become {}.
func (r *Registry) admit(call *Call) (Tool, error) {
	tool, ok := r.tools[call.Name]
	if !ok {
		return Tool{}, r.unknown(*call)
	}
	if len(call.Arguments) == 0 {
		call.Arguments = json.RawMessage("{}")
	}
	if len(call.Arguments) > MaxArguments {
		return Tool{}, &Error{Code: InvalidArguments, Message: fmt.Sprintf("The arguments are %d bytes long; at most %d are read.", len(call.Arguments), MaxArguments)}
	}
	args, err := tool.schema.check(call.Arguments)
	if err != nil {
		return Tool{}, err
	}
	return tool, tool.requires.check(*call, args)
}

// Run implements [Set]. A read ends with ctx; a write goes on without it, up to
// its own timeout, because half a write is worse than an unwanted one. A write
// needs call.Key. A tool that panics gives an ordinary error. The call's
// arguments may be empty, which means {}.
func (r *Registry) Run(ctx context.Context, call Call) (Result, error) {
	tool, err := r.admit(&call)
	if err != nil {
		return Result{}, err
	}
	if tool.Effect == Write {
		if call.Key == "" {
			return Result{}, fmt.Errorf("running %s: a write needs an idempotency key", call.Name)
		}
		ctx = context.WithoutCancel(ctx)
	}
	late := &Error{Code: Unavailable, Message: fmt.Sprintf("%s did not answer within %s.", call.Name, tool.Timeout)}
	ctx, cancel := context.WithTimeoutCause(ctx, tool.Timeout, late)
	defer cancel()
	value, err := r.recovered(ctx, tool, call)
	if err != nil {
		if said := new(Error); errors.As(err, &said) {
			return Result{}, said
		}
		if cause := context.Cause(ctx); cause != nil {
			return Result{}, cause // it failed because its time was over, or the caller's
		}
		return Result{}, fmt.Errorf("running %s: %w", call.Name, err)
	}
	var result Result
	if who, ok := value.(Identified); ok {
		value, result.Caller = who.Value, &who.Caller
	}
	result.JSON, err = r.marshal(call.Name, value)
	return result, err
}

// unknown tells a model that made a tool up which ones there are.
func (r *Registry) unknown(call Call) error {
	var names []string
	for _, d := range r.Definitions(call.Caller) {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	list := "There are none now."
	if len(names) > 0 {
		list = "There are: " + strings.Join(names, ", ") + "."
	}
	return &Error{Code: NotFound, Message: fmt.Sprintf("There is no tool %q. %s", clip(call.Name), list)}
}

// recovered runs the tool in the caller's goroutine and turns a panic into an
// error, so that one faulty tool does not end all conversations.
func (r *Registry) recovered(ctx context.Context, tool Tool, call Call) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.log.ErrorContext(ctx, "tool panicked", "tool", call.Name, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return tool.run(ctx, call)
}

func (r *Registry) marshal(name string, value any) (json.RawMessage, error) {
	raw, ok := value.(json.RawMessage)
	if !ok {
		var err error
		if raw, err = json.Marshal(value); err != nil {
			return nil, fmt.Errorf("marshalling the result of %s: %w", name, err)
		}
	} else if !json.Valid(raw) {
		return nil, fmt.Errorf("the result of %s is not JSON", name)
	}
	if len(raw) > MaxResult {
		return nil, fmt.Errorf("the result of %s is %d bytes long, over the bound of %d", name, len(raw), MaxResult)
	}
	return raw, nil
}

// maxRepeated bounds in bytes what an error repeats of a text from outside.
const maxRepeated = 64

// clip shortens text from outside so that an error repeats only its beginning.
func clip(s string) string {
	if len(s) <= maxRepeated {
		return s
	}
	return strings.ToValidUTF8(s[:maxRepeated], "") + "…"
}
