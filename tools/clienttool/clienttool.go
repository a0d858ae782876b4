// Package clienttool lets the app in which a customer talks to the agent run tools of
// its own, such as showing a page, beside those of the shop.
package clienttool

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"parley/tools"
)

// Timeout is how long an app may take for a tool of its own.
const Timeout = 30 * time.Second

// Bounds of what an app may bring.
const (
	// Max is how many tools there may be.
	Max = 64
	// MaxSchema bounds the schema of one tool's arguments, in bytes.
	MaxSchema = 16 << 10
)

// Tool is one that the app runs.
type Tool struct {
	Name, Description string
	// Parameters is the JSON Schema of the arguments object; empty takes any.
	Parameters json.RawMessage
}

// toolName is what models take for a tool's name.
var toolName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Flaw says why a tool cannot be had: the field of its JSON that is wrong, and a reason
// for the developer. Both are "" for one that can.
func (t Tool) Flaw() (field, reason string) {
	switch {
	case !toolName.MatchString(t.Name):
		return "name", fmt.Sprintf("%.64q is none: letters, digits, _ and -, at most 64", t.Name)
	case len(t.Parameters) > MaxSchema:
		return "parameters", fmt.Sprintf("the schema may have at most %d bytes", MaxSchema)
	case len(t.Parameters) > 0 && !bytes.HasPrefix(bytes.TrimSpace(t.Parameters), []byte("{")):
		return "parameters", "it has to be a JSON Schema object"
	}
	return "", ""
}

// Call is a call of an app's tool that waits for its output.
type Call struct {
	// ID is unique in the program, whatever the brain called it.
	ID, Name string
	// Arguments is what the brain wrote; it may be malformed.
	Arguments string
	output    chan string // with room for the one that comes
}

// Answer is what the app made of the call: JSON, or words. Only the first counts.
func (c *Call) Answer(output string) {
	select {
	case c.output <- output:
	default:
	}
}

// Box unites the shop's tools with an app's. A tool of the app never takes the place
// of one of the shop's. It is a [tools.Set].
type Box struct {
	tools.Set
	wanted  func(context.Context, *Call) bool
	settled func(*Call, bool)
	gone    <-chan struct{}

	mu     sync.Mutex
	client []Tool
}

// New makes a box over the shop's tools. wanted is told of each call of an app's tool
// and says whether anybody is there to run it; settled, if not nil, is told whether it
// was answered before the agent stopped waiting. Both are called on the goroutine that
// runs the tool. gone is closed when nobody will answer any more.
func New(shop tools.Set, wanted func(context.Context, *Call) bool, settled func(*Call, bool), gone <-chan struct{}) *Box {
	return &Box{Set: shop, wanted: wanted, settled: settled, gone: gone}
}

// Offer replaces the app's tools.
func (b *Box) Offer(client []Tool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.client = slices.Clone(client)
}

// Runs says whether the app runs the tool of this name: it brings one, and the shop has
// none, whoever may use it.
func (b *Box) Runs(name string) bool {
	b.mu.Lock()
	named := slices.ContainsFunc(b.client, func(t Tool) bool { return t.Name == name })
	b.mu.Unlock()
	return named && !names(b.all(), name)
}

// all are the shop's tools, whoever may use them.
func (b *Box) all() []tools.Definition {
	return b.Set.Definitions(tools.Caller{Verified: true, Staff: true})
}

func names(all []tools.Definition, name string) bool {
	return slices.ContainsFunc(all, func(d tools.Definition) bool { return d.Name == name })
}

// Definitions implements [tools.Set].
func (b *Box) Definitions(caller tools.Caller) []tools.Definition {
	b.mu.Lock()
	client := slices.Clone(b.client)
	b.mu.Unlock()
	all := slices.Clone(b.Set.Definitions(caller))
	if len(client) == 0 {
		return all
	}
	shop := b.all()
	for _, t := range client {
		if names(shop, t.Name) || names(all, t.Name) {
			continue
		}
		schema := t.Parameters
		if len(schema) == 0 {
			schema = json.RawMessage(`{"type":"object"}`)
		}
		// What it does is not known here, so it counts as a write: it is called only when
		// the caller has certainly finished, and is not stopped. What it asks of the
		// customer is the app's to know.
		all = append(all, tools.Definition{
			Name: t.Name, Description: t.Description, Parameters: schema, Effect: tools.Write, Confirm: tools.ConfirmNone,
			OnInterrupt: tools.Finish, OnDuplicate: tools.Allow, Timeout: Timeout,
		})
	}
	return all
}

// Check implements [tools.Set]. The arguments of an app's tool are the app's to check.
func (b *Box) Check(call tools.Call) error {
	if b.Runs(call.Name) {
		return nil
	}
	return b.Set.Check(call)
}

// Run implements [tools.Set]: it hands a call to the app and waits for its output.
func (b *Box) Run(ctx context.Context, call tools.Call) (tools.Result, error) {
	if !b.Runs(call.Name) {
		return b.Set.Run(ctx, call)
	}
	c := &Call{ID: "call_" + rand.Text()[:21], Name: call.Name, Arguments: string(call.Arguments), output: make(chan string, 1)}
	if !b.wanted(ctx, c) {
		return tools.Result{}, &tools.Error{Code: tools.Unavailable, Message: "The app is not there any more."}
	}
	output, err := b.await(ctx, c)
	if b.settled != nil {
		b.settled(c, err == nil)
	}
	if err != nil {
		return tools.Result{}, err
	}
	if json.Valid([]byte(output)) {
		return tools.Result{JSON: json.RawMessage(output)}, nil
	}
	quoted, err := json.Marshal(output)
	return tools.Result{JSON: quoted}, err
}

func (b *Box) await(ctx context.Context, c *Call) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	select {
	case output := <-c.output:
		return output, nil
	case <-b.gone:
		return "", &tools.Error{Code: tools.Unavailable, Message: "The app has gone."}
	case <-ctx.Done():
		return "", &tools.Error{Code: tools.Unavailable, Message: "The app did not answer in time."}
	}
}
