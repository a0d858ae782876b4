// Package dashboard makes the Grafana dashboard in deploy/grafana from the metrics that
// the code declares: their names, kinds, labels and help are read from the source, and a
// panel that names what is not there is an error. A metric for which no panel was thought
// of gets one of its own, so that none is missing.
package dashboard

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Kind is what a metric is, in Prometheus' word.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Metric is what the program tells Prometheus.
type Metric struct {
	Name, Help string
	Kind       Kind
	Labels     []string
}

// constructors are client_golang's, by what they make.
func constructors() map[string]Kind {
	return map[string]Kind{
		"NewCounter": Counter, "NewCounterVec": Counter, "NewCounterFunc": Counter,
		"NewGauge": Gauge, "NewGaugeVec": Gauge, "NewGaugeFunc": Gauge,
		"NewHistogram": Histogram, "NewHistogramVec": Histogram,
	}
}

// ofTheClient are metrics that the Go client adds, as far as they are shown.
func ofTheClient() []Metric {
	return []Metric{
		{Name: "go_goroutines", Help: "Number of goroutines that currently exist.", Kind: Gauge},
		{Name: "process_cpu_seconds_total", Help: "Total user and system CPU time spent in seconds.", Kind: Counter},
		{Name: "process_resident_memory_bytes", Help: "Resident memory size in bytes.", Kind: Gauge},
	}
}

// Gather reads all metrics that the Go source below a folder declares, tests left out, and
// adds some that the Go client brings. They come sorted by name. A declaration that cannot
// be read as it stands is an error that names its place.
func Gather(source fs.FS) ([]Metric, error) {
	g := gatherer{files: token.NewFileSet(), kinds: constructors()}
	err := fs.WalkDir(source, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		return g.file(source, name)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the source: %w", err)
	}
	if len(g.wrong) > 0 {
		return nil, errors.Join(g.wrong...)
	}
	found := append(g.found, ofTheClient()...)
	slices.SortFunc(found, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// gatherer reads one file after the other.
type gatherer struct {
	files *token.FileSet
	kinds map[string]Kind
	found []Metric
	wrong []error
}

func (g *gatherer) file(source fs.FS, name string) error {
	text, err := fs.ReadFile(source, name)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), "client_golang/prometheus\"") {
		return nil
	}
	tree, err := parser.ParseFile(g.files, name, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			g.call(call)
		}
		return true
	})
	return nil
}

// call reads a declaration, if it is one.
func (g *gatherer) call(call *ast.CallExpr) {
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	if pkg, ok := function.X.(*ast.Ident); !ok || pkg.Name != "prometheus" {
		return
	}
	var m Metric
	switch kind, ok := g.kinds[function.Sel.Name]; {
	case ok:
		m = Metric{Name: g.field(call, "Name"), Help: g.field(call, "Help"), Kind: kind}
		if strings.HasSuffix(function.Sel.Name, "Vec") {
			m.Labels = g.list(call, 1)
		}
	case function.Sel.Name == "NewDesc":
		m = Metric{Name: g.text(call, call.Args[0]), Help: g.text(call, call.Args[1]), Labels: g.list(call, 2)}
		// Such a metric says what it is only when it is read; its name does, too.
		m.Kind = Gauge
		if strings.HasSuffix(m.Name, "_total") {
			m.Kind = Counter
		}
	default:
		return
	}
	g.found = append(g.found, m)
}

// field is a field of the options, which are the first argument.
func (g *gatherer) field(call *ast.CallExpr, name string) string {
	if options, ok := call.Args[0].(*ast.CompositeLit); ok {
		for _, e := range options.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if key, ok := kv.Key.(*ast.Ident); ok && key.Name == name {
					return g.text(call, kv.Value)
				}
			}
		}
	}
	g.fail(call, "it has no "+name)
	return ""
}

// list is an argument with labels.
func (g *gatherer) list(call *ast.CallExpr, argument int) (labels []string) {
	if argument >= len(call.Args) {
		g.fail(call, "it has no labels")
		return nil
	}
	switch list := call.Args[argument].(type) {
	case *ast.CompositeLit:
		for _, e := range list.Elts {
			labels = append(labels, g.text(call, e))
		}
	case *ast.Ident:
		if list.Name != "nil" {
			g.fail(call, "its labels do not stand there")
		}
	default:
		g.fail(call, "its labels do not stand there")
	}
	return labels
}

func (g *gatherer) text(call *ast.CallExpr, e ast.Expr) string {
	if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		if text, err := strconv.Unquote(literal.Value); err == nil {
			return text
		}
	}
	g.fail(call, "name, help and labels are to stand there as they are")
	return ""
}

func (g *gatherer) fail(call *ast.CallExpr, what string) {
	g.wrong = append(g.wrong, fmt.Errorf("%s: a metric cannot be read: %s", g.files.Position(call.Pos()), what))
}
