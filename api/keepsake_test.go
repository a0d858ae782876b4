package api

import (
	"errors"
	"net/http"
	"testing"

	"parley/access"
	"parley/agent"
	"parley/tools"
)

func TestAConversationGoesOnForWhomItWasBegunFor(t *testing.T) {
	g := newGate(t, same)
	defer g.close(t)
	h := &Hall{server: g.Server}
	ann, bob := g.mint(t, `{"customer":"ann","tools":["track"]}`), g.mint(t, `{"customer":"bob"}`)
	ctx, err := h.Bearer(t.Context(), ann)
	if err != nil {
		t.Fatal(err)
	}
	text, customer, err := h.Keepsake(ctx)
	if err != nil || customer != "ann" {
		t.Fatalf("%q is of %q: %v", text, customer, err)
	}

	// As on another server: all that is known is the text and the story.
	ctx, err = h.Restore(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := h.Begin(ctx, func(o *agent.Options) {
		if o.Caller.CustomerID != "ann" {
			t.Errorf("it would begin with %+v", o.Caller)
		}
		o.Resume = &agent.Story{ID: "from-elsewhere", Caller: tools.Caller{CustomerID: "ann", Verified: true}, Language: "en", Turns: 2}
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.ID() != "from-elsewhere" {
		t.Errorf("it goes on as %s", c.ID())
	}
	another := g.mint(t, `{"customer":"ann"}`)
	for token, want := range map[string]int{another: http.StatusOK, bob: http.StatusNotFound} {
		if w := g.ask("GET", "/v1/conversations/from-elsewhere/transcript", token, ""); w.Code != want {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	h.End(c, errors.New("the test is over"))

	if err := g.Keys.Revoke(g.kept.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Restore(t.Context(), text); !errors.Is(err, access.ErrUnknown) {
		t.Errorf("it outlives the key that vouched for it: %v", err)
	}
	if _, err := h.Restore(t.Context(), "{"); err == nil {
		t.Error("nonsense is somebody")
	}
	stranger, err := h.Restore(t.Context(), "")
	if err != nil || principalOf(stranger).open || principalOf(stranger).grant != nil {
		t.Errorf("a stranger is %+v, %v", principalOf(stranger), err)
	}
}
