package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"parley/shop"
	"parley/tools"
)

// compareCall compares what came of a call with what was to come. A failure that
// is no refusal is ours, and an error.
func (r *replay) compareCall(where string, want goldCall, got tools.Result, err error) error {
	refusal, refused := errors.AsType[*tools.Error](err)
	switch {
	case err != nil && !refused:
		return fmt.Errorf("%s: %w", where, err)
	case refused && want.Error == nil:
		r.differ(where, "error", nil, refusal.Message)
	case refused && *want.Error != refusal.Message:
		r.differ(where, "error", *want.Error, refusal.Message)
	case refused:
	case want.Error != nil:
		r.differ(where, "error", *want.Error, nil)
	default:
		var value any
		if err := json.Unmarshal(got.JSON, &value); err != nil {
			return fmt.Errorf("%s: reading the result: %w", where, err)
		}
		r.compare(where, "result", want.Result, value)
	}
	return nil
}

// compareRows compares the rows that changed since the store was imported. A row
// that is gone counts as false, which no row is.
func (r *replay) compareRows(where string, want map[string]map[string]any, changed shop.Changes) error {
	for _, of := range []struct {
		kind string
		rows map[string]json.RawMessage
	}{{"products", changed.Products}, {"users", changed.Users}, {"orders", changed.Orders}} {
		got := make(map[string]any, len(of.rows))
		for id, row := range of.rows {
			var value any
			if err := json.Unmarshal(row, &value); err != nil {
				return fmt.Errorf("%s: reading row %s: %w", where, id, err)
			}
			if value == nil {
				value = false
			}
			got[id] = value
		}
		expected := make(map[string]any, len(want[of.kind]))
		maps.Copy(expected, want[of.kind])
		r.compare(where, "changed."+of.kind, expected, got)
	}
	return nil
}

// differ prints a difference.
func (r *replay) differ(where, path string, want, got any) {
	r.differences++
	fmt.Fprintf(r.out, "%s: %s: want %s, got %s\n", where, path, short(want), short(got))
}

func short(v any) string {
	if v == nil {
		return "nothing"
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	const most = 200
	if len(raw) > most {
		return string(bytes.ToValidUTF8(raw[:most], nil)) + "…"
	}
	return string(raw)
}

// compare prints each place in which two JSON values differ: null and nothing are
// the same, numbers are compared at two decimals, the order of keys does not
// matter.
func (r *replay) compare(where, path string, want, got any) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		keys := maps.Clone(w)
		maps.Copy(keys, g)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			r.compare(where, path+"."+key, w[key], g[key])
		}
		return
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		for i := range w {
			r.compare(where, fmt.Sprintf("%s[%d]", path, i), w[i], g[i])
		}
		return
	case float64:
		if g, ok := got.(float64); ok && math.Round(w*100) == math.Round(g*100) {
			return
		}
	case nil:
		if got == nil {
			return
		}
	default: // text, true, false
		if want == got {
			return
		}
	}
	r.differ(where, path, want, got)
}
