package dashboard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// How large panels are in Grafana's grid, which is 24 wide.
const (
	gridWidth   = 24
	panelHeight = 8
	abreast     = 3 // panels side by side at most
)

// Make makes the dashboard, as JSON that Grafana imports, of the metrics that there are.
// It fails when a panel names a metric or a label that there is not.
func Make(metrics []Metric) ([]byte, error) {
	var wrong []error
	var panels []any
	id, y := 0, 0
	for _, r := range withRest(rows(), metrics) {
		id++
		panels = append(panels, map[string]any{"id": id, "type": "row", "title": r.title, "collapsed": false, "gridPos": grid(gridWidth, 1, 0, y), "panels": []any{}})
		y++
		width := gridWidth / min(len(r.panels), abreast)
		if len(r.panels)%abreast == 1 && len(r.panels) > 1 {
			width = gridWidth / 2
		}
		x := 0
		for _, p := range r.panels {
			for _, q := range p.queries {
				if err := check(q.expr, metrics); err != nil {
					wrong = append(wrong, fmt.Errorf("panel %q: %w", p.title, err))
				}
			}
			help, ok := helpOf(p.about, metrics)
			if !ok {
				wrong = append(wrong, fmt.Errorf("panel %q: there is no metric %s", p.title, p.about))
			}
			if x+width > gridWidth {
				x, y = 0, y+panelHeight
			}
			id++
			panels = append(panels, p.grafana(id, help, grid(width, panelHeight, x, y)))
			x += width
		}
		y += panelHeight
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(whole(panels)); err != nil {
		return nil, fmt.Errorf("writing the dashboard: %w", err)
	}
	return out.Bytes(), nil
}

// withRest adds a row of the program's metrics that no panel is about.
func withRest(rows []row, metrics []Metric) []row {
	var rest []panel
	for _, m := range metrics {
		about := func(p panel) bool { return p.about == m.Name }
		in := func(r row) bool { return slices.ContainsFunc(r.panels, about) }
		if strings.HasPrefix(m.Name, "parley_") && !slices.ContainsFunc(rows, in) {
			rest = append(rest, plain(m))
		}
	}
	if len(rest) > 0 {
		rows = append(rows, row{"More", rest})
	}
	return rows
}

func helpOf(name string, metrics []Metric) (string, bool) {
	for _, m := range metrics {
		if m.Name == name {
			return m.Help, true
		}
	}
	return "", false
}

func grid(w, h, x, y int) map[string]int { return map[string]int{"w": w, "h": h, "x": x, "y": y} }

func source() map[string]string {
	return map[string]string{"type": "prometheus", "uid": "${datasource}"}
}

// grafana is a panel as Grafana has it.
func (p panel) grafana(id int, help string, at map[string]int) map[string]any {
	var targets []any
	for i, q := range p.queries {
		targets = append(targets, map[string]any{"refId": string(rune('A' + i)), "datasource": source(), "expr": q.expr, "legendFormat": q.legend})
	}
	mode, fill := "none", 0
	if p.stacked {
		mode, fill = "normal", 30
	}
	return map[string]any{
		"id": id, "type": "timeseries", "title": p.title, "description": help, "gridPos": at, "datasource": source(), "targets": targets,
		"fieldConfig": map[string]any{
			"defaults": map[string]any{
				"unit": p.unit, "min": 0,
				"custom": map[string]any{"fillOpacity": fill, "lineWidth": 1, "showPoints": "never", "stacking": map[string]any{"mode": mode, "group": "A"}},
			},
			"overrides": []any{},
		},
		"options": map[string]any{
			"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		},
	}
}

// whole is the dashboard around its panels, with the choice of the source and of nodes.
func whole(panels []any) map[string]any {
	return map[string]any{
		"title": "Parley", "uid": "parley", "tags": []string{"parley", "voice"}, "editable": true, "schemaVersion": 39, "version": 1,
		"time": map[string]string{"from": "now-1h", "to": "now"}, "refresh": "10s", "timezone": "browser",
		"annotations": map[string]any{"list": []any{}}, "panels": panels,
		"templating": map[string]any{"list": []any{
			map[string]any{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
			map[string]any{
				"name": "instance", "label": "Node", "type": "query", "datasource": source(), "query": "label_values(parley_conversations, instance)",
				"definition": "label_values(parley_conversations, instance)", "multi": true, "includeAll": true, "allValue": ".*", "refresh": 2, "sort": 1,
				"current": map[string]any{"text": "All", "value": "$__all"},
			},
		}},
	}
}
