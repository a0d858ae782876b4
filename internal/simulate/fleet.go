package simulate

import (
	"math"
	"time"
)

// deploy begins to replace all nodes.
func (s *simulation) deploy() {
	for i := range s.nodes {
		if s.nodes[i].standing == up {
			s.toDeploy = append(s.toDeploy, int32(i))
		}
	}
	for range s.Deploy.Batch {
		s.deployNext()
	}
}

// deployNext replaces one node more; one that has started anew meanwhile is new already.
func (s *simulation) deployNext() {
	for len(s.toDeploy) > 0 {
		i := s.toDeploy[0]
		s.toDeploy = s.toDeploy[1:]
		if n := &s.nodes[i]; n.standing == up {
			n.deployed = true
			s.drain(i, s.Deploy.Drain)
			return
		}
	}
}

// scale starts and stops nodes, so that the target share of all room is in use.
func (s *simulation) scale() {
	g := s.Scaling
	wanted := int(math.Ceil(float64(s.talking+s.waiting) / (float64(s.Capacity) * g.Target)))
	wanted = min(max(wanted, g.Least), g.Most)
	have := 0
	for i := range s.nodes {
		if st := s.nodes[i].standing; st == up || st == starting {
			have++
		}
	}
	if wanted >= have {
		s.enough = s.now
		for range wanted - have {
			s.startOne()
		}
		return
	}
	if s.now-s.enough < g.Calm {
		return
	}
	for range min(have-wanted, max(have/10, 1)) {
		s.stopOne()
	}
}

// startOne has one node more started.
func (s *simulation) startOne() {
	var i int32
	if n := len(s.unused); n > 0 {
		i = s.unused[n-1]
		s.unused = s.unused[:n-1]
	} else {
		i = s.add()
	}
	n := &s.nodes[i]
	n.gen++
	n.standing = starting
	s.plan(s.Scaling.Start, boots, i, n.gen)
}

// stopOne drains the node that the dispatcher heard of last, for as long as its calls last.
func (s *simulation) stopOne() {
	for k := len(s.listed) - 1; k >= 0; k-- {
		i := s.listed[k]
		if s.nodes[i].standing == up {
			s.nodes[i].retiring = true
			s.drain(i, 24*time.Hour)
			return
		}
	}
}
