package simulate

import "time"

// fail has a node die. Its calls hear nothing until that is noticed.
func (s *simulation) fail(i int32) {
	n := &s.nodes[i]
	if n.standing != up && n.standing != draining {
		return
	}
	s.tally.failed++
	n.gen++
	n.standing = dead
	for c := n.first; c != none; c = s.calls[c].next {
		s.cut(c)
	}
	s.plan(s.Notice, notices, i, n.gen)
}

// notice gives a dead node's calls to others, all at once, and has it started anew.
func (s *simulation) notice(i int32) {
	s.unlist(i)
	for s.nodes[i].first != none {
		c := s.nodes[i].first
		s.release(c)
		s.dispatch(c)
	}
	s.leave(i)
}

// failZone has all nodes of a zone die; none of them starts before the zone is back.
func (s *simulation) failZone(zone int32, away time.Duration) {
	for i := range s.nodes {
		if s.nodes[i].zone == zone {
			s.nodes[i].back = s.now + away
			s.fail(int32(i))
		}
	}
}
