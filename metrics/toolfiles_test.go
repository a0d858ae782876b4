package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestToolFiles(t *testing.T) {
	m := New(func() int { return 0 })
	now := ToolFiles{Loaded: 22, Broken: 1, Reloads: 5, Failures: 2}
	if err := m.WatchToolFiles(func() ToolFiles { return now }); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
		return w.Body.String()
	}
	out := read()
	for _, line := range []string{
		`parley_tool_files{state="loaded"} 22`, `parley_tool_files{state="broken"} 1`,
		`parley_tool_reloads_total{outcome="ok"} 3`, `parley_tool_reloads_total{outcome="broken"} 2`,
	} {
		if !strings.Contains(out, line+"\n") {
			t.Errorf("no %s in\n%s", line, out)
		}
	}
	now.Broken = 0
	if out := read(); !strings.Contains(out, `parley_tool_files{state="broken"} 0`) {
		t.Error(out)
	}
}
