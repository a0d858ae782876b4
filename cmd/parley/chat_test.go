package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"parley/config"
)

// newMind opens what a conversation by text needs over a demo shop of its own.
func newMind(t *testing.T) *engines {
	t.Helper()
	cfg := config.Default()
	cfg.Shop.Data = t.TempDir()
	e := &engines{cfg: cfg, log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() {
		if err := e.close(); err != nil {
			t.Error(err)
		}
	})
	if err := e.openMind(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestChat(t *testing.T) {
	e := newMind(t)
	who, err := customerCaller(t.Context(), e.store, "demo")
	if err != nil {
		t.Fatal(err)
	}
	c := &chat{engines: e, caller: who}
	defer c.end()
	for _, turn := range []struct{ text, tool, pending, reply string }{
		{"Where is my order W10002?", "get_order_details", "", "W10002"},
		{"I want to return the headphones", "get_order_details", "return_delivered_order_items", "?"},
		{"yes, please", "return_delivered_order_items", "", "headphones"},
		{"thanks", "", "", ""},
	} {
		said, err := c.say(t.Context(), turn.text)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, call := range said.ToolCalls {
			names = append(names, call.Name)
			if call.Error != "" || len(call.Result) == 0 {
				t.Errorf("%q: %s gave %q, error %q", turn.text, call.Name, call.Result, call.Error)
			}
		}
		if turn.tool != "" && !strings.Contains(strings.Join(names, " "), turn.tool) {
			t.Errorf("%q called %v, want %s", turn.text, names, turn.tool)
		}
		if pending := said.Pending; (pending == nil) != (turn.pending == "") || (pending != nil && pending.Name != turn.pending) {
			t.Errorf("%q leaves %+v pending, want %q", turn.text, pending, turn.pending)
		}
		if !strings.Contains(said.Reply, turn.reply) || said.Reply == "" || said.Language != "en" {
			t.Errorf("%q is answered %q in %q", turn.text, said.Reply, said.Language)
		}
	}
}

func TestChatPrintsOneObjectATurn(t *testing.T) {
	e := newMind(t)
	c := &chat{engines: e}
	defer c.end()
	said, err := c.say(t.Context(), "Where is order W10002?")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&chatCmd{JSON: true}).print(&out, said); err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(out.Bytes(), &fields); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("%v in %q", err, out.String())
	}
	for _, name := range []string{"text", "language", "tool_calls", "pending", "reply"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("%s is missing in %s", name, out.String())
		}
	}
	if string(fields["pending"]) != "null" || len(fields) != 5 {
		t.Errorf("printed %s", out.String())
	}
	// Nobody knows who is calling, so no order may be told of.
	if strings.Contains(said.Reply, "Singapore") {
		t.Errorf("answered %q", said.Reply)
	}
}

func TestChatAsNobody(t *testing.T) {
	e := newMind(t)
	if err := (&chatCmd{As: "nobody", Text: []string{"hi"}}).talk(t.Context(), e); err == nil || !strings.Contains(err.Error(), `"demo"`) {
		t.Errorf("error %v, which should name the demo customer", err)
	}
}
