package simulate

import "time"

// kind is what an event does.
type kind uint8

const (
	arrives   kind = iota // the next caller
	picks                 // the dispatcher takes a call up
	answers               // a node answers an offer
	expires               // no answer has come
	begins                // the agent is heard
	ends                  // a conversation is over
	retries               // a call tries anew
	unlists               // the dispatcher hears that a node takes no more
	drains                // a node's time to drain is over
	notices               // the dispatcher sees that a node has failed
	boots                 // a node is there (again)
	fails                 // a node fails
	zoneFails             // a zone fails, by chance
	outage                // a zone fails, by the scenario
	deploys               // a deploy begins
	scales                // the scaler looks
	samples               // the tally looks
)

// event is one thing that will happen. Those of the same time happen in the order in
// which they were planned.
type event struct {
	at   time.Duration
	seq  uint64
	who  int32  // the call, node or zone
	gen  uint32 // what who was at when this was planned; if that is over, nothing happens
	kind kind
}

func (e event) before(f event) bool {
	return e.at < f.at || e.at == f.at && e.seq < f.seq
}

// clock holds what is to come: a heap of four children a node, which is flatter than one
// of two and so kinder to the cache when there are a million events.
type clock struct {
	now    time.Duration
	seq    uint64
	events []event
}

// plan has something happen in a while.
func (c *clock) plan(in time.Duration, k kind, who int32, gen uint32) {
	c.seq++
	e := event{at: c.now + in, seq: c.seq, who: who, gen: gen, kind: k}
	c.events = append(c.events, e)
	i := len(c.events) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(c.events[up]) {
			break
		}
		c.events[i] = c.events[up]
		i = up
	}
	c.events[i] = e
}

// next takes the next event and sets the time to it; false when there is none.
func (c *clock) next() (event, bool) {
	if len(c.events) == 0 {
		return event{}, false
	}
	first := c.events[0]
	last := len(c.events) - 1
	e := c.events[last]
	c.events = c.events[:last]
	if last > 0 {
		c.sink(e)
	}
	c.now = first.at
	return first, true
}

// sink puts e where the first was and lets it fall to its place.
func (c *clock) sink(e event) {
	i := 0
	for {
		down := 4*i + 1
		if down >= len(c.events) {
			break
		}
		least := down
		for j := down + 1; j < min(down+4, len(c.events)); j++ {
			if c.events[j].before(c.events[least]) {
				least = j
			}
		}
		if !c.events[least].before(e) {
			break
		}
		c.events[i] = c.events[least]
		i = least
	}
	c.events[i] = e
}
