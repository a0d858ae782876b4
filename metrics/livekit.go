package metrics

import "github.com/prometheus/client_golang/prometheus"

// LiveKit is how the worker of a LiveKit server stands.
type LiveKit struct {
	// Registered says that the server knows it, Draining that it takes no more calls.
	Registered, Draining bool
	// Limit is how many conversations there may be, Rooms how many of them are in rooms.
	Limit, Rooms int
	// Refused counts jobs.
	Refused uint64
}

// worker asks how the worker stands when the metrics are read.
type worker struct {
	now                                         func() LiveKit
	registered, draining, limit, rooms, refused *prometheus.Desc
}

// WatchLiveKit adds the metrics of a LiveKit worker; now is called for each reading, from
// any goroutine. It fails when they are there already.
func (m *Metrics) WatchLiveKit(now func() LiveKit) error {
	return m.registry.Register(&worker{
		now:        now,
		registered: prometheus.NewDesc("parley_livekit_registered", "1 while the LiveKit server knows this agent, else 0.", nil, nil),
		draining:   prometheus.NewDesc("parley_livekit_draining", "1 once this agent takes no more calls and lets those under way finish, else 0.", nil, nil),
		limit:      prometheus.NewDesc("parley_livekit_limit", "Conversations that may be under way at once.", nil, nil),
		rooms:      prometheus.NewDesc("parley_livekit_rooms", "Conversations under way in rooms.", nil, nil),
		refused:    prometheus.NewDesc("parley_livekit_refused_total", "Jobs that were refused because there was no room for them, or the agent is stopping.", nil, nil),
	})
}

// Describe implements prometheus.Collector.
func (w *worker) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{w.registered, w.draining, w.limit, w.rooms, w.refused} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (w *worker) Collect(ch chan<- prometheus.Metric) {
	now := w.now()
	ch <- prometheus.MustNewConstMetric(w.registered, prometheus.GaugeValue, flag(now.Registered))
	ch <- prometheus.MustNewConstMetric(w.draining, prometheus.GaugeValue, flag(now.Draining))
	ch <- prometheus.MustNewConstMetric(w.limit, prometheus.GaugeValue, float64(now.Limit))
	ch <- prometheus.MustNewConstMetric(w.rooms, prometheus.GaugeValue, float64(now.Rooms))
	ch <- prometheus.MustNewConstMetric(w.refused, prometheus.CounterValue, float64(now.Refused))
}
