package livekit

import (
	"context"
	"errors"
	"testing"
	"time"

	"parley/agent"
)

// TestGoingAhead: an agent goes into a room without a job, waits there with its track for
// its shopper alone, and counts as a call.
func TestGoingAhead(t *testing.T) {
	d := openDesk(t, 2, func(c *Config) { c.Grace, c.Drain = 20*time.Second, 0 })
	if err := d.worker.GoAhead(t.Context(), "aisle", "ann"); err != nil {
		t.Fatal(err)
	}
	if s := d.worker.Status(); s.Taken != 1 || len(s.Calls) != 1 || s.Calls[0].Room != "aisle" {
		t.Errorf("the worker stands at %+v", s)
	}
	guest := d.visit("aisle", "bob")
	d.until("the agent", func() bool { n, _ := guest.agents(); return n == 1 })
	for _, p := range guest.room.GetRemoteParticipants() {
		if len(p.TrackPublications()) != 1 {
			t.Errorf("%s has %d tracks", p.Identity(), len(p.TrackPublications()))
		}
	}
	v := d.visit("aisle", "ann")
	d.until("the greeting", v.knows("Hello there."))
	v.write("are you there")
	d.until("the answer", v.knows("You said are you there"))

	if err := d.worker.GoAhead(t.Context(), "other", "eve"); err != nil {
		t.Fatal(err)
	}
	if err := d.worker.GoAhead(t.Context(), "third", "joe"); !errors.Is(err, ErrNoPlace) {
		t.Errorf("with no place left: %v", err)
	}
	d.stop()
	if err := d.worker.GoAhead(t.Context(), "third", "joe"); !errors.Is(err, ErrNoPlace) {
		t.Errorf("after its end: %v", err)
	}
}

// TestNotGoingAhead: what keeps the agent from going is told, and takes no place.
func TestNotGoingAhead(t *testing.T) {
	refused := errors.New("no engines")
	for name, c := range map[string]struct {
		change func(*Config)
		ctx    func(context.Context) context.Context
		want   string // "" is none
	}{
		"no conversation": {change: func(c *Config) {
			c.Begin = func(context.Context, Job, func(*agent.Options)) (*agent.Conversation, string, error) {
				return nil, "", refused
			}
		}, want: "no engines"},
		"one for each participant": {change: func(c *Config) { c.Participants = true }, want: "the server sends an agent to each participant"},
		"no patience": {ctx: func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t, 1, c.change)
			ctx := t.Context()
			if c.ctx != nil {
				ctx = c.ctx(ctx)
			}
			err := d.worker.GoAhead(ctx, "aisle", "ann")
			if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
				t.Errorf("%v", err)
			}
			if c.want == "" { // it is on its way all the same
				v := d.visit("aisle", "ann")
				d.until("the greeting", v.knows("Hello there."))
				return
			}
			d.until("a free place", func() bool { return d.worker.Status().Taken == 0 })
		})
	}
}
