package livekit

import (
	"context"
	"strings"
	"sync"
	"testing"

	"parley/agent"
)

// TestTakingUpRemovesWhatIsLeftOfTheOtherAgent: the agent that is gone may not be gone
// for the server, or only cut off from its fellows. It is never there beside the new one.
func TestTakingUpRemovesWhatIsLeftOfTheOtherAgent(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatch("aisle")
	v := d.visit("aisle", "ann")
	d.until("the greeting", v.knows("Hello there."))
	var identity string
	for _, p := range v.room.GetRemoteParticipants() {
		identity = p.Identity()
	}
	cfg := d.worker.cfg
	cfg.AgentName = "parley"
	other, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { other.Run(ctx) })
	t.Cleanup(func() { cancel(); working.Wait() })
	d.until("the other's registration", other.Registered)
	d.mu.Lock()
	first := d.begun[0]
	d.mu.Unlock()
	err = other.TakeUp(t.Context(), "aisle", identity, func(ctx context.Context, adjust func(*agent.Options)) (*agent.Conversation, string, error) {
		return d.begin(ctx, Job{Metadata: "ann"}, adjust)
	})
	if err != nil {
		t.Fatal(err)
	}
	d.until("the end of the first", func() bool {
		select {
		case <-first.Done():
			return true
		default:
			return false
		}
	})
	if err := other.TakeUp(t.Context(), "aisle", identity, nil); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("taken up twice: %v", err)
	}
	d.until("the other's greeting", func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return strings.Count(strings.Join(v.read, "\n"), "Hello there.") == 2
	})
	v.write("are you there")
	d.until("the answer", v.knows("You said are you there"))
	agents := 0
	for _, p := range v.room.GetRemoteParticipants() {
		if !isPerson(p) {
			agents++
		}
	}
	if agents != 1 || d.host.Count() != 1 {
		t.Errorf("%d agents are in the room, and %d conversations go on", agents, d.host.Count())
	}
	v.room.Disconnect()
	d.until("the end", func() bool { return d.host.Count() == 0 })
}
