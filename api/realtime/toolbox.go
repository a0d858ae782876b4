package realtime

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"parley/tools"
)

// clientTime is how long a client may take for a function of its own.
const clientTime = 30 * time.Second

// toolbox unites the shop's tools with those that a client runs itself. A client's tool
// never takes the place of one of the shop's.
type toolbox struct {
	tools.Set
	// wanted is told of each call of a client's tool, and says whether anybody is there.
	wanted func(context.Context, *functionCall) bool
	gone   <-chan struct{} // closed when nobody will answer any more

	mu     sync.Mutex
	client []tool
}

// functionCall is a call of a client's tool that waits for its output.
type functionCall struct {
	id, name  string
	arguments string
	output    chan string // with room for the one that comes
}

// set replaces the client's tools.
func (b *toolbox) set(client []tool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.client = slices.Clone(client)
}

// runs says whether a tool of a name is the client's: the shop has none of that name.
func (b *toolbox) runs(name string, caller tools.Caller) bool {
	b.mu.Lock()
	named := slices.ContainsFunc(b.client, func(t tool) bool { return t.Name == name })
	b.mu.Unlock()
	return named && !slices.ContainsFunc(b.Set.Definitions(caller), func(d tools.Definition) bool { return d.Name == name })
}

// Definitions implements tools.Set.
func (b *toolbox) Definitions(caller tools.Caller) []tools.Definition {
	all := slices.Clone(b.Set.Definitions(caller))
	b.mu.Lock()
	client := slices.Clone(b.client)
	b.mu.Unlock()
	for _, t := range client {
		if slices.ContainsFunc(all, func(d tools.Definition) bool { return d.Name == t.Name }) {
			continue
		}
		schema := t.Parameters
		if len(schema) == 0 {
			schema = json.RawMessage(`{"type":"object"}`)
		}
		// What it does is not known here, so it counts as a write: it is called only when
		// the caller has certainly finished, and is not stopped. What it asks of the
		// customer is the client's to know.
		all = append(all, tools.Definition{
			Name: t.Name, Description: t.Description, Parameters: schema, Effect: tools.Write, Confirm: tools.ConfirmNone,
			OnInterrupt: tools.Finish, OnDuplicate: tools.Allow, Timeout: clientTime,
		})
	}
	return all
}

// Check implements tools.Set. The arguments of a client's tool are the client's to check.
func (b *toolbox) Check(call tools.Call) error {
	if b.runs(call.Name, call.Caller) {
		return nil
	}
	return b.Set.Check(call)
}

// Run implements tools.Set: it hands a call to the client and waits for its output.
func (b *toolbox) Run(ctx context.Context, call tools.Call) (tools.Result, error) {
	if !b.runs(call.Name, call.Caller) {
		return b.Set.Run(ctx, call)
	}
	c := &functionCall{id: newID("call"), name: call.Name, arguments: string(call.Arguments), output: make(chan string, 1)}
	if !b.wanted(ctx, c) {
		return tools.Result{}, &tools.Error{Code: tools.Unavailable, Message: "The app is not there any more."}
	}
	ctx, cancel := context.WithTimeout(ctx, clientTime)
	defer cancel()
	select {
	case text := <-c.output:
		if json.Valid([]byte(text)) {
			return tools.Result{JSON: json.RawMessage(text)}, nil
		}
		quoted, err := json.Marshal(text)
		return tools.Result{JSON: quoted}, err
	case <-b.gone:
		return tools.Result{}, &tools.Error{Code: tools.Unavailable, Message: "The app has gone."}
	case <-ctx.Done():
		return tools.Result{}, &tools.Error{Code: tools.Unavailable, Message: "The app did not answer in time."}
	}
}
