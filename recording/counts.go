package recording

import "github.com/prometheus/client_golang/prometheus"

// counts are the folder's metrics.
type counts struct{ turns *prometheus.CounterVec }

func newCounts() counts {
	return counts{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "parley_recorded_turns_total", Help: "Turns of calls that were to be recorded, by what became of them: kept or lost.",
	}, []string{"outcome"})}
}

func (c counts) kept() { c.turns.WithLabelValues("kept").Inc() }
func (c counts) lost() { c.turns.WithLabelValues("lost").Inc() }

// Describe implements prometheus.Collector.
func (f *Folder) Describe(ch chan<- *prometheus.Desc) { f.counts.turns.Describe(ch) }

// Collect implements prometheus.Collector.
func (f *Folder) Collect(ch chan<- prometheus.Metric) { f.counts.turns.Collect(ch) }
