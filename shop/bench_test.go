package shop

import (
	"slices"
	"testing"
	"time"
)

// reportP99 adds the 99th percentile, which is what a caller notices.
func reportP99(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
