package simulate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// simulation is one run: the scenario, the time, and how everything stands. One goroutine
// owns it.
type simulation struct {
	Scenario
	clock
	tally tally

	nodes  []node
	listed []int32 // the nodes that the dispatcher knows
	unused []int32 // nodes that are gone and may come again
	calls  []call
	free   []int32 // places of calls that are over
	turn   int     // round robin's

	line   []place
	served int // how much of the line is served

	desks []time.Duration // when each dispatcher is free again
	desk  int             // the one whose turn it is

	waiting, talking int
	toDeploy         []int32
	enough           time.Duration // since when there have been nodes enough

	// Chance comes in four streams, so that the same callers come whatever happens to them.
	coming, lengths, chance, trouble *rand.Rand
}

// Run plays a scenario and tells what came of it. It fails when the scenario is wrong or
// ctx ends before it does. It may run beside others.
func Run(ctx context.Context, sc Scenario) (*Result, error) {
	s, err := play(ctx, sc)
	if err != nil {
		return nil, err
	}
	return s.result(), nil
}

// play runs a scenario to its end.
func play(ctx context.Context, sc Scenario) (*simulation, error) {
	sc, err := sc.complete()
	if err != nil {
		return nil, fmt.Errorf("scenario %q: %w", sc.Name, err)
	}
	s := &simulation{Scenario: sc, desks: make([]time.Duration, sc.Dispatchers)}
	s.coming, s.lengths, s.chance, s.trouble = stream(sc.Seed, 1), stream(sc.Seed, 2), stream(sc.Seed, 3), stream(sc.Seed, 4)
	s.setUp()
	const often = 1 << 16 // events between two looks at ctx
	for {
		e, ok := s.next()
		if !ok {
			break
		}
		s.tally.events++
		if s.tally.events%often == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		s.happen(e)
	}
	return s, nil
}

// stream is one source of chance.
func stream(seed, which uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, which))
}

// setUp sets everything up for the first moment.
func (s *simulation) setUp() {
	for range s.Nodes {
		i := s.add()
		s.nodes[i].standing = starting
		s.boot(i)
	}
	if s.Warm {
		s.warmUp()
	}
	s.plan(s.untilNext(), arrives, none, 0)
	s.plan(0, samples, none, 0)
	for z, o := range s.Outages {
		s.plan(o.At, outage, int32(z), 0)
	}
	if s.ZoneLife > 0 {
		for z := range s.Zones {
			s.plan(s.lasting(s.ZoneLife), zoneFails, int32(z), 0)
		}
	}
	if s.Deploy.Batch > 0 {
		s.plan(s.Deploy.At, deploys, none, 0)
	}
	if s.Scaling.Target > 0 {
		s.plan(s.Scaling.Every, scales, none, 0)
	}
}

// warmUp puts the calls on the nodes that would be under way. What is left of a call of
// exponential length is as long as a new one.
func (s *simulation) warmUp() {
	n := min(int(math.Round(s.rate(0)*s.Talk.Seconds())), s.Nodes*s.Capacity)
	for k := range n {
		c := s.newCall()
		s.tally.arrived++
		s.hold(c, int32(k%s.Nodes))
		s.waiting--
		s.talking++
		s.tally.answered++
		s.calls[c].answered, s.calls[c].talking = true, true
		s.calls[c].over = s.calls[c].left
		s.plan(s.calls[c].left, ends, c, s.calls[c].gen)
	}
}

// happen does what an event says, unless what it is about has gone on since.
func (s *simulation) happen(e event) {
	switch e.kind {
	case picks, answers, expires, begins, ends, retries:
		if s.calls[e.who].gen == e.gen {
			s.ofCall(e)
		}
	case unlists, drains, notices, boots, fails:
		if s.nodes[e.who].gen == e.gen {
			s.ofNode(e)
		}
	case arrives:
		if s.now < s.For {
			s.arrive()
			s.plan(s.untilNext(), arrives, none, 0)
		}
	default:
		if s.now <= s.For {
			s.ofAll(e)
		}
	}
}

func (s *simulation) ofCall(e event) {
	switch e.kind {
	case picks:
		s.pick(e.who, s.Work)
	case answers:
		s.answer(e.who)
	case expires:
		s.expire(e.who)
	case begins:
		s.begin(e.who)
	case ends:
		s.end(e.who)
	default:
		s.dispatch(e.who)
	}
}

func (s *simulation) ofNode(e event) {
	switch e.kind {
	case unlists:
		s.unlist(e.who)
	case drains:
		s.drained(e.who)
	case notices:
		s.notice(e.who)
	case boots:
		s.boot(e.who)
	default:
		if s.now < s.For {
			s.fail(e.who)
		}
	}
}

func (s *simulation) ofAll(e event) {
	switch e.kind {
	case zoneFails:
		s.failZone(e.who, 0)
		s.plan(s.lasting(s.ZoneLife), zoneFails, e.who, 0)
	case outage:
		o := s.Outages[e.who]
		s.failZone(int32(o.Zone), o.For)
	case deploys:
		s.deploy()
	case scales:
		s.scale()
		s.plan(s.Scaling.Every, scales, none, 0)
	default:
		s.sample()
	}
}

// lasting is a time with the given mean until a failure.
func (s *simulation) lasting(mean time.Duration) time.Duration { return exponential(s.trouble, mean) }

// talks is how long a conversation lasts.
func (s *simulation) talks() time.Duration { return exponential(s.lengths, s.Talk) }

func exponential(r *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(r.ExpFloat64() * float64(mean))
}
