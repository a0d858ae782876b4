package yamltree

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

const (
	// maxBytes bounds a file whose reader names no bound.
	maxBytes = 64 << 10
	// maxDepth bounds how deep brackets nest before the file is parsed, because
	// the parser recurses. Ours need about ten.
	maxDepth = 50
	// MaxErrors bounds how many errors of a file are told at once.
	MaxErrors = 50
)

// Parse makes the tree of the file; nil when it is empty or no YAML.
func (d *Reader) Parse(data []byte) ast.Node {
	if most := cmp.Or(d.o.MaxBytes, maxBytes); len(data) > most {
		d.errs = append(d.errs, &Error{File: d.file, Message: fmt.Sprintf("over %d bytes, which no %s needs", most, d.thing())})
		return nil
	}
	if !utf8.Valid(data) {
		d.errs = append(d.errs, notUTF8(d.file, data))
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors begin with a byte order mark
	if i := tooDeep(data); i >= 0 {
		line := 1 + strings.Count(string(data[:i]), "\n")
		d.errs = append(d.errs, &Error{File: d.file, Line: line, Column: i - strings.LastIndex(string(data[:i]), "\n"), Message: "nested too deep"})
		return nil
	}
	// The tree is read by our own code: the library's decoder stops at the first
	// error, expands aliases without a bound, and takes a number for a duration.
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		e := &Error{File: d.file, Message: err.Error()}
		if y, ok := errors.AsType[yaml.Error](err); ok {
			e.Message = y.GetMessage()
			if t := y.GetToken(); t != nil && t.Position != nil {
				e.Line, e.Column = t.Position.Line, t.Position.Column
			}
		}
		e.Message = "not valid YAML: " + e.Message
		d.errs = append(d.errs, e)
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			d.Fail(doc.Body, "", "a second document; a %s is one", d.thing())
			return nil
		}
		root = doc.Body
	}
	return root
}

// tooDeep finds where nesting goes over maxDepth, -1 if nowhere. It counts
// brackets, quoted ones too, and indentation together with "- " and "? ", which
// nest within one line.
func tooDeep(data []byte) int {
	flow, block, start := 0, 0, true
	for i, b := range data {
		switch b {
		case '[', '{':
			flow++
		case ']', '}':
			flow = max(flow-1, 0)
		case '\n':
			block, start = 0, true
			continue
		case '-', '?':
			if start {
				block++
			}
		case ' ', '\t':
		case '!', '&':
			flow++ // tags and anchors recurse too, and are errors anyway
		default:
			start = false
		}
		if flow > maxDepth || block > maxDepth {
			return i
		}
	}
	return -1
}

func (d *Reader) thing() string { return cmp.Or(d.o.Thing, "file") }

// notUTF8 finds the first byte that is not of the encoding.
func notUTF8(file string, data []byte) *Error {
	line, column := 1, 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			break
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		data = data[n:]
	}
	return &Error{File: file, Line: line, Column: column, Message: "not UTF-8; save the file in the encoding UTF-8"}
}
