package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// place is where in the file something stands.
type place struct{ line, column int }

// decoder fills the structs from the tree and gathers what is wrong.
type decoder struct {
	file string
	env  func(string) (string, bool)
	errs Errors
	// places are where the values of the paths stand.
	places map[string]place
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[Secret]()
)

func at(n ast.Node) place {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return place{t.Position.Line, t.Position.Column}
	}
	return place{}
}

// fail notes that something is wrong with a node.
func (d *decoder) fail(n ast.Node, path, format string, args ...any) {
	d.failAt(at(n), path, fmt.Sprintf(format, args...))
}

func (d *decoder) failAt(p place, path, message string) {
	if len(d.errs) < maxErrors {
		d.errs = append(d.errs, &Error{File: d.file, Line: p.line, Column: p.column, Path: path, Message: message})
	}
}

// value reads a node into v. tag is that of the field.
func (d *decoder) value(n ast.Node, v reflect.Value, tag reflect.StructTag, path string) {
	d.places[path] = at(n)
	switch n := n.(type) {
	case *ast.NullNode:
		return // a key with nothing behind it says nothing
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		d.fail(n, path, "anchors, aliases and tags are not understood here; write the value out")
		return
	}
	switch {
	case v.Kind() == reflect.Pointer:
		target := reflect.New(v.Type().Elem())
		before := len(d.errs)
		d.value(n, target.Elem(), tag, path)
		if len(d.errs) == before {
			v.Set(target)
		}
	case v.Kind() == reflect.Struct:
		d.mapping(n, v, path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, tag, path)
	case v.Type() == durationType:
		d.duration(n, v, tag, path)
	case v.Type() == secretType:
		d.secret(n, v, path)
	case v.Kind() == reflect.String:
		if s, ok := d.text(n, path); ok && d.checkText(n, s, tag, path) {
			v.SetString(s)
		}
	case v.Kind() == reflect.Bool:
		if b, ok := n.(*ast.BoolNode); ok {
			v.SetBool(b.Value)
		} else {
			d.fail(n, path, "%s where true or false is needed", kind(n))
		}
	case v.Kind() == reflect.Int, v.Kind() == reflect.Float64:
		d.number(n, v, tag, path)
	}
}

// kind names what a node is, for people.
func kind(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode:
		if len(n.Value) > 40 {
			return "a text"
		}
		return strconv.Quote(n.Value)
	case *ast.LiteralNode:
		return "a text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + n.GetToken().Value
	case *ast.BoolNode:
		return n.GetToken().Value
	}
	return "something else"
}

// mapping reads a mapping into a struct.
func (d *decoder) mapping(n ast.Node, v reflect.Value, path string) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		d.fail(n, path, "%s where a mapping is needed, with the keys %s", kind(n), strings.Join(keys(v.Type()), ", "))
		return
	}
	engine := engineOf(pairs, v)
	seen := map[string]bool{}
	for _, pair := range pairs {
		name, ok := keyName(pair.Key)
		if !ok {
			d.fail(pair.Key, path, "a key must be a plain word")
			continue
		}
		field, ok := fieldOf(v.Type(), name)
		below := join(path, name)
		switch {
		case !ok:
			d.fail(pair.Key, path, "unknown key %q%s", name, suggestion(name, keys(v.Type())))
			continue
		case seen[name]:
			d.fail(pair.Key, below, "the key is given twice")
			continue
		}
		seen[name] = true
		if of := field.Tag.Get("engine"); engine != "" && !isFor(of, engine) {
			d.fail(pair.Key, below, "the key belongs to \"engine: %s\"; this is %q", strings.ReplaceAll(of, ",", ", "), engine)
			continue
		}
		d.value(pair.Value, v.FieldByIndex(field.Index), field.Tag, below)
	}
	d.needed(n, v, seen, engine, path)
}

// isFor says whether a tag's list of engines, where there is one, names this one.
func isFor(engines, engine string) bool {
	return engines == "" || slices.Contains(strings.Split(engines, ","), engine)
}

// needed notes the keys that must be there and are not.
func (d *decoder) needed(n ast.Node, v reflect.Value, seen map[string]bool, engine, path string) {
	for field := range fields(v.Type()) {
		name, need := field.Tag.Get("yaml"), field.Tag.Get("need")
		if need == "" || need != "*" && !isFor(need, engine) {
			continue
		}
		if seen[name] {
			if p := join(path, name); empty(v.FieldByIndex(field.Index)) && !d.failedBelow(p) {
				d.failAt(d.places[p], p, "the value is empty; "+field.Tag.Get("doc"))
			}
			continue
		}
		with := ""
		if need != "*" {
			with = fmt.Sprintf(" for \"engine: %s\"", engine)
		}
		d.fail(n, path, "the key %q is missing%s; %s", name, with, field.Tag.Get("doc"))
	}
}

func empty(v reflect.Value) bool {
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

// failedBelow says whether something is wrong already at a path or below it.
func (d *decoder) failedBelow(path string) bool {
	return slices.ContainsFunc(d.errs, func(e *Error) bool { return strings.HasPrefix(e.Path, path) })
}

// engineOf finds which engine a mapping is for, before its other keys are read;
// "" when there is no such engine, which is told elsewhere.
func engineOf(pairs []*ast.MappingValueNode, v reflect.Value) string {
	field, ok := fieldOf(v.Type(), "engine")
	if !ok {
		return ""
	}
	for _, pair := range pairs {
		if name, ok := keyName(pair.Key); ok && name == "engine" {
			s, ok := pair.Value.(*ast.StringNode)
			if !ok || !slices.Contains(strings.Split(field.Tag.Get("enum"), ","), s.Value) {
				return ""
			}
			return s.Value
		}
	}
	return v.FieldByIndex(field.Index).String()
}

func keyName(k ast.MapKeyNode) (string, bool) {
	s, ok := k.(*ast.StringNode)
	if !ok {
		return "", false
	}
	return s.Value, true
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// list reads a sequence into a slice, which it replaces.
func (d *decoder) list(n ast.Node, v reflect.Value, tag reflect.StructTag, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fail(n, path, "%s where a list is needed: [a, b], or a line with \"- \" for each", kind(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), 0, len(seq.Values))
	for i, item := range seq.Values {
		element := reflect.New(v.Type().Elem()).Elem()
		below := fmt.Sprintf("%s[%d]", path, i)
		if _, empty := item.(*ast.NullNode); empty {
			d.fail(item, below, "the entry is empty")
			continue
		}
		d.value(item, element, tag, below)
		out = reflect.Append(out, element)
	}
	v.Set(out)
}

// duration reads a text such as 240ms.
func (d *decoder) duration(n ast.Node, v reflect.Value, tag reflect.StructTag, path string) {
	var dur time.Duration
	switch n := n.(type) {
	case *ast.StringNode:
		var err error
		if dur, err = time.ParseDuration(n.Value); err != nil {
			d.fail(n, path, "%s is no duration; write it as 240ms, 1.2s or 5m", kind(n))
			return
		}
	case *ast.IntegerNode:
		if n.Token.Value != "0" {
			d.fail(n, path, "the number %[1]s has no unit; write %[1]sms or %[1]ss", n.Token.Value)
			return
		}
	default:
		d.fail(n, path, "%s is no duration; write it as 240ms, 1.2s or 5m", kind(n))
		return
	}
	low, high := durationBounds(tag)
	if (dur < low || dur > high) && !(dur == 0 && optional(tag)) {
		d.fail(n, path, "%s is not between %s and %s", dur, low, high)
		return
	}
	v.SetInt(int64(dur))
}

// optional says that 0 stands for "the default" in a field: those of engines,
// whose defaults the engines know.
func optional(tag reflect.StructTag) bool {
	return tag.Get("engine") != "" || strings.Contains(tag.Get("doc"), "0 means")
}

func durationBounds(tag reflect.StructTag) (low, high time.Duration) {
	low, high = 0, math.MaxInt64
	if d, err := time.ParseDuration(tag.Get("min")); err == nil {
		low = d
	}
	if d, err := time.ParseDuration(tag.Get("max")); err == nil {
		high = d
	}
	return low, high
}

// number reads a whole or broken number.
func (d *decoder) number(n ast.Node, v reflect.Value, tag reflect.StructTag, path string) {
	_, whole := n.(*ast.IntegerNode)
	_, broken := n.(*ast.FloatNode)
	f, err := strconv.ParseFloat(strings.ReplaceAll(n.GetToken().Value, "_", ""), 64)
	if v.Kind() == reflect.Int && !whole || !whole && !broken || err != nil {
		what := "a number"
		if v.Kind() == reflect.Int {
			what = "a whole number"
		}
		d.fail(n, path, "%s where %s is needed", kind(n), what)
		return
	}
	low, high := numberBounds(tag)
	if (f < low || f > high) && !(f == 0 && optional(tag)) {
		d.fail(n, path, "%s is not between %s and %s", n.GetToken().Value, short(low), short(high))
		return
	}
	if v.Kind() == reflect.Int {
		v.SetInt(int64(f))
		return
	}
	v.SetFloat(f)
}

func short(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func numberBounds(tag reflect.StructTag) (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	if f, err := strconv.ParseFloat(tag.Get("min"), 64); err == nil {
		low = f
	}
	if f, err := strconv.ParseFloat(tag.Get("max"), 64); err == nil {
		high = f
	}
	return low, high
}
