package yamltree

import (
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Text reads a string and puts the environment in, if the reader has one.
func (d *Reader) Text(n ast.Node, path string) (string, bool) {
	var s string
	switch n := n.(type) {
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		d.Fail(n, path, "%s where a text is needed; put it in quotes: %q", Kind(n), n.GetToken().Value)
		return "", false
	default:
		d.Fail(n, path, "%s where a text is needed", Kind(n))
		return "", false
	}
	if d.o.Env == nil {
		return s, true
	}
	return d.Expand(n, s, path)
}

// Expand puts environment variables in for ${NAME}. "$${" stands for "${".
func (d *Reader) Expand(n ast.Node, s, path string) (string, bool) {
	var b strings.Builder
	good := true
	for {
		before, rest, found := strings.Cut(s, "${")
		if !found {
			b.WriteString(s)
			return b.String(), good
		}
		if strings.HasSuffix(before, "$") {
			b.WriteString(before[:len(before)-1] + "${")
			s = rest
			continue
		}
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			d.Fail(n, path, "${ without a closing }")
			return "", false
		}
		if !IsName(name) {
			d.Fail(n, path, "${%s}: the name of an environment variable is letters, digits and _", name)
			return "", false
		}
		value, set := d.o.Env(name)
		if !set {
			d.Fail(n, path, "the environment variable %s is not set", name)
			good = false
		}
		b.WriteString(value)
		s = after
	}
}

// IsName says whether a text can be the name of an environment variable.
func IsName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// checkText checks a string against the tag of its field.
func (d *Reader) checkText(n ast.Node, s string, tag reflect.StructTag, path string) bool {
	if enum := tag.Get("enum"); enum != "" {
		words := strings.Split(enum, ",")
		if slices.Contains(words, s) {
			return true
		}
		d.Fail(n, path, "%s is not possible%s", Kind(n), Suggestion(Raw(n), words))
		return false
	}
	if s == "" {
		return true // what must not be empty says so with need
	}
	if check := tag.Get("check"); check != "" && d.o.Complain != nil {
		if complaint := d.o.Complain(check, s, Raw(n)); complaint != "" {
			d.Fail(n, path, "%s", complaint)
			return false
		}
	}
	return true
}

// Raw is a text as it stands in the file, without the environment put in: what
// comes from there may be secret and is not repeated in errors.
func Raw(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	}
	return ""
}
