package simulate

import "time"

// none stands for no call or no node.
const none = -1

// standing is what a node is doing.
type standing uint8

const (
	gone     standing = iota // not there, and not coming
	starting                 // will be there
	up                       // takes calls
	draining                 // takes none, and has some
	dead                     // has failed; its calls hear nothing
)

// node is one agent.
type node struct {
	standing standing
	retiring bool // it drains for good
	deployed bool // it drains for a deploy
	zone     int32
	busy     int32 // calls that it has, those that it is joining included
	first    int32 // of its calls
	listed   int32 // its place in the dispatcher's list, or none
	gen      uint32
	// What it reported at its last tick, and at the one before; when that was, and when
	// the next is.
	last, before int32
	ticked, next time.Duration
	back         time.Duration // when its zone is there again
}

// look brings a node's reports up to now; it is called before its load changes.
func (n *node) look(now, every time.Duration) {
	if now < n.next || every == 0 {
		return
	}
	passed := (now - n.next).Truncate(every) // since the next tick was due, in whole ones
	n.before = n.last
	if passed > 0 {
		n.before = n.busy
	}
	n.last = n.busy
	n.ticked = n.next + passed
	n.next = n.ticked + every
}

// seen is how many calls the dispatcher believes a node to have.
func (s *simulation) seen(i int32) int32 {
	n := &s.nodes[i]
	if s.Report == 0 {
		return n.busy
	}
	n.look(s.now, s.Report)
	if s.now >= n.ticked+s.Late {
		return n.last
	}
	return n.before
}

// add makes a node that is not there yet.
func (s *simulation) add() int32 {
	i := int32(len(s.nodes))
	n := node{zone: i % int32(s.Zones), first: none, listed: none}
	if s.Report > 0 {
		n.next = s.now + time.Duration(s.chance.Int64N(int64(s.Report)))
	}
	s.nodes = append(s.nodes, n)
	return i
}

// boot has a node take calls.
func (s *simulation) boot(i int32) {
	n := &s.nodes[i]
	if n.standing != starting {
		return
	}
	if s.now < n.back {
		s.plan(n.back-s.now+s.away(), boots, i, n.gen)
		return
	}
	n.gen++
	n.look(s.now, s.Report)
	n.last, n.before = 0, 0
	n.standing = up
	s.list(i)
	if s.NodeLife > 0 && s.now < s.For {
		s.plan(s.lasting(s.NodeLife), fails, i, n.gen)
	}
	for n.standing == up && n.busy < int32(s.Capacity) && s.serveLine(i) {
	}
	if n.deployed {
		n.deployed = false
		s.deployNext()
	}
}

// list tells the dispatcher of a node.
func (s *simulation) list(i int32) {
	if s.nodes[i].listed == none {
		s.nodes[i].listed = int32(len(s.listed))
		s.listed = append(s.listed, i)
	}
}

// unlist has the dispatcher forget a node.
func (s *simulation) unlist(i int32) {
	at := s.nodes[i].listed
	if at == none {
		return
	}
	last := int32(len(s.listed) - 1)
	moved := s.listed[last]
	s.listed[at] = moved
	s.nodes[moved].listed = at
	s.listed = s.listed[:last]
	s.nodes[i].listed = none
}

// drain has a node take no more. The dispatcher hears of it as late as of loads.
func (s *simulation) drain(i int32, within time.Duration) {
	n := &s.nodes[i]
	n.gen++
	n.standing = draining
	s.plan(s.Late, unlists, i, n.gen)
	if n.busy == 0 {
		s.leave(i)
		return
	}
	s.plan(within, drains, i, n.gen)
}

// drained cuts what a draining node still has.
func (s *simulation) drained(i int32) {
	for s.nodes[i].first != none {
		c := s.nodes[i].first
		if s.calls[c].talking {
			s.tally.cutByDrain++
		}
		s.cut(c)
		s.release(c)
		s.dispatch(c)
	}
	s.leave(i)
}

// leave has an empty node go: for good, or to start anew.
func (s *simulation) leave(i int32) {
	n := &s.nodes[i]
	n.gen++
	s.unlist(i)
	if n.retiring {
		n.retiring, n.standing = false, gone
		s.unused = append(s.unused, i)
		return
	}
	n.standing = starting
	s.plan(s.away(), boots, i, n.gen)
}

// away is how long a node takes to start.
func (s *simulation) away() time.Duration {
	return s.Restart + time.Duration(s.chance.Int64N(int64(s.Restart/2)+1))
}
