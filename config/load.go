package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

const (
	// maxFile bounds a file in bytes. A full config is about 4 kB; the parser takes
	// time by the square of the number of keys.
	maxFile = 64 << 10
	// maxDepth bounds how deep brackets nest before the file is parsed, because
	// the parser recurses. Ours needs 4.
	maxDepth = 50
	// maxErrors bounds how many errors are told at once.
	maxErrors = 50
)

// Load reads a file. env looks environment variables up, as os.LookupEnv does.
// An error is [Errors] when the file is wrong, and something else when it cannot
// be read. What the file does not say stays as in [Default].
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the config: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the config %s: %w", path, err)
	}
	return Parse(path, data, env)
}

// Parse is Load for a file already read; name stands for it in errors.
func Parse(name string, data []byte, env func(string) (string, bool)) (*Config, error) {
	if len(data) > maxFile {
		return nil, Errors{{File: name, Message: fmt.Sprintf("over %d bytes, which no config needs", maxFile)}}
	}
	d := &decoder{file: name, env: env, places: map[string]place{}}
	c := Default()
	if root := d.parse(data); root != nil {
		d.value(root, reflect.ValueOf(c).Elem(), "", "")
	}
	// The checks across keys need all of them to be right in themselves.
	if len(d.errs) == 0 {
		d.orderSilences(&c.Turn)
		d.crossCheck(c)
	}
	if len(d.errs) > 0 {
		return nil, d.errs.sorted()
	}
	return c, nil
}

// parse makes the tree of the file; nil when it is empty or no YAML.
func (d *decoder) parse(data []byte) ast.Node {
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
			d.fail(doc.Body, "", "a second document; a config is one")
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
