package dashboard

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// only is the choice of nodes at the head of the dashboard.
const only = `{instance=~"$instance"}`

// rate is how often a counter goes up in a second, by labels.
func rate(metric string, by ...string) string {
	return fmt.Sprintf("sum by (%s) (rate(%s%s[$__rate_interval]))", strings.Join(by, ", "), metric, only)
}

// now is what a gauge says, by labels.
func now(metric string, by ...string) string {
	return fmt.Sprintf("sum by (%s) (%s%s)", strings.Join(by, ", "), metric, only)
}

// quantile is where the given share of a histogram's values lies below, by labels.
func quantile(q, metric string, by ...string) string {
	return fmt.Sprintf("histogram_quantile(%s, %s)", q, rate(metric+"_bucket", append([]string{"le"}, by...)...))
}

// count is how often a histogram was told of something in a second, by labels.
func count(metric string, by ...string) string { return rate(metric+"_count", by...) }

var (
	quotedPattern = regexp.MustCompile(`"[^"]*"`)
	rangePattern  = regexp.MustCompile(`\[[^\]]*\]`)
	byPattern     = regexp.MustCompile(`\b(?:by|without) \(([^)]*)\)`)
	namePattern   = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
	labelPattern  = regexp.MustCompile(`\{[^}]*\}`)
)

// check says what is wrong with a query: a metric that there is not, a label that it has
// not, a suffix that does not suit its kind, or parentheses that do not match. It knows as
// much of PromQL as the panels use.
func check(query string, metrics []Metric) error {
	if strings.Count(query, "(") != strings.Count(query, ")") {
		return fmt.Errorf("%s: its parentheses do not match", query)
	}
	bare := rangePattern.ReplaceAllString(quotedPattern.ReplaceAllString(query, ""), "")
	var labels []string
	for _, m := range byPattern.FindAllStringSubmatch(bare, -1) {
		labels = append(labels, namePattern.FindAllString(m[1], -1)...)
	}
	for _, m := range labelPattern.FindAllString(bare, -1) {
		labels = append(labels, namePattern.FindAllString(m, -1)...)
	}
	bare = labelPattern.ReplaceAllString(byPattern.ReplaceAllString(bare, ""), "")
	known := []string{"instance"}
	named := 0
	for _, at := range namePattern.FindAllStringIndex(bare, -1) {
		name := bare[at[0]:at[1]]
		if rest := strings.TrimLeft(bare[at[1]:], " "); strings.HasPrefix(rest, "(") || name == "sum" || name == "or" {
			continue // a function
		}
		m, suffix := find(name, metrics)
		switch {
		case m == nil:
			return fmt.Errorf("%s: there is no metric %s", query, name)
		case (m.Kind == Histogram) != (suffix != ""):
			return fmt.Errorf("%s: %s is a %s", query, m.Name, m.Kind)
		case suffix == "_bucket":
			known = append(known, "le")
		}
		known = append(known, m.Labels...)
		named++
	}
	if named == 0 {
		return fmt.Errorf("%s: it names no metric", query)
	}
	for _, l := range labels {
		if !slices.Contains(known, l) {
			return fmt.Errorf("%s: there is no label %s", query, l)
		}
	}
	return nil
}

// find is the metric of a series' name, and what the name has beyond the metric's.
func find(series string, metrics []Metric) (*Metric, string) {
	for i := range metrics {
		m := &metrics[i]
		for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
			if m.Name+suffix == series && (suffix == "" || m.Kind == Histogram) {
				return m, suffix
			}
		}
	}
	return nil, ""
}
