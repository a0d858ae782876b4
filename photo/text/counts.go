package text

import "github.com/prometheus/client_golang/prometheus"

// counts are the reader's metrics.
type counts struct{ photos *prometheus.CounterVec }

func newCounts() counts {
	return counts{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "parley_photos_read_total", Help: "Photos whose text was looked for, by what came of it: text, nothing, busy (there were too many) or failed.",
	}, []string{"outcome"})}
}

func (c counts) done(outcome string) { c.photos.WithLabelValues(outcome).Inc() }

// Describe implements prometheus.Collector.
func (r *Reader) Describe(ch chan<- *prometheus.Desc) { r.counts.photos.Describe(ch) }

// Collect implements prometheus.Collector.
func (r *Reader) Collect(ch chan<- prometheus.Metric) { r.counts.photos.Collect(ch) }
