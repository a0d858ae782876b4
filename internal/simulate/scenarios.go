package simulate

import "time"

// shop is what all scenarios begin from: nodes as measured (figures.go) in three zones, and
// as many dispatchers as one LiveKit server for fifty nodes would make.
func shop(nodes int, calls float64) Scenario {
	return Scenario{
		Seed: 1, For: 30 * time.Minute,
		Nodes: nodes, Zones: 3, Capacity: CallsPerNode,
		Calls: calls, Talk: 5 * time.Minute, Warm: true,
		Report: ReportWithin, Late: ReportWithin / 2,
		Offer: OfferTime, Timeout: OfferTimeout, Join: DispatchTime - OfferTime,
		Attempts: offersInARow, Retry: 2 * time.Second, Patience: time.Minute,
		Dispatchers: max(nodes/50, 1), Work: 2 * time.Millisecond,
		Notice: 10 * time.Second, Restart: 40 * time.Second,
	}
}

// Scenarios are those that have a name. All but half-million and million are small
// enough to be played within a second.
func Scenarios() []Scenario {
	rush := Sale{At: 5 * time.Minute, Rise: time.Minute, Stay: 10 * time.Minute, Fall: 5 * time.Minute, Factor: 10}
	lost := func(s *Scenario) {
		s.For = 15 * time.Minute
		s.Outages = []Outage{{At: 3 * time.Minute, Zone: 1, For: 5 * time.Minute}}
	}
	var all []Scenario
	add := func(name, about string, s Scenario, change func(*Scenario)) {
		s.Name, s.About = name, about
		if change != nil {
			change(&s)
		}
		all = append(all, s)
	}
	add("steady", "10,000 calls at once on 200 nodes", shop(200, 10_000), nil)
	add("tight", "the same on 170 nodes, which is room for 2 % more", shop(170, 10_000), nil)
	add("nodes", "steady, and each node fails once in a day", shop(200, 10_000), func(s *Scenario) {
		s.NodeLife = 24 * time.Hour
	})
	add("zone", "10,000 calls on 300 nodes; one zone of three is lost for five minutes", shop(300, 10_000), lost)
	add("zone-tight", "the same on 250 nodes: the other two zones have room for 10,020", shop(250, 10_000), lost)
	add("zone-short", "the same on 200 nodes: the other two zones have room for 8,040", shop(200, 10_000), lost)
	add("deploy", "10,000 calls on 250 nodes, replaced 50 at a time, each drained for a minute", shop(250, 10_000), func(s *Scenario) {
		s.Deploy = Deploy{At: 5 * time.Minute, Batch: 50, Drain: time.Minute}
	})
	add("deploy-long", "the same, each drained for twenty minutes, in two hours and a half", shop(250, 10_000), func(s *Scenario) {
		s.For = 150 * time.Minute
		s.Deploy = Deploy{At: 5 * time.Minute, Batch: 50, Drain: 20 * time.Minute}
	})
	scaled := func(least int) func(*Scenario) {
		return func(s *Scenario) {
			s.Sale = rush
			s.Nodes = least
			s.Scaling = Scaling{Target: 0.7, Least: least, Most: 300, Every: 15 * time.Second, Start: time.Minute, Calm: 5 * time.Minute}
		}
	}
	add("sale", "1,000 calls at once, then ten times the callers within a minute; nodes take a minute to start", shop(25, 1000), scaled(25))
	add("sale-ready", "the same with the nodes for it started before", shop(250, 1000), scaled(250))
	add("day", "a day around 1,000 calls at once, 400 at night and 1,600 at noon, nodes with the load", shop(12, 1000), func(s *Scenario) {
		s.For, s.Swing = 24*time.Hour, 0.6
		s.Scaling = Scaling{Target: 0.7, Least: 6, Most: 60, Every: 15 * time.Second, Start: time.Minute, Calm: 5 * time.Minute}
	})
	add("half-million", "500,000 calls at once on 10,000 nodes", shop(10_000, 500_000), func(s *Scenario) { s.For = 5 * time.Minute })
	add("million", "1,000,000 calls at once on 30,000 nodes; one zone of three is lost", shop(30_000, 1_000_000), func(s *Scenario) {
		s.For = 5 * time.Minute
		s.Outages = []Outage{{At: 2 * time.Minute, Zone: 1, For: 10 * time.Minute}}
	})
	return all
}

// Named is the scenario of a name; false when there is none.
func Named(name string) (Scenario, bool) {
	for _, s := range Scenarios() {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}
