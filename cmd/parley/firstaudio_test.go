package main

import (
	"slices"
	"testing"
	"time"

	"parley/config"
)

// TestTheFirstWordComesAtOnce measures how long it takes until the greeting is heard:
// from the offer, and from the start of a call that was prepared before.
func TestTheFirstWordComesAtOnce(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	const calls = 11
	var plain, prepared []time.Duration
	for n := range calls + 1 {
		begun := time.Now()
		took := a.dial(t, a.engines.opus.Codec(), unchanged, unchanged).untilVoice().Sub(begun)
		p := a.dialAt(t, "/v1/realtime/calls?wait", a.engines.opus.Codec(), unchanged, unchanged)
		p.must(0, 10*time.Second, "the state", kind("state"))
		if p.isVoiced() {
			t.Error("a call that waits speaks")
		}
		begun = time.Now()
		if err := p.events.SendText(`{"type":"start"}`); err != nil {
			t.Fatal(err)
		}
		ready := p.untilVoice().Sub(begun)
		if n > 0 { // the first is not warm
			plain, prepared = append(plain, took), append(prepared, ready)
		}
	}
	slices.Sort(plain)
	slices.Sort(prepared)
	t.Logf("first audible packet, n = %d: %v after the offer (at most %v), %v after the start of a prepared call (at most %v)",
		calls, plain[calls/2].Round(time.Millisecond), plain[calls-1].Round(time.Millisecond), prepared[calls/2].Round(time.Millisecond), prepared[calls-1].Round(time.Millisecond))
	if plain[calls/2] > 300*time.Millisecond || prepared[calls/2] > 150*time.Millisecond {
		t.Error("the greeting comes too late")
	}
}

func (p *phone) isVoiced() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.voiced.IsZero()
}

// untilVoice waits for the first packet of voice, and gives when it came.
func (p *phone) untilVoice() time.Time {
	p.t.Helper()
	for tick, late := time.NewTicker(5*time.Millisecond), time.After(10*time.Second); ; {
		select {
		case <-tick.C:
			if p.isVoiced() {
				tick.Stop()
				p.mu.Lock()
				defer p.mu.Unlock()
				return p.voiced
			}
		case <-late:
			p.t.Fatal("nothing is heard")
		}
	}
}
