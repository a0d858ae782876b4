package yamltree

import (
	"iter"
	"reflect"
)

// Fields gives the fields of a struct that are keys, in order.
func Fields(t reflect.Type) iter.Seq[reflect.StructField] {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.Tag.Get("yaml") != "" && !yield(f) {
				return
			}
		}
	}
}

// FieldOf finds the field of a key.
func FieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for f := range Fields(t) {
		if f.Tag.Get("yaml") == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// keys lists the keys of a struct, in order.
func keys(t reflect.Type) []string {
	var out []string
	for f := range Fields(t) {
		out = append(out, f.Tag.Get("yaml"))
	}
	return out
}
