package yamltree

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// duration reads a text such as 240ms.
func (d *Reader) duration(n ast.Node, v reflect.Value, tag reflect.StructTag, path string) {
	dur, ok := d.parseDuration(n, path)
	if !ok {
		return
	}
	low, high := durationBounds(tag)
	if (dur < low || dur > high) && !(dur == 0 && optional(tag)) {
		d.Fail(n, path, "%s is not between %s and %s", dur, low, high)
		return
	}
	v.SetInt(int64(dur))
}

// Duration reads a text such as 240ms, for a [Custom] value; 0 when it is wrong.
func (d *Reader) Duration(n ast.Node, path string, low, high time.Duration) time.Duration {
	dur, ok := d.parseDuration(n, path)
	if ok && (dur < low || dur > high) {
		d.Fail(n, path, "%s is not between %s and %s", dur, low, high)
		return 0
	}
	return dur
}

func (d *Reader) parseDuration(n ast.Node, path string) (time.Duration, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		dur, err := time.ParseDuration(n.Value)
		if err == nil {
			return dur, true
		}
	case *ast.IntegerNode:
		if n.Token.Value == "0" {
			return 0, true
		}
		d.Fail(n, path, "the number %[1]s has no unit; write %[1]sms or %[1]ss", n.Token.Value)
		return 0, false
	}
	d.Fail(n, path, "%s is no duration; write it as 240ms, 1.2s or 5m", Kind(n))
	return 0, false
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
func (d *Reader) number(n ast.Node, v reflect.Value, tag reflect.StructTag, path string) {
	_, whole := n.(*ast.IntegerNode)
	_, broken := n.(*ast.FloatNode)
	f, err := strconv.ParseFloat(strings.ReplaceAll(n.GetToken().Value, "_", ""), 64)
	if v.Kind() == reflect.Int && !whole || !whole && !broken || err != nil {
		what := "a number"
		if v.Kind() == reflect.Int {
			what = "a whole number"
		}
		d.Fail(n, path, "%s where %s is needed", Kind(n), what)
		return
	}
	low, high := numberBounds(tag)
	if (f < low || f > high) && !(f == 0 && optional(tag)) {
		d.Fail(n, path, "%s is not between %s and %s", n.GetToken().Value, short(low), short(high))
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
