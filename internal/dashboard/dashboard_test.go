package dashboard

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"parley/metrics"
	"parley/photo/keep"
)

const file = "../../deploy/grafana/parley.json"

func gathered(t *testing.T) []Metric {
	t.Helper()
	all, err := Gather(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCommittedDashboard(t *testing.T) {
	made, err := Make(gathered(t))
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, committed) {
		t.Error("deploy/grafana/parley.json is not what the metrics make of it: go run ./internal/dashboard/cmd/dashboard")
	}
}

// TestEveryQueryNamesAMetric reads the file as Grafana would.
func TestEveryQueryNamesAMetric(t *testing.T) {
	committed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ W, H, X, Y int }
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(committed, &d); err != nil {
		t.Fatal(err)
	}
	all := gathered(t)
	queries := ""
	ids := make(map[int]bool)
	for i, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the number %d", p.ID)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			queries += q.Expr + "\n"
			if err := check(q.Expr, all); err != nil {
				t.Errorf("panel %q: %v", p.Title, err)
			}
			for _, label := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(q.LegendFormat, -1) {
				if !regexp.MustCompile(`by \([^)]*\b` + label[1] + `\b`).MatchString(q.Expr) {
					t.Errorf("panel %q: the legend %q names a label that %q does not keep", p.Title, q.LegendFormat, q.Expr)
				}
			}
		}
		for _, o := range d.Panels[:i] {
			if a, b := p.GridPos, o.GridPos; a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("panels %q and %q lie over each other", p.Title, o.Title)
			}
		}
	}
	for _, m := range all {
		if !strings.Contains(queries, m.Name) {
			t.Errorf("no panel shows %s", m.Name)
		}
	}
}

// TestGatheredIsRegistered holds what was read from the source against what a program
// with these collectors tells.
func TestGatheredIsRegistered(t *testing.T) {
	m := metrics.New(func() int { return 3 })
	if err := m.WatchToolFiles(func() metrics.ToolFiles { return metrics.ToolFiles{} }); err != nil {
		t.Fatal(err)
	}
	if err := m.Register(keep.New(keep.Options{})); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	told := w.Body.String()
	all := gathered(t)
	for _, f := range regexp.MustCompile(`# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n`).FindAllStringSubmatch(told, -1) {
		if known, _ := find(f[1], all); known == nil {
			if strings.HasPrefix(f[1], "parley_") {
				t.Errorf("%s is not read from the source", f[1])
			}
		} else if string(known.Kind) != f[3] || strings.HasPrefix(f[1], "parley_") && known.Help != f[2] {
			t.Errorf("%+v is told as a %s: %s", known, f[3], f[2])
		}
	}
	labels := regexp.MustCompile(`(\w+)="`)
	for _, line := range regexp.MustCompile(`(?m)^(parley_\w+)(\{.*\})? `).FindAllStringSubmatch(told, -1) {
		known, suffix := find(line[1], all)
		for _, l := range labels.FindAllStringSubmatch(line[2], -1) {
			if known == nil || !slices.Contains(known.Labels, l[1]) && (suffix != "_bucket" || l[1] != "le") {
				t.Errorf("%s has a label that was not read from the source: %s", line[1], l[1])
			}
		}
	}
	for _, name := range []string{"parley_conversations", "parley_time_to_silence_seconds", "parley_photos_bytes", "parley_tool_files", "process_cpu_seconds_total"} {
		if !strings.Contains(told, "# TYPE "+name+" ") {
			t.Errorf("%s was not compared:\n%s", name, told)
		}
	}
}

func TestGather(t *testing.T) {
	source := func(text string) fstest.MapFS {
		return fstest.MapFS{
			"a/a.go":      {Data: []byte("package a\nimport \"github.com/prometheus/client_golang/prometheus\"\n" + text)},
			"a/a_test.go": {Data: []byte("package a\nimport \"github.com/prometheus/client_golang/prometheus\"\nvar y = prometheus.NewGauge(z)")},
			".x/a.go":     {Data: []byte("not Go, and client_golang/prometheus\"")},
		}
	}
	all, err := Gather(source(`var x = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "parley_x_seconds", Help: "X."}, []string{"b", "a"})
var y = prometheus.NewDesc("parley_y_total", "Y.", nil, nil)`))
	if err != nil || len(all) != 2+len(ofTheClient()) {
		t.Fatalf("%v, %v", all, err)
	}
	if m, _ := find("parley_x_seconds_bucket", all); m == nil || m.Kind != Histogram || !slices.Equal(m.Labels, []string{"b", "a"}) {
		t.Errorf("%+v", m)
	}
	if m, _ := find("parley_y_total", all); m == nil || m.Kind != Counter {
		t.Errorf("%+v", m)
	}
	for _, bad := range []string{
		`var x = prometheus.NewGauge(options)`, `var x = prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: "H."})`,
		`var x = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "n", Help: "H."}, labels)`,
	} {
		if _, err := Gather(source(bad)); err == nil || !strings.Contains(err.Error(), "a/a.go:3") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestCheck(t *testing.T) {
	all := []Metric{{Name: "parley_h_seconds", Kind: Histogram, Labels: []string{"stage"}}, {Name: "parley_c_total", Kind: Counter, Labels: []string{"cause"}}}
	for _, good := range []string{
		quantile("0.5", "parley_h_seconds", "stage"), rate("parley_c_total", "instance", "cause"),
		`rate(parley_c_total{cause="done"}[5m]) / rate(parley_h_seconds_count[5m])`,
	} {
		if err := check(good, all); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{
		`rate(parley_d_total[5m])`, `sum by (room) (parley_c_total)`, `rate(parley_c_total{room="x"}[5m])`, `rate(parley_h_seconds[5m])`,
		`rate(parley_c_total_bucket[5m])`, `rate(parley_c_total[5m]`, `1`, `sum by (le) (parley_c_total)`,
	} {
		if err := check(bad, all); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestNewMetricsAreShown: a metric that nobody thought of has a panel.
func TestNewMetricsAreShown(t *testing.T) {
	all := append(gathered(t), Metric{Name: "parley_new_seconds", Help: "New.", Kind: Histogram, Labels: []string{"way"}})
	made, err := Make(all)
	if err != nil || !strings.Contains(string(made), `histogram_quantile(0.95, sum by (le, instance, way) (rate(parley_new_seconds_bucket`) {
		t.Errorf("%v\n%s", err, made)
	}
	if _, err := Make(all[:1]); err == nil {
		t.Error("panels without metrics are made")
	}
}
