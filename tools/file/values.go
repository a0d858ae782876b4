package file

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"parley/internal/yamltree"
	"parley/tools"
)

// anything is a JSON value, with where its parts stand.
type anything struct {
	value any
	// texts are the texts in it, for templates and references.
	texts []text
}

// text is a text of the file.
type text struct {
	value, path string
}

// ReadYAML takes any value that JSON can hold.
func (a *anything) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	a.value = a.read(r, n, path)
}

// YAMLSchema takes anything.
func (a *anything) YAMLSchema() map[string]any { return map[string]any{} }

func (a *anything) read(r *yamltree.Reader, n ast.Node, path string) any {
	r.Note(path, n)
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode:
		return n.Value
	case *ast.FloatNode:
		return n.Value
	case *ast.StringNode, *ast.LiteralNode:
		s, _ := r.Text(n, path)
		a.texts = append(a.texts, text{s, path})
		return s
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, v := range n.Values {
			list[i] = a.read(r, v, fmt.Sprintf("%s[%d]", path, i))
		}
		return list
	case *ast.MappingNode, *ast.MappingValueNode:
		object := map[string]any{}
		r.EachPair(n, path, "keys and values", func(name string, _, value ast.Node, below string) {
			object[name] = a.read(r, value, below)
		})
		return object
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		r.FailAlias(n, path)
	default:
		r.Fail(n, path, "%s is nothing that JSON can hold", yamltree.Kind(n))
	}
	return nil
}

// condition is a CEL expression.
type condition struct {
	source   string
	compiled tools.Condition
}

// ReadYAML takes an expression and finds what is wrong with it.
func (c *condition) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	source, ok := r.Text(n, path)
	if !ok {
		return
	}
	c.source = source
	compiled, faults := tools.CheckCondition(source)
	c.compiled = compiled
	for _, fault := range faults {
		at := yamltree.At(n)
		if s, ok := n.(*ast.StringNode); ok && fault.Line == 1 {
			at.Column += fault.Column
			if at != yamltree.At(n) && quoted(s) {
				at.Column++
			}
		} else if !ok {
			at.Line += fault.Line // the text of a block begins on the line below
			at.Column = 1
		}
		r.FailAt(at, path, "no condition: "+fault.Message+"; write CEL such as caller.verified && args.amount <= 100")
	}
}

// quoted says whether a text stands in quotes.
func quoted(n *ast.StringNode) bool {
	return strings.HasPrefix(strings.TrimSpace(n.Token.Origin), `"`) || strings.HasPrefix(strings.TrimSpace(n.Token.Origin), "'")
}

// YAMLSchema is that of a text.
func (c *condition) YAMLSchema() map[string]any { return map[string]any{"type": "string"} }
