package simulate

import "time"

// call is one caller.
type call struct {
	arrived time.Duration
	since   time.Duration // when the caller began to wait for an agent, the first or another
	over    time.Duration // when the conversation ends, while there is one
	left    time.Duration // how much of it is left, while there is none
	node    int32         // that is asked or has the call, or none
	next    int32         // of the node's calls
	prev    int32
	gen     uint32
	// tried are the nodes that were asked in this round.
	tried    [mostAttempts]int32
	attempts uint8
	held     bool // by a node: it is counted there
	talking  bool
	answered bool // an agent was there once
	lining   bool // it stands in the line
}

// arrive begins a call.
func (s *simulation) arrive() {
	s.tally.arrived++
	c := s.newCall()
	s.dispatch(c)
}

// newCall makes a call that waits.
func (s *simulation) newCall() int32 {
	var c int32
	if n := len(s.free); n > 0 {
		c = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		c = int32(len(s.calls))
		s.calls = append(s.calls, call{})
	}
	gen := s.calls[c].gen + 1
	s.calls[c] = call{arrived: s.now, since: s.now, left: s.talks(), node: none, gen: gen}
	s.waiting++
	return c
}

// dispatch has a waiting call looked after by the dispatcher as soon as that has time.
func (s *simulation) dispatch(c int32) {
	k := &s.calls[c]
	k.gen++
	k.attempts, k.node = 0, none
	s.attempt(c)
}

// attempt is one more try to find a node.
func (s *simulation) attempt(c int32) {
	if s.Dispatchers == 0 || s.Work == 0 {
		s.pick(c, 0)
		return
	}
	start := max(s.now, s.desks[s.desk])
	s.desks[s.desk] = start + s.Work
	s.desk = (s.desk + 1) % len(s.desks)
	s.tally.queued = max(s.tally.queued, start-s.now)
	if start == s.now {
		s.pick(c, s.Work)
		return
	}
	s.plan(start-s.now, picks, c, s.calls[c].gen)
}

// pick offers a call to a node.
func (s *simulation) pick(c int32, work time.Duration) {
	k := &s.calls[c]
	if s.tired(k) {
		s.hangUp(c)
		return
	}
	i := s.choose(k)
	if i == none {
		s.tally.noRoom++
		s.pause(c)
		return
	}
	s.offer(c, i, work)
}

// offer asks a node.
func (s *simulation) offer(c, i int32, work time.Duration) {
	k := &s.calls[c]
	k.node = i
	k.tried[k.attempts] = i
	k.attempts++
	s.plan(work+s.Offer, answers, c, k.gen)
}

// answer is what a node says to an offer.
func (s *simulation) answer(c int32) {
	k := &s.calls[c]
	n := &s.nodes[k.node]
	switch {
	case n.standing == dead || n.standing == gone || n.standing == starting:
		s.plan(max(s.Timeout-s.Offer, 0), expires, c, k.gen)
	case n.standing == draining || n.busy >= int32(s.Capacity):
		s.tally.refusals++
		s.again(c)
	default:
		s.hold(c, k.node)
		s.plan(s.Join, begins, c, k.gen)
	}
}

// expire is an offer that nobody answered.
func (s *simulation) expire(c int32) {
	s.tally.timeouts++
	s.again(c)
}

// again asks the next node, or pauses.
func (s *simulation) again(c int32) {
	k := &s.calls[c]
	k.gen++
	k.node = none
	if int(k.attempts) < s.Attempts {
		s.attempt(c)
		return
	}
	s.pause(c)
}

// pause waits before the next round, or gives up.
func (s *simulation) pause(c int32) {
	k := &s.calls[c]
	if s.Retry == 0 || s.tired(k) {
		s.hangUp(c)
		return
	}
	wait := s.Retry/2 + time.Duration(s.chance.Int64N(int64(s.Retry)+1)) // so that they do not all come at once
	if s.Patience > 0 {
		wait = min(wait, k.since+s.Patience-s.now)
	}
	k.gen++
	s.plan(wait, retries, c, k.gen)
	if s.Line && !k.lining {
		k.lining = true
		s.line = append(s.line, place{c, k.arrived})
	}
}

// tired says whether a caller has waited for too long.
func (s *simulation) tired(k *call) bool { return s.Patience > 0 && s.now-k.since >= s.Patience }

// place is one in the line; it is void when the call is another by now, or no longer in it.
type place struct {
	call    int32
	arrived time.Duration
}

// serveLine offers the first of the line to a node that has room; false when there is none.
func (s *simulation) serveLine(i int32) bool {
	for s.served < len(s.line) {
		p := s.line[s.served]
		s.served++
		if s.served > len(s.line)/2 && s.served > 1024 {
			s.line = append(s.line[:0], s.line[s.served:]...)
			s.served = 0
		}
		k := &s.calls[p.call]
		if !k.lining || k.arrived != p.arrived {
			continue
		}
		k.lining = false
		k.gen++
		if s.tired(k) {
			s.hangUp(p.call)
			continue
		}
		k.attempts = 0
		s.hold(p.call, i)
		k.node = i
		s.plan(s.Offer+s.Join, begins, p.call, k.gen)
		return true
	}
	return false
}

// hold counts a call as one of a node's.
func (s *simulation) hold(c, i int32) {
	n, k := &s.nodes[i], &s.calls[c]
	n.look(s.now, s.Report)
	n.busy++
	k.held, k.node, k.lining = true, i, false
	k.prev, k.next = none, n.first
	if n.first != none {
		s.calls[n.first].prev = c
	}
	n.first = c
}

// release takes a call from its node.
func (s *simulation) release(c int32) {
	k := &s.calls[c]
	n := &s.nodes[k.node]
	n.look(s.now, s.Report)
	n.busy--
	if k.prev == none {
		n.first = k.next
	} else {
		s.calls[k.prev].next = k.next
	}
	if k.next != none {
		s.calls[k.next].prev = k.prev
	}
	k.held, k.node = false, none
}

// begin has the agent heard.
func (s *simulation) begin(c int32) {
	k := &s.calls[c]
	wait := s.now - k.since
	if k.answered {
		s.tally.takenOver(wait)
	} else {
		s.tally.waited(wait)
	}
	s.waiting--
	s.talking++
	k.answered, k.talking = true, true
	k.gen++
	k.over = s.now + k.left
	s.plan(k.left, ends, c, k.gen)
}

// end is a conversation that comes to its end.
func (s *simulation) end(c int32) {
	i := s.calls[c].node
	s.release(c)
	s.talking--
	s.tally.finished++
	s.forget(c)
	switch n := &s.nodes[i]; {
	case n.standing == draining && n.busy == 0:
		s.leave(i)
	case n.standing == up:
		s.serveLine(i)
	}
}

// cut takes the agent from a call, or the one that was about to be there. The call stays
// on its node's list until it is released.
func (s *simulation) cut(c int32) {
	k := &s.calls[c]
	k.gen++
	if !k.talking {
		return // it goes on waiting
	}
	k.talking = false
	k.left = k.over - s.now
	k.since = s.now
	s.talking--
	s.waiting++
	s.tally.cut++
}

// hangUp is a caller who has had enough.
func (s *simulation) hangUp(c int32) {
	if s.calls[c].answered {
		s.tally.lost++
	} else {
		s.tally.gaveUp++
	}
	s.waiting--
	s.forget(c)
}

// forget frees a call's place.
func (s *simulation) forget(c int32) {
	s.calls[c].gen++
	s.calls[c].lining = false
	s.free = append(s.free, c)
}
