package metrics

import "github.com/prometheus/client_golang/prometheus"

// ToolFiles is how the tool files stand.
type ToolFiles struct {
	// Loaded tools and Broken files there are now.
	Loaded, Broken int
	// Reloads counts the changes taken up, and Failures those after which something was
	// broken.
	Reloads, Failures uint64
}

// toolFiles asks how the tool files stand when the metrics are read.
type toolFiles struct {
	now            func() ToolFiles
	files, reloads *prometheus.Desc
}

// WatchToolFiles adds the metrics of tool files; now is called for each reading, from
// any goroutine. It fails when they are there already.
func (m *Metrics) WatchToolFiles(now func() ToolFiles) error {
	return m.registry.Register(&toolFiles{
		now:     now,
		files:   prometheus.NewDesc("parley_tool_files", "Tools that are loaded, and tool files that are broken.", []string{"state"}, nil),
		reloads: prometheus.NewDesc("parley_tool_reloads_total", "Changes of tool files by what came of them: ok, or broken when any file was then.", []string{"outcome"}, nil),
	})
}

// Describe implements prometheus.Collector.
func (t *toolFiles) Describe(ch chan<- *prometheus.Desc) {
	ch <- t.files
	ch <- t.reloads
}

// Collect implements prometheus.Collector.
func (t *toolFiles) Collect(ch chan<- prometheus.Metric) {
	now := t.now()
	ch <- prometheus.MustNewConstMetric(t.files, prometheus.GaugeValue, float64(now.Loaded), "loaded")
	ch <- prometheus.MustNewConstMetric(t.files, prometheus.GaugeValue, float64(now.Broken), "broken")
	ch <- prometheus.MustNewConstMetric(t.reloads, prometheus.CounterValue, float64(now.Reloads-now.Failures), "ok")
	ch <- prometheus.MustNewConstMetric(t.reloads, prometheus.CounterValue, float64(now.Failures), "broken")
}
