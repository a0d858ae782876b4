// Package simulate plays the dispatch of voice calls to agent nodes as a simulation of
// discrete events: thousands of nodes, each with room for some calls and a load that the
// dispatcher sees late; refusals and second offers; nodes and whole zones that fail, and
// the storm of calls that then need another node; rolling deploys; a daily curve, a flash
// sale; nodes that are started and stopped with the load.
//
// Nothing sleeps and nothing is read from outside: a scenario and its seed give the same
// result, to the byte, on the same processor architecture. What one node bears is measured
// (figures.go); what is assumed is a field of [Scenario] that says so.
package simulate

import (
	"errors"
	"fmt"
	"time"
)

// Policy is how the dispatcher chooses the node that it offers a call to. Every policy
// leaves out nodes that it believes full, as a LiveKit server does with workers that say so.
type Policy string

// The policies.
const (
	// Random takes any node.
	Random Policy = "random"
	// Two takes the less loaded of two nodes drawn at random.
	Two Policy = "two"
	// Weighted draws a node with a weight of its free share.
	Weighted Policy = "weighted"
	// RoundRobin takes one after the other.
	RoundRobin Policy = "round-robin"
	// Least takes the least loaded of all; it looks at every node for each call.
	Least Policy = "least"
	// Fullest takes the most loaded that has room, as LiveKit servers have done; it looks
	// at every node for each call.
	Fullest Policy = "fullest"
)

// Policies are all of them.
func Policies() []Policy { return []Policy{Two, Weighted, Random, RoundRobin, Least, Fullest} }

// Scenario is what happens, and to what. The zero value of a field that is not said to be
// needed means that the thing does not happen.
type Scenario struct {
	// Name and About say what it shows.
	Name  string `json:"name"`
	About string `json:"about"`
	// Seed is where all chance comes from.
	Seed uint64 `json:"seed"`
	// For is how long calls come in and things happen; then what is under way comes to
	// its end. Needed.
	For time.Duration `json:"for_ns"`

	// Nodes at the start, in Zones (1 if zero), and how many calls one can take. Nodes
	// and Capacity are needed.
	Nodes    int `json:"nodes"`
	Zones    int `json:"zones"`
	Capacity int `json:"capacity"`

	// Calls at once that the arrivals amount to, by the mean of the day, and how long one
	// lasts by the mean; lengths are exponential. Both are needed.
	Calls float64       `json:"calls"`
	Talk  time.Duration `json:"talk_ns"`
	// Warm begins with the calls under way that there would be; else with none.
	Warm bool `json:"warm"`
	// Swing is the daily curve: arrivals go from (1−Swing) to (1+Swing) of the mean in the
	// course of 24 hours, from the lowest on. Between 0 and 1.
	Swing float64 `json:"swing"`
	// Sale multiplies arrivals for a while.
	Sale Sale `json:"sale"`

	// Policy chooses nodes; [Two] if empty.
	Policy Policy `json:"policy"`
	// Report is how often a node says how loaded it is, and Late how long that takes to
	// arrive, at most Report. With a Report of 0 the dispatcher knows at once.
	Report time.Duration `json:"report_ns"`
	Late   time.Duration `json:"late_ns"`
	// Offer is how long it takes to offer a call to a node and to have its answer, Timeout
	// how long an answer is waited for that does not come, and Join how long the node then
	// takes to be heard in the room.
	Offer   time.Duration `json:"offer_ns"`
	Timeout time.Duration `json:"timeout_ns"`
	Join    time.Duration `json:"join_ns"`
	// Attempts are the nodes that a call is offered to one after the other; 1 if zero, 8
	// at most. Then it waits Retry and tries anew, or gives up when Retry is 0.
	Attempts int           `json:"attempts"`
	Retry    time.Duration `json:"retry_ns"`
	// Line keeps calls for which nobody has room in a line: the next call that ends makes
	// room for the first of it, without waiting for Retry.
	Line bool `json:"line"`
	// Patience is how long a caller waits for an agent before hanging up; for ever if 0.
	Patience time.Duration `json:"patience_ns"`
	// Dispatchers work at once, each for Work on one attempt; what comes on top queues.
	// Without either an attempt costs nothing.
	Dispatchers int           `json:"dispatchers"`
	Work        time.Duration `json:"work_ns"`

	// NodeLife is the mean time until one node fails, ZoneLife that until one zone does.
	NodeLife time.Duration `json:"node_life_ns"`
	ZoneLife time.Duration `json:"zone_life_ns"`
	// Outages are zones that fail at a given time.
	Outages []Outage `json:"outages,omitempty"`
	// Notice is how long it takes until a failed node is known to have failed; its calls
	// are then given to others. Restart is how long a node is away at least, and half as
	// long again at most.
	Notice  time.Duration `json:"notice_ns"`
	Restart time.Duration `json:"restart_ns"`

	// Deploy replaces all nodes, some at a time.
	Deploy Deploy `json:"deploy"`
	// Scaling starts and stops nodes with the load.
	Scaling Scaling `json:"scaling"`
}

// Sale is a rush of callers: arrivals grow to Factor times within Rise, stay there for
// Stay, and fall back within Fall. A Factor of 0 is none.
type Sale struct {
	At     time.Duration `json:"at_ns"`
	Rise   time.Duration `json:"rise_ns"`
	Stay   time.Duration `json:"stay_ns"`
	Fall   time.Duration `json:"fall_ns"`
	Factor float64       `json:"factor"`
}

// Outage is a zone that fails.
type Outage struct {
	At   time.Duration `json:"at_ns"`
	Zone int           `json:"zone"`
	// For is how long the zone is away; its nodes take Restart on top.
	For time.Duration `json:"for_ns"`
}

// Deploy replaces all nodes, Batch at a time (0 is no deploy): each takes no more calls,
// lets those that it has go on for Drain, cuts what is left, and is away for Restart.
type Deploy struct {
	At    time.Duration `json:"at_ns"`
	Batch int           `json:"batch"`
	Drain time.Duration `json:"drain_ns"`
}

// Scaling keeps Target of all room in use (0 is no scaling), with Least to Most nodes. It
// looks Every so often; a node that it wants is there after Start, and it takes nodes away
// only when there were enough of them for Calm, a tenth at a time.
type Scaling struct {
	Target float64       `json:"target"`
	Least  int           `json:"least"`
	Most   int           `json:"most"`
	Every  time.Duration `json:"every_ns"`
	Start  time.Duration `json:"start_ns"`
	Calm   time.Duration `json:"calm_ns"`
}

// most bounds what a scenario may ask for, so that a slip of the hand ends in an error and
// not in the machine's last byte.
const (
	mostNodes    = 1_000_000
	mostCapacity = 1_000_000
	mostCalls    = 20_000_000
	mostAttempts = 8
)

// complete fills in what may be left out, or says what is wrong.
func (s Scenario) complete() (Scenario, error) {
	s.Zones, s.Attempts = max(s.Zones, 1), max(s.Attempts, 1)
	if s.Policy == "" {
		s.Policy = Two
	}
	var wrong []error
	need := func(right bool, what string, args ...any) {
		if !right {
			wrong = append(wrong, fmt.Errorf(what, args...))
		}
	}
	need(s.For > 0, "for: some time is needed")
	need(s.Nodes >= 1 && s.Nodes <= mostNodes, "nodes: 1 to %d are needed", mostNodes)
	need(s.Capacity >= 1 && s.Capacity <= mostCapacity, "capacity: 1 to %d calls are needed", mostCapacity)
	need(s.Calls > 0 && s.Calls <= mostCalls, "calls: more than 0 and at most %d are needed", mostCalls)
	need(s.Talk > 0, "talk: some time is needed")
	need(s.Swing >= 0 && s.Swing <= 1, "swing: 0 to 1")
	need(s.Sale.Factor >= 0, "sale: its factor is not negative")
	need(s.Attempts <= mostAttempts, "attempts: at most %d", mostAttempts)
	need(s.Report >= 0 && s.Late >= 0 && s.Late <= s.Report, "late: between 0 and report")
	need(s.Offer >= 0 && s.Timeout >= 0 && s.Join >= 0 && s.Retry >= 0 && s.Patience >= 0, "no time is negative")
	need(!s.Line || s.Retry > 0, "line: it needs a retry")
	need((s.NodeLife == 0 && s.ZoneLife == 0) || s.Restart > 0, "restart: nodes that fail need some time to come back")
	need(s.Deploy.Batch >= 0 && s.Deploy.Drain >= 0, "deploy: nothing of it is negative")
	if g := s.Scaling; g.Target != 0 {
		need(g.Target > 0 && g.Target <= 1, "scaling: its target is above 0 and at most 1")
		need(g.Least >= 1 && g.Least <= g.Most && g.Most <= mostNodes, "scaling: 1 ≤ least ≤ most ≤ %d", mostNodes)
		need(g.Every > 0, "scaling: every is needed")
	}
	for _, o := range s.Outages {
		need(o.Zone >= 0 && o.Zone < s.Zones, "outage: there is no zone %d", o.Zone)
	}
	switch s.Policy {
	case Random, Two, Weighted, RoundRobin, Least, Fullest:
	default:
		need(false, "policy: %q is none of %v", s.Policy, Policies())
	}
	return s, errors.Join(wrong...)
}
