package keep

import "github.com/prometheus/client_golang/prometheus"

// counts are the folder's metrics.
type counts struct {
	photos *prometheus.CounterVec
	bytes  prometheus.Gauge
}

func newCounts() counts {
	return counts{
		photos: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_photos_kept_total", Help: "Photos that shoppers sent, by what became of them: kept or failed. A sweep that fails counts as one that failed.",
		}, []string{"outcome"}),
		bytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "parley_photos_bytes", Help: "Bytes of kept photos, as of the last sweep.",
		}),
	}
}

func (c counts) kept()        { c.photos.WithLabelValues("kept").Inc() }
func (c counts) failed()      { c.photos.WithLabelValues("failed").Inc() }
func (c counts) size(n int64) { c.bytes.Set(float64(n)) }

// Describe implements prometheus.Collector.
func (f *Folder) Describe(ch chan<- *prometheus.Desc) {
	f.counts.photos.Describe(ch)
	f.counts.bytes.Describe(ch)
}

// Collect implements prometheus.Collector.
func (f *Folder) Collect(ch chan<- prometheus.Metric) {
	f.counts.photos.Collect(ch)
	f.counts.bytes.Collect(ch)
}
