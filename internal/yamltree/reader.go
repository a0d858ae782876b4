package yamltree

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Place is where in the file something stands; both count from 1.
type Place struct{ Line, Column int }

// Reader fills structs from the tree of one file and gathers what is wrong. It is
// for one goroutine.
type Reader struct {
	file string
	o    Options
	errs Errors
	// places are where the values of the paths stand.
	places map[string]Place
}

// Options set a [Reader] up. All may be left out.
type Options struct {
	// Env looks up what texts refer to as ${NAME}; without it texts are left as they
	// are.
	Env func(string) (string, bool)
	// Complain checks the shape of a text whose field has the tag check: what is wrong
	// with it, or "". In the complaint the text appears as shown.
	Complain func(check, text, shown string) string
	// MaxBytes bounds a file. 0 means 64 KiB: the parser takes time by the square of
	// the number of keys (0.2 s for 64 KiB of nothing but short ones).
	MaxBytes int
	// Thing is what a file is, for errors: "config".
	Thing string
}

// Custom is a value that reads itself and says what it may be.
type Custom interface {
	// ReadYAML takes the value from a node; what is wrong it tells the reader.
	ReadYAML(r *Reader, n ast.Node, path string)
	// YAMLSchema is the JSON Schema of the value.
	YAMLSchema() map[string]any
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	customType   = reflect.TypeFor[Custom]()
)

// New makes a reader for a file; the name stands in its errors.
func New(file string, o Options) *Reader {
	return &Reader{file: file, o: o, places: map[string]Place{}}
}

// Errors is what has been found wrong so far, in the order of the file; nil when
// nothing was.
func (d *Reader) Errors() Errors { return d.errs.Sorted() }

// Read fills a struct, to which into points, from the tree of a file.
func (d *Reader) Read(root ast.Node, into any) {
	d.value(root, reflect.ValueOf(into).Elem(), "", "")
}

// File is the name that stands in errors.
func (d *Reader) File() string { return d.file }

// Note keeps where the value of a path stands, for a [Custom] value.
func (d *Reader) Note(path string, n ast.Node) { d.places[path] = At(n) }

// Given says whether the file has a value at a path.
func (d *Reader) Given(path string) bool { _, ok := d.places[path]; return ok }

// Place is where a path stands in the file, or the closest thing above it.
func (d *Reader) Place(path string) Place {
	for p := path; p != ""; p = parent(p) {
		if at, ok := d.places[p]; ok {
			return at
		}
	}
	return d.places[""]
}

// parent is the path above a path.
func parent(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}
	return ""
}

// At is where a node stands.
func At(n ast.Node) Place {
	// The library puts a block mapping where its first colon is.
	switch m := n.(type) {
	case *ast.MappingValueNode:
		return At(m.Key)
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return At(m.Values[0].Key)
		}
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return Place{t.Position.Line, t.Position.Column}
	}
	return Place{}
}

// Fail notes that something is wrong with a node.
func (d *Reader) Fail(n ast.Node, path, format string, args ...any) {
	d.FailAt(At(n), path, fmt.Sprintf(format, args...))
}

// FailAt notes that something is wrong at a place.
func (d *Reader) FailAt(p Place, path, message string) {
	if len(d.errs) < MaxErrors {
		d.errs = append(d.errs, &Error{File: d.file, Line: p.Line, Column: p.Column, Path: path, Message: message})
	}
}

// value reads a node into v. tag is that of the field.
func (d *Reader) value(n ast.Node, v reflect.Value, tag reflect.StructTag, path string) {
	d.places[path] = At(n)
	switch n := n.(type) {
	case *ast.NullNode:
		return // a key with nothing behind it says nothing
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		d.FailAlias(n, path)
		return
	}
	switch {
	case v.CanAddr() && v.Addr().Type().Implements(customType):
		if c, ok := reflect.TypeAssert[Custom](v.Addr()); ok {
			c.ReadYAML(d, n, path)
		}
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
	case v.Kind() == reflect.Map:
		d.table(n, v, tag, path)
	case v.Type() == durationType:
		d.duration(n, v, tag, path)
	case v.Kind() == reflect.String:
		if s, ok := d.Text(n, path); ok && d.checkText(n, s, tag, path) {
			v.SetString(s)
		}
	case v.Kind() == reflect.Bool:
		if b, ok := n.(*ast.BoolNode); ok {
			v.SetBool(b.Value)
		} else {
			d.Fail(n, path, "%s where true or false is needed", Kind(n))
		}
	case v.Kind() == reflect.Int, v.Kind() == reflect.Float64:
		d.number(n, v, tag, path)
	}
}

// Kind names what a node is, for people.
func Kind(n ast.Node) string {
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
func (d *Reader) mapping(n ast.Node, v reflect.Value, path string) {
	pairs, ok := Pairs(n)
	if !ok {
		d.Fail(n, path, "%s where a mapping is needed, with the keys %s", Kind(n), strings.Join(keys(v.Type()), ", "))
		return
	}
	engine := engineOf(pairs, v)
	seen := map[string]bool{}
	for _, pair := range pairs {
		name, ok := KeyName(pair.Key)
		if !ok {
			d.Fail(pair.Key, path, "a key must be a plain word")
			continue
		}
		field, ok := FieldOf(v.Type(), name)
		below := Join(path, name)
		switch {
		case !ok:
			d.Fail(pair.Key, path, "unknown key %q%s", name, Suggestion(name, keys(v.Type())))
			continue
		case seen[name]:
			d.Fail(pair.Key, below, "the key is given twice")
			continue
		}
		seen[name] = true
		if of := field.Tag.Get("engine"); engine != "" && !IsFor(of, engine) {
			d.Fail(pair.Key, below, "the key belongs to \"engine: %s\"; this is %q", strings.ReplaceAll(of, ",", ", "), engine)
			continue
		}
		d.value(pair.Value, v.FieldByIndex(field.Index), field.Tag, below)
	}
	d.needed(n, v, seen, engine, path)
}

// Pairs are the keys and values of a mapping; false when the node is none.
func Pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// IsFor says whether a tag's list of engines, where there is one, names this one.
func IsFor(engines, engine string) bool {
	return engines == "" || slices.Contains(strings.Split(engines, ","), engine)
}

// needed notes the keys that must be there and are not.
func (d *Reader) needed(n ast.Node, v reflect.Value, seen map[string]bool, engine, path string) {
	for field := range Fields(v.Type()) {
		name, need := field.Tag.Get("yaml"), field.Tag.Get("need")
		if need == "" || need != "*" && !IsFor(need, engine) {
			continue
		}
		if seen[name] {
			if p := Join(path, name); empty(v.FieldByIndex(field.Index)) && !d.failedBelow(p) {
				d.FailAt(d.places[p], p, "the value is empty; "+field.Tag.Get("doc"))
			}
			continue
		}
		with := ""
		if need != "*" {
			with = fmt.Sprintf(" for \"engine: %s\"", engine)
		}
		d.Fail(n, path, "the key %q is missing%s; %s", name, with, field.Tag.Get("doc"))
	}
}

func empty(v reflect.Value) bool {
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

// failedBelow says whether something is wrong already at a path or below it.
func (d *Reader) failedBelow(path string) bool {
	return slices.ContainsFunc(d.errs, func(e *Error) bool { return strings.HasPrefix(e.Path, path) })
}

// engineOf finds which engine a mapping is for, before its other keys are read;
// "" when there is no such engine, which is told elsewhere.
func engineOf(pairs []*ast.MappingValueNode, v reflect.Value) string {
	field, ok := FieldOf(v.Type(), "engine")
	if !ok {
		return ""
	}
	for _, pair := range pairs {
		if name, ok := KeyName(pair.Key); ok && name == "engine" {
			s, ok := pair.Value.(*ast.StringNode)
			if !ok || !slices.Contains(strings.Split(field.Tag.Get("enum"), ","), s.Value) {
				return ""
			}
			return s.Value
		}
	}
	return v.FieldByIndex(field.Index).String()
}

// KeyName is the word that a key is; false for anything else, such as a number.
func KeyName(k ast.MapKeyNode) (string, bool) {
	s, ok := k.(*ast.StringNode)
	if !ok {
		return "", false
	}
	return s.Value, true
}

// Join is the path of a name below a path.
func Join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// table reads a mapping with keys of the file's own into a map; one without
// keys leaves it nil.
func (d *Reader) table(n ast.Node, v reflect.Value, tag reflect.StructTag, path string) {
	out := reflect.MakeMap(v.Type())
	d.EachPair(n, path, "names and values", func(name string, _, value ast.Node, below string) {
		if _, empty := value.(*ast.NullNode); empty {
			d.Fail(value, below, "the value is empty")
			return
		}
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(value, element, tag, below)
		out.SetMapIndex(reflect.ValueOf(name), element)
	})
	if out.Len() > 0 {
		v.Set(out)
	}
}

// EachPair hands on each key and value of a mapping whose keys the file names
// itself; of a key that is given twice, the first. with says what the mapping
// holds, for errors.
func (d *Reader) EachPair(n ast.Node, path, with string, do func(name string, key, value ast.Node, path string)) {
	d.places[path] = At(n)
	pairs, ok := Pairs(n)
	if !ok {
		d.Fail(n, path, "%s where a mapping is needed, with %s", Kind(n), with)
		return
	}
	seen := map[string]bool{}
	for _, pair := range pairs {
		name, ok := KeyName(pair.Key)
		below := Join(path, name)
		switch {
		case isAlias(pair.Key):
			d.FailAlias(pair.Key, path)
		case !ok:
			d.Fail(pair.Key, path, "%s as a key; put it in quotes", Kind(pair.Key))
		case seen[name]:
			d.Fail(pair.Key, below, "the key is given twice")
		default:
			seen[name] = true
			d.places[below] = At(pair.Value)
			if isAlias(pair.Value) {
				d.FailAlias(pair.Value, below)
				continue
			}
			do(name, pair.Key, pair.Value, below)
		}
	}
}

func isAlias(n ast.Node) bool {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return true
	}
	return false
}

// FailAlias refuses what makes YAML grow without a bound.
func (d *Reader) FailAlias(n ast.Node, path string) {
	d.Fail(n, path, "anchors, aliases and tags are not understood here; write the value out")
}

// list reads a sequence into a slice, which it replaces.
func (d *Reader) list(n ast.Node, v reflect.Value, tag reflect.StructTag, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.Fail(n, path, "%s where a list is needed: [a, b], or a line with \"- \" for each", Kind(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), 0, len(seq.Values))
	for i, item := range seq.Values {
		element := reflect.New(v.Type().Elem()).Elem()
		below := fmt.Sprintf("%s[%d]", path, i)
		if _, empty := item.(*ast.NullNode); empty {
			d.Fail(item, below, "the entry is empty")
			continue
		}
		d.value(item, element, tag, below)
		out = reflect.Append(out, element)
	}
	v.Set(out)
}
