package openai

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"

	sdk "github.com/sashabaranov/go-openai"

	"parley/llm"
)

const (
	// maxCalls bounds the tool calls of one answer, maxArguments the bytes of the
	// arguments of one of them.
	maxCalls     = 32
	maxArguments = 64 << 10
)

// calls puts tool calls together from the fragments of a stream. The first
// fragment of a call carries its index, id and name, the later ones its index and
// the next piece of its arguments. Some servers leave the index out, some use
// index 0 for every call, some send no id.
type calls struct {
	list []*partial
}

// partial is a call that is being put together.
type partial struct {
	index    int // as the server counts, or -1
	id, name string
	args     strings.Builder
}

func (c *calls) any() bool { return len(c.list) > 0 }

// add takes one fragment.
func (c *calls) add(f sdk.ToolCall) error {
	p := c.find(f)
	if p == nil {
		if len(c.list) == maxCalls {
			return errors.New("more tool calls in one answer than can be meant")
		}
		p = &partial{index: -1, id: f.ID}
		if f.Index != nil {
			p.index = *f.Index
		}
		c.list = append(c.list, p)
	}
	if p.id == "" {
		p.id = f.ID
	}
	if p.name == "" {
		p.name = f.Function.Name
	}
	if len(p.id)+len(p.name)+p.args.Len()+len(f.Function.Arguments) > maxArguments {
		return errors.New("the arguments of a tool call do not end")
	}
	p.args.WriteString(f.Function.Arguments)
	return nil
}

// take adds calls that are whole.
func (c *calls) take(whole []llm.ToolCall) {
	for _, call := range whole {
		p := &partial{index: -1, id: call.ID, name: call.Name}
		p.args.Write(call.Arguments)
		c.list = append(c.list, p)
	}
}

// find looks for the call that a fragment belongs to; nil means a new one.
func (c *calls) find(f sdk.ToolCall) *partial {
	if len(c.list) == 0 {
		return nil
	}
	for i := len(c.list) - 1; i >= 0; i-- {
		p := c.list[i]
		if f.Index != nil && p.index != *f.Index {
			continue
		}
		if f.ID != "" && p.id != "" && f.ID != p.id {
			// Another id under the same index is another call, when it has a name.
			if f.Index == nil || f.Function.Name != "" {
				continue
			}
		}
		if f.Index == nil && f.ID == "" && f.Function.Name != "" {
			return nil // whole calls without index and id, one a fragment
		}
		return p
	}
	return nil
}

// whole gives out the calls in the order in which they began. A call without a
// name stays in, so that the model is told that it made no sense.
func (c *calls) whole() []llm.ToolCall {
	out := make([]llm.ToolCall, 0, len(c.list))
	seen := map[string]bool{}
	for _, p := range c.list {
		if p.id == "" || seen[p.id] {
			p.id = "call_" + rand.Text()
		}
		seen[p.id] = true
		args := json.RawMessage(p.args.String())
		if strings.TrimSpace(p.args.String()) == "" {
			args = json.RawMessage("{}") // how some servers write "no arguments"
		}
		out = append(out, llm.ToolCall{ID: p.id, Name: p.name, Arguments: args})
	}
	return out
}
