package metrics

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestTheRecordIsMeasured(t *testing.T) {
	m := New(func() int { return 0 })
	now := Record{Waiting: 3, Lag: 1500 * time.Millisecond, Failures: 7, Dropped: 1, TakenUp: 4, Lost: 2}
	if err := m.WatchRecord(func() Record { return now }); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		return w.Body.String()
	}
	body := read()
	for _, want := range []string{
		"parley_record_up 0", "parley_record_waiting 3", "parley_record_lag_seconds 1.5", "parley_record_failures_total 7",
		"parley_record_dropped_total 1", `parley_record_moved_total{how="taken_up"} 4`, `parley_record_moved_total{how="lost"} 2`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	now.Reachable = true
	if !strings.Contains(read(), "parley_record_up 1\n") {
		t.Error("/metrics does not say that the database answers")
	}
}
