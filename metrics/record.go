package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Record is how the record of conversations stands.
type Record struct {
	// Waiting conversations are not written yet, the first of them for Lag.
	Waiting int
	Lag     time.Duration
	// Reachable says that the database has answered last.
	Reachable bool
	// Failures counts tries at the database that failed, Dropped what was never written,
	// TakenUp the conversations taken up from other servers, and Lost those that others
	// took up.
	Failures, Dropped, TakenUp, Lost uint64
}

// recorded asks how the record stands when the metrics are read.
type recorded struct {
	now                               func() Record
	up, waiting, lag, failures, moved *prometheus.Desc
	dropped                           *prometheus.Desc
}

// WatchRecord adds the metrics of the record of conversations; now is called for each
// reading, from any goroutine. It fails when they are there already.
func (m *Metrics) WatchRecord(now func() Record) error {
	return m.registry.Register(&recorded{
		now:      now,
		up:       prometheus.NewDesc("parley_record_up", "1 while the record's database answers, else 0. Conversations go on without it, writes wait.", nil, nil),
		waiting:  prometheus.NewDesc("parley_record_waiting", "Conversations that have changed and are not recorded yet.", nil, nil),
		lag:      prometheus.NewDesc("parley_record_lag_seconds", "How long the first of them has waited.", nil, nil),
		failures: prometheus.NewDesc("parley_record_failures_total", "Tries at the record's database that failed.", nil, nil),
		dropped:  prometheus.NewDesc("parley_record_dropped_total", "Conversations that had ended and were never recorded, because too many waited.", nil, nil),
		moved:    prometheus.NewDesc("parley_record_moved_total", "Conversations that went from one server to another: taken_up by this one, or lost to another.", []string{"how"}, nil),
	})
}

// Describe implements prometheus.Collector.
func (r *recorded) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{r.up, r.waiting, r.lag, r.failures, r.dropped, r.moved} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (r *recorded) Collect(ch chan<- prometheus.Metric) {
	now := r.now()
	ch <- prometheus.MustNewConstMetric(r.up, prometheus.GaugeValue, flag(now.Reachable))
	ch <- prometheus.MustNewConstMetric(r.waiting, prometheus.GaugeValue, float64(now.Waiting))
	ch <- prometheus.MustNewConstMetric(r.lag, prometheus.GaugeValue, now.Lag.Seconds())
	ch <- prometheus.MustNewConstMetric(r.failures, prometheus.CounterValue, float64(now.Failures))
	ch <- prometheus.MustNewConstMetric(r.dropped, prometheus.CounterValue, float64(now.Dropped))
	ch <- prometheus.MustNewConstMetric(r.moved, prometheus.CounterValue, float64(now.TakenUp), "taken_up")
	ch <- prometheus.MustNewConstMetric(r.moved, prometheus.CounterValue, float64(now.Lost), "lost")
}
