package file

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/goccy/go-yaml/ast"

	"parley/internal/yamltree"
	"parley/tools"
	"parley/tools/template"
)

// with are the arguments that the file supplies.
type with struct {
	values map[string]any // a text is a template.Template
	texts  []text
}

// ReadYAML takes names and plain values.
func (w *with) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	w.values = map[string]any{}
	r.EachPair(n, path, "names and values, such as customer_id: \"{{ caller.customer_id }}\"", func(name string, _, value ast.Node, below string) {
		switch v := value.(type) {
		case *ast.BoolNode:
			w.values[name] = v.Value
		case *ast.IntegerNode:
			w.values[name] = v.Value
		case *ast.FloatNode:
			w.values[name] = v.Value
		case *ast.StringNode, *ast.LiteralNode:
			s, _ := r.Text(value, below)
			t, err := template.Parse(s)
			if err != nil {
				r.Fail(value, below, "%v", err)
				return
			}
			w.values[name] = t
			w.texts = append(w.texts, text{s, below})
		default:
			r.Fail(value, below, "%s where a text, a number, true or false is needed", yamltree.Kind(value))
		}
	})
}

// YAMLSchema is that of names and plain values.
func (w *with) YAMLSchema() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": map[string]any{"type": []string{"string", "number", "boolean"}}}
}

// wrap has the values join the arguments, and win over them, when the arguments have
// passed their check.
func (w *with) wrap(run tools.Run) tools.Run {
	if len(w.values) == 0 {
		return run
	}
	return func(ctx context.Context, call tools.Call) (any, error) {
		var args map[string]json.RawMessage
		if err := json.Unmarshal(call.Arguments, &args); err != nil {
			return nil, fmt.Errorf("reading the arguments of %s: %w", call.Name, err)
		}
		if args == nil {
			args = map[string]json.RawMessage{}
		}
		added := make(map[string]json.RawMessage, len(w.values))
		for name, value := range w.values {
			if t, ok := value.(template.Template); ok {
				said, err := t.Expand(call, nil)
				if err != nil {
					return nil, err
				}
				value = said
			}
			raw, err := json.Marshal(value)
			if err != nil {
				return nil, fmt.Errorf("writing the argument %s of %s: %w", name, call.Name, err)
			}
			added[name] = raw
		}
		maps.Copy(args, added)
		merged, err := json.Marshal(args)
		if err != nil {
			return nil, fmt.Errorf("writing the arguments of %s: %w", call.Name, err)
		}
		call.Arguments = merged
		return run(ctx, call)
	}
}
