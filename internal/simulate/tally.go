package simulate

import (
	"math"
	"slices"
	"time"
)

// sampleEvery is how often the nodes are looked at.
const sampleEvery = 10 * time.Second

// tally counts what happens.
type tally struct {
	events                      uint64
	arrived, answered, gaveUp   int
	finished, cut, cutByDrain   int
	taken, lost                 int
	refusals, timeouts, noRoom  int
	failed                      int
	waits, takeOvers            []time.Duration
	queued                      time.Duration
	peak, fewest, most, samples int
	used, room                  float64  // calls and room, added up over samples
	loads                       [101]int // nodes by the share of their room in use, in percent
}

func (t *tally) waited(d time.Duration) {
	t.answered++
	t.waits = append(t.waits, d)
}

func (t *tally) takenOver(d time.Duration) {
	t.taken++
	t.takeOvers = append(t.takeOvers, d)
}

// sample looks at the nodes.
func (s *simulation) sample() {
	t := &s.tally
	nodes := 0
	for i := range s.nodes {
		n := &s.nodes[i]
		if n.standing == up || n.standing == draining {
			nodes++
			t.loads[100*int(n.busy)/s.Capacity]++
		}
	}
	if t.samples == 0 {
		t.fewest = nodes
	}
	t.samples++
	t.fewest, t.most = min(t.fewest, nodes), max(t.most, nodes)
	t.peak = max(t.peak, s.talking)
	t.used += float64(s.talking)
	t.room += float64(nodes * s.Capacity)
	s.plan(sampleEvery, samples, none, 0)
}

// Result is what came of a scenario.
type Result struct {
	Scenario Scenario `json:"scenario"`

	// Arrived are all calls. Each of them Finished, or GaveUp before an agent was there,
	// or was Lost: cut, and given up before another agent was there.
	Arrived  int `json:"arrived"`
	Answered int `json:"answered"`
	Finished int `json:"finished"`
	GaveUp   int `json:"gave_up"`
	Lost     int `json:"lost"`
	// Cut counts agents that were taken from a call, by failures and, as CutByDrain, by
	// drains that were over; TakenOver those in whose place another came.
	Cut        int `json:"cut"`
	CutByDrain int `json:"cut_by_drain"`
	TakenOver  int `json:"taken_over"`

	// Wait is how long callers waited who got an agent, TakeOver how long those who were cut
	// off waited for another.
	Wait     Spread `json:"wait"`
	TakeOver Spread `json:"take_over"`
	// Refusals of full or draining nodes, Timeouts of dead ones, and times at which the
	// dispatcher knew of nobody with room.
	Refusals int `json:"refusals"`
	Timeouts int `json:"timeouts"`
	NoRoom   int `json:"no_room"`
	// Queued is the longest that an attempt waited for a dispatcher, in milliseconds.
	Queued float64 `json:"queued_ms"`

	// Failed counts nodes that died. Fewest and Most are the nodes there were at a time.
	Failed int `json:"failed_nodes"`
	Fewest int `json:"fewest_nodes"`
	Most   int `json:"most_nodes"`
	// Peak are the most calls at once, Used the share of the nodes' room in use by the mean,
	// and Load how that lies among the nodes; looked at every ten seconds.
	Peak int     `json:"peak_calls"`
	Used float64 `json:"used"`
	Load Loads   `json:"load"`

	// Events is how much work it was.
	Events uint64 `json:"events"`
}

// Spread is how times lie, in milliseconds. Late is the share of those over one second.
type Spread struct {
	N    int     `json:"n"`
	Mean float64 `json:"mean_ms"`
	P50  float64 `json:"p50_ms"`
	P95  float64 `json:"p95_ms"`
	P99  float64 `json:"p99_ms"`
	Max  float64 `json:"max_ms"`
	Late float64 `json:"late"`
}

// Loads is how the nodes' shares of room in use lie, each rounded down to a percent.
type Loads struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	Max float64 `json:"max"`
}

func (s *simulation) result() *Result {
	t := &s.tally
	r := &Result{
		Scenario: s.Scenario,
		Arrived:  t.arrived, Answered: t.answered, Finished: t.finished, GaveUp: t.gaveUp, Lost: t.lost,
		Cut: t.cut, CutByDrain: t.cutByDrain, TakenOver: t.taken,
		Wait: spread(t.waits), TakeOver: spread(t.takeOvers),
		Refusals: t.refusals, Timeouts: t.timeouts, NoRoom: t.noRoom, Queued: milliseconds(t.queued),
		Failed: t.failed, Fewest: t.fewest, Most: t.most, Peak: t.peak,
		Load:   Loads{P50: share(t.loads, 0.50), P95: share(t.loads, 0.95), Max: share(t.loads, 1)},
		Events: t.events,
	}
	if t.room > 0 {
		r.Used = round(t.used/t.room, 1e4)
	}
	return r
}

// spread sorts times and reads them off.
func spread(d []time.Duration) Spread {
	if len(d) == 0 {
		return Spread{}
	}
	slices.Sort(d)
	var sum float64
	for _, x := range d {
		sum += milliseconds(x)
	}
	at := func(q float64) float64 { return milliseconds(d[max(int(math.Ceil(q*float64(len(d))))-1, 0)]) }
	late, _ := slices.BinarySearch(d, time.Second+1)
	return Spread{
		N: len(d), Mean: round(sum/float64(len(d)), 1e3), P50: at(0.50), P95: at(0.95), P99: at(0.99), Max: at(1),
		Late: round(float64(len(d)-late)/float64(len(d)), 1e6),
	}
}

// share is below which load the given part of the nodes lies.
func share(loads [101]int, q float64) float64 {
	all := 0
	for _, n := range loads {
		all += n
	}
	upTo := int(math.Ceil(q * float64(all)))
	for percent, n := range loads {
		if upTo -= n; upTo <= 0 && all > 0 {
			return float64(percent) / 100
		}
	}
	return 0
}

func milliseconds(d time.Duration) float64 { return round(float64(d)/1e6, 1e3) }

func round(x, to float64) float64 { return math.Round(x*to) / to }
