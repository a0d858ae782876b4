package rtvi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"parley/agent"
	"parley/api"
	"parley/tools/clienttool"
)

// maxFunctions bounds the functions that a client brings, in bytes of their JSON: a
// session that nobody uses holds them.
const maxFunctions = 16 << 10

// appData is what an app adds to the requests of the protocol.
type appData struct {
	Tools json.RawMessage `json:"tools"`
}

// readFunctions reads the functions that a client brings.
func readFunctions(data appData) ([]clienttool.Tool, error) {
	if text := bytes.TrimSpace(data.Tools); len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	refuse := func(format string, args ...any) error {
		return api.NewProblem(http.StatusUnprocessableEntity, "bad-tools", format, args...)
	}
	if len(data.Tools) > maxFunctions {
		return nil, refuse("The tools may have at most %d bytes.", maxFunctions)
	}
	var asked []struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	}
	if err := json.Unmarshal(data.Tools, &asked); err != nil {
		return nil, refuse(`The tools have to be a list of {"name":"…","description":"…","parameters":{…}}: %v.`, err)
	}
	if len(asked) > clienttool.Max {
		return nil, refuse("There may be at most %d tools.", clienttool.Max)
	}
	var out []clienttool.Tool
	for i, t := range asked {
		one := clienttool.Tool{Name: t.Name, Description: t.Description, Parameters: bytes.TrimSpace(t.Parameters)}
		if field, reason := one.Flaw(); field != "" {
			return nil, refuse("tools[%d].%s: %s.", i, field, reason)
		}
		out = append(out, one)
	}
	return out, nil
}

// functions are those that one client runs, and its calls of them.
type functions struct {
	box     *clienttool.Box
	wanted  chan *clienttool.Call
	settled chan settled
	gone    chan struct{} // closed when the conversation has ended

	// waiting are the calls that the client was told of, by id. Whoever serves the
	// channel owns it, as [peer.translator].
	waiting map[string]*pendingCall
}

type pendingCall struct {
	*clienttool.Call
	began time.Time
}

// settled says how a call has ended.
type settled struct {
	call     *clienttool.Call
	answered bool
}

func newFunctions() *functions {
	return &functions{
		wanted: make(chan *clienttool.Call, clienttool.Max), settled: make(chan settled, clienttool.Max),
		gone: make(chan struct{}), waiting: make(map[string]*pendingCall),
	}
}

// equip adds a client's functions to what a conversation's agent can do.
func (f *functions) equip(o *agent.Options, offered []clienttool.Tool) {
	f.box = clienttool.New(o.Engines.Tools, f.want, f.settle, f.gone)
	f.box.Offer(offered)
	o.Engines.Tools = f.box
}

// runs says whether the client runs the function of this name.
func (f *functions) runs(name string) bool { return f.box != nil && f.box.Runs(name) }

func (f *functions) want(ctx context.Context, c *clienttool.Call) bool {
	select {
	case f.wanted <- c:
		return true
	case <-f.gone:
	case <-ctx.Done():
	}
	return false
}

func (f *functions) settle(c *clienttool.Call, answered bool) {
	select {
	case f.settled <- settled{c, answered}:
	default: // nobody has served the channel for long
	}
}

// call tells the client of a call of one of its functions.
func (t *talk) call(c *clienttool.Call) {
	f := t.peer.functions
	f.waiting[c.ID] = &pendingCall{c, time.Now()}
	arguments := json.RawMessage(c.Arguments)
	if !json.Valid(arguments) {
		arguments = json.RawMessage(`{}`)
	}
	t.send(tell(typeFunctionCallStarted, functionData{c.Name}), false)
	if v := t.peer.translator.version; v.legacy() && v.minor < 2 {
		t.send(tell(typeFunctionCall, clientCallData{Call: c.ID, Name: c.Name, Args: arguments}), false)
		return
	}
	t.send(tell(typeFunctionCallInProgress, clientCallData{Call: c.ID, Name: c.Name, Arguments: arguments}), false)
}

// settle tells the client how a call of one of its functions has ended.
func (t *talk) settle(s settled) {
	f := t.peer.functions
	c := f.waiting[s.call.ID]
	if c == nil {
		return
	}
	delete(f.waiting, s.call.ID)
	data := functionStoppedData{Call: c.ID, Name: c.Name, Cancelled: !s.answered}
	if s.answered {
		data.Result = &functionDone{OK: true, Took: time.Since(c.began).Milliseconds()}
	}
	t.send(tell(typeFunctionCallStopped, data), false)
}

// result takes what a client's function has come to.
func (t *talk) result(m incoming) error {
	var data struct {
		Call   string          `json:"tool_call_id"`
		Result json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(m.Data, &data); err != nil || data.Call == "" || len(data.Result) == 0 {
		return refusal(`The data of llm-function-call-result is {"function_name":"…","tool_call_id":"…","arguments":{…},"result":…}.`)
	}
	c := t.peer.functions.waiting[data.Call]
	if c == nil {
		return refusal(fmt.Sprintf("No call %q waits for a result. Tools of the shop run on its side.", short(data.Call)))
	}
	c.Answer(string(data.Result))
	return nil
}
