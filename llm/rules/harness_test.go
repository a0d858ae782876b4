package rules

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"parley/llm"
	"parley/prompts"
	"parley/shop"
	"parley/tools"
)

// noon is a moment in the middle of a Singapore day, a Monday.
var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func newBrain(t testing.TB) *Brain {
	t.Helper()
	book, err := prompts.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return New(book, func() time.Time { return noon }, slog.New(slog.DiscardHandler))
}

// dialogue is a conversation by text: the brain over the real tools and the demo
// shop, with an agent in between that does no more than is needed. It runs a
// tool that wants its question heard only when the message with the question was
// not interrupted and the caller said yes to it.
type dialogue struct {
	t        testing.TB
	brain    llm.Brain
	book     *prompts.Book
	tools    tools.Set
	caller   tools.Caller
	messages []llm.Message
	// language is the one to answer in; "" lets the brain find out.
	language string
	// asked is the write that waits for its yes, and stays while the agent's last
	// message ends in the question and was not interrupted.
	asked string
	// ran are the writes that were run.
	ran []string
	// facts are all results of tools so far.
	facts strings.Builder
}

func newDialogue(t testing.TB) *dialogue {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	store, err := shop.Open(context.Background(), shop.Memory, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := store.SeedDemo(context.Background(), noon); err != nil {
		t.Fatal(err)
	}
	registry, err := tools.NewRegistry(log, store.Tools()...)
	if err != nil {
		t.Fatal(err)
	}
	brain := newBrain(t)
	return &dialogue{t: t, brain: brain, book: brain.book, tools: registry, caller: tools.Caller{CustomerID: shop.DemoCustomer, Verified: true}}
}

// again begins a new conversation, over the same shop if nothing was written
// to it.
func (d *dialogue) again() *dialogue {
	d.t.Helper()
	if len(d.ran) > 0 {
		return newDialogue(d.t)
	}
	return &dialogue{t: d.t, brain: d.brain, book: d.book, tools: d.tools, caller: d.caller}
}

// offered are the tools as the brain sees them.
func (d *dialogue) offered() []llm.Tool {
	var offered []llm.Tool
	for _, def := range d.tools.Definitions(d.caller) {
		offered = append(offered, llm.Tool{Name: def.Name, Description: def.Description, Parameters: def.Parameters})
	}
	return offered
}

// say speaks for the caller and gives the whole answer, all of which is heard.
func (d *dialogue) say(text string) string {
	d.t.Helper()
	d.messages = append(d.messages, llm.Message{Role: llm.User, Text: text})
	return d.answer()
}

// answer lets the brain finish its turn.
func (d *dialogue) answer() string {
	d.t.Helper()
	asked := ""
	said := d.messages[max(0, len(d.messages)-1):]
	last := d.lastSaid()
	if last != nil && !last.Interrupted && asks(strings.TrimSpace(last.Text)) && len(said) == 1 && d.book.Agrees(cmp.Or(d.language, english), said[0].Text) {
		asked = d.asked
	}
	for range 8 {
		m := d.step()
		if len(m.ToolCalls) == 0 {
			d.messages = append(d.messages, m)
			return m.Text
		}
		d.messages = append(d.messages, m)
		for _, c := range m.ToolCalls {
			result, confirm := d.run(c, asked)
			if confirm {
				d.asked = c.Name + string(c.Arguments)
			}
			d.facts.WriteString(result + "\n")
			d.messages = append(d.messages, llm.Message{Role: llm.ToolRole, ToolCallID: c.ID, ToolName: c.Name, Text: result})
		}
	}
	d.t.Fatalf("no answer after eight tool calls to %q", d.messages[len(d.messages)-1].Text)
	return ""
}

// lastSaid is the agent's last message that the caller answered to.
func (d *dialogue) lastSaid() *llm.Message {
	for i := len(d.messages) - 1; i >= 0; i-- {
		if m := &d.messages[i]; m.Role == llm.Assistant && m.Text != "" {
			return m
		}
	}
	return nil
}

// step asks the brain once.
func (d *dialogue) step() llm.Message {
	d.t.Helper()
	m := llm.Message{Role: llm.Assistant}
	finished := false
	for delta, err := range d.brain.Generate(context.Background(), llm.Request{Messages: d.messages, Tools: d.offered(), Language: d.language, Conversation: "test"}) {
		if err != nil {
			d.t.Fatal(err)
		}
		if finished {
			d.t.Fatal("a delta after the last")
		}
		m.Text += delta.Text
		if delta.ToolCall != nil {
			m.ToolCalls = append(m.ToolCalls, *delta.ToolCall)
		}
		if delta.State != nil {
			m.State = delta.State
		}
		finished = delta.Finish != ""
	}
	if !finished {
		d.t.Fatal("the answer has no end")
	}
	if len(m.ToolCalls) == 0 && m.Text == "" {
		d.t.Fatal("the brain says nothing")
	}
	return m
}

func (d *dialogue) run(c llm.ToolCall, asked string) (result string, confirm bool) {
	var def tools.Definition
	for _, x := range d.tools.Definitions(d.caller) {
		if x.Name == c.Name {
			def = x
		}
	}
	if def.Confirm == tools.ConfirmHeard && asked != c.Name+string(c.Arguments) {
		raw, _ := json.Marshal(map[string]any{"status": "confirmation_required", "tool": c.Name, "arguments": c.Arguments})
		return string(raw), true
	}
	key := fmt.Sprint(len(d.messages), c.Name, string(c.Arguments))
	raw, err := d.tools.Run(context.Background(), tools.Call{Name: c.Name, Arguments: c.Arguments, Caller: d.caller, Key: key})
	if said := new(tools.Error); errors.As(err, &said) {
		return tools.FailureDetail{Code: said.Code, Message: said.Message}.JSON(), false
	}
	if err != nil {
		d.t.Fatal(err)
	}
	if def.Effect == tools.Write {
		d.ran = append(d.ran, c.Name+string(c.Arguments))
	}
	return string(raw.JSON), false
}

// interrupt cuts the agent's last message after some words.
func (d *dialogue) interrupt(words int) {
	d.t.Helper()
	m := &d.messages[len(d.messages)-1]
	all := strings.Fields(m.Text)
	if m.Role != llm.Assistant || words >= len(all) {
		d.t.Fatalf("%d words cannot be cut from %q", words, m.Text)
	}
	m.Text, m.Interrupted = strings.Join(all[:words], " "), true
}

// expect checks that an answer says something, whatever the case.
func (d *dialogue) expect(answer string, parts ...string) {
	d.t.Helper()
	for _, p := range parts {
		if !strings.Contains(strings.ToLower(answer), strings.ToLower(p)) {
			d.t.Errorf("answer %q does not say %q", answer, p)
		}
	}
}
