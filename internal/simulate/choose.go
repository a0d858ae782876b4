package simulate

import (
	"iter"
	"slices"
)

const (
	// draws is how many nodes the dispatcher draws at random before it looks at one after
	// the other.
	draws = 16
	// looks bounds how many it then looks at for one offer: all, unless there are thousands
	// and nearly all of them full.
	looks = 1024
)

// choose is the node that a call is offered to next, or none.
func (s *simulation) choose(c *call) int32 {
	if len(s.listed) == 0 {
		return none
	}
	switch s.Policy {
	case Two:
		return s.lesserOfTwo(c)
	case Weighted:
		return s.byWeight(c)
	case RoundRobin:
		return s.inTurn(c)
	case Least:
		return s.best(c, func(a, b int32) bool { return a < b })
	case Fullest:
		return s.best(c, func(a, b int32) bool { return a > b })
	default:
		for range draws {
			if i := s.anyone(); s.open(c, i) {
				return i
			}
		}
		return s.firstOpen(c)
	}
}

// anyone is some node of the list.
func (s *simulation) anyone() int32 { return s.listed[s.chance.IntN(len(s.listed))] }

// open says whether a node can be offered a call, as far as the dispatcher knows.
func (s *simulation) open(c *call, i int32) bool {
	return !slices.Contains(c.tried[:c.attempts], i) && s.seen(i) < int32(s.Capacity)
}

// around are the listed nodes from somewhere on, most of them at most.
func (s *simulation) around(most int) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		from := s.chance.IntN(len(s.listed))
		for k := range min(most, len(s.listed)) {
			if !yield(s.listed[(from+k)%len(s.listed)]) {
				return
			}
		}
	}
}

// firstOpen is the first node with room from somewhere on.
func (s *simulation) firstOpen(c *call) int32 {
	for i := range s.around(looks) {
		if s.open(c, i) {
			return i
		}
	}
	return none
}

func (s *simulation) lesserOfTwo(c *call) int32 {
	for range draws {
		a, b := s.anyone(), s.anyone()
		switch openA, openB := s.open(c, a), s.open(c, b); {
		case openA && openB && s.seen(b) < s.seen(a):
			return b
		case openA:
			return a
		case openB:
			return b
		}
	}
	return s.firstOpen(c)
}

// byWeight draws nodes until one is taken, each with the chance of its free share; when
// that comes to nothing it lays all free shares end to end and draws a place.
func (s *simulation) byWeight(c *call) int32 {
	for range draws {
		i := s.anyone()
		if s.open(c, i) && s.chance.IntN(s.Capacity) >= int(s.seen(i)) {
			return i
		}
	}
	found, all := int32(none), 0
	for i := range s.around(looks) {
		if !s.open(c, i) {
			continue
		}
		free := s.Capacity - int(s.seen(i))
		all += free
		if s.chance.IntN(all) < free {
			found = i
		}
	}
	return found
}

func (s *simulation) inTurn(c *call) int32 {
	for range min(looks, len(s.listed)) {
		s.turn = (s.turn + 1) % len(s.listed)
		if i := s.listed[s.turn]; s.open(c, i) {
			return i
		}
	}
	return none
}

// best is the node that stands before all others; of equals, any.
func (s *simulation) best(c *call, before func(a, b int32) bool) int32 {
	found, load := int32(none), int32(0)
	for i := range s.around(len(s.listed)) {
		if seen := s.seen(i); (found == none || before(seen, load)) && s.open(c, i) {
			found, load = i, seen
		}
	}
	return found
}
