package yamltree

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing that is wrong in a file.
type Error struct {
	File string
	// Line and Column count from 1; 0 means the file as a whole.
	Line, Column int
	// Path is the place in the document: "llm[0].model".
	Path string
	// Message says what is wrong and what would be right.
	Message string
}

// Error is "FILE:LINE:COLUMN: PATH: MESSAGE".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	b.WriteString(": ")
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// Errors is all that is wrong in a file, in the order of the file.
type Errors []*Error

// Error is one line for each error.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the single errors to errors.As.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// Sorted puts the errors in the order of the file, in place.
func (es Errors) Sorted() Errors {
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return es
}

// Suggestion is `; did you mean "…"?` for the closest of some words, or what
// there is to choose from when none is close.
func Suggestion(got string, words []string) string {
	best, distance := "", 1+max(1, len(got)/3)
	for _, w := range words {
		if d := editDistance(strings.ToLower(got), w, distance); d < distance {
			best, distance = w, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	if len(words) == 0 {
		return ""
	}
	return "; possible: " + strings.Join(words, ", ")
}

// editDistance counts the insertions, deletions, replacements and swaps of
// neighbours that make b from a (optimal string alignment); bound or more is
// returned as bound.
func editDistance(a, b string, bound int) int {
	if len(a) > len(b)+bound || len(b) > len(a)+bound {
		return bound
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], bound)
}
