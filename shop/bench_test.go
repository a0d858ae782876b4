package shop

import (
	"slices"
	"testing"
	"time"
)

// reportPercentiles adds the median and the 99th percentile, which is what a
// caller notices.
func reportPercentiles(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
