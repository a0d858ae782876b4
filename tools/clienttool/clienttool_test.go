package clienttool

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"parley/tools"
)

// shop has a tool for all, and one for customers who are known.
type shop struct{}

func (shop) Definitions(c tools.Caller) []tools.Definition {
	all := []tools.Definition{{Name: "search"}}
	if c.Verified {
		all = append(all, tools.Definition{Name: "orders"})
	}
	return all
}
func (shop) Check(tools.Call) error { return errors.New("checked by the shop") }
func (shop) Run(_ context.Context, call tools.Call) (tools.Result, error) {
	return tools.Result{JSON: json.RawMessage(`"the shop's ` + call.Name + `"`)}, nil
}

func TestToolsOfBothSides(t *testing.T) {
	b := New(shop{}, nil, nil, nil)
	b.Offer([]Tool{{Name: "search"}, {Name: "orders"}, {Name: "show", Description: "Show a page."}})
	for who, want := range map[tools.Caller][]string{{}: {"search", "show"}, {Verified: true}: {"search", "orders", "show"}} {
		var got []string
		for _, d := range b.Definitions(who) {
			got = append(got, d.Name)
			if d.Name == "show" && (d.Effect != tools.Write || string(d.Parameters) != `{"type":"object"}` || d.Description != "Show a page.") {
				t.Errorf("the app's tool is %+v", d)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v may use %q, not %q", who, got, want)
		}
	}
	for name, want := range map[string]bool{"search": false, "orders": false, "show": true, "nothing": false} {
		if b.Runs(name) != want || (b.Check(tools.Call{Name: name}) == nil) != want {
			t.Errorf("that the app runs %q is %t", name, !want)
		}
	}
	if r, err := b.Run(t.Context(), tools.Call{Name: "search"}); err != nil || string(r.JSON) != `"the shop's search"` {
		t.Errorf("the shop's tool says %s, %v", r.JSON, err)
	}
}

func TestWhatComesOfACall(t *testing.T) {
	for name, c := range map[string]struct {
		app  func(*Call) bool // what wanted does
		gone bool
		want string // "" is that the tool cannot be had
	}{
		"JSON":      {app: func(c *Call) bool { c.Answer(`{"shown":true}`); return true }, want: `{"shown":true}`},
		"words":     {app: func(c *Call) bool { c.Answer(`it is "shown"`); return true }, want: `"it is \"shown\""`},
		"two":       {app: func(c *Call) bool { c.Answer(`1`); c.Answer(`2`); return true }, want: `1`},
		"nobody":    {app: func(*Call) bool { return false }},
		"gone":      {app: func(*Call) bool { return true }, gone: true},
		"no answer": {app: func(*Call) bool { return true }},
		"its words": {app: func(c *Call) bool { c.Answer(c.Arguments); return true }, want: `{"page":1}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			gone := make(chan struct{})
			if c.gone {
				close(gone)
			}
			ended := 0
			b := New(shop{}, func(_ context.Context, call *Call) bool { return c.app(call) }, func(_ *Call, answered bool) {
				ended++
				if answered != (c.want != "") {
					t.Errorf("%s: answered is %t", name, answered)
				}
			}, gone)
			b.Offer([]Tool{{Name: "show"}})
			r, err := b.Run(t.Context(), tools.Call{Name: "show", Arguments: json.RawMessage(`{"page":1}`)})
			told, ok := errors.AsType[*tools.Error](err)
			if string(r.JSON) != c.want || (c.want == "") != (ok && told.Code == tools.Unavailable) {
				t.Errorf("%s: %s, %v", name, r.JSON, err)
			}
			if (ended == 1) == (name == "nobody") {
				t.Errorf("%s: it ended %d times", name, ended)
			}
		})
	}
}
