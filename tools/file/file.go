package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"parley/internal/yamltree"
	"parley/tools"
	"parley/tools/httptool"
	"parley/tools/mcptool"
)

// MaxBytes bounds a tool file. Those that come with the program have about 3 kB; the
// parser takes time by the square of the number of keys.
const MaxBytes = 64 << 10

var documentType = reflect.TypeFor[document]()

// Error is one thing that is wrong in a file.
type Error = yamltree.Error

// Errors is all that is wrong in a file, in its order.
type Errors = yamltree.Errors

// Runners are the ways in which tools run. One that is nil is not checked, and its
// tools say when they are called that they cannot run.
type Runners struct {
	// Builtins are the functions that files may name.
	Builtins []tools.Function
	// HTTP makes an HTTP tool. The spec's texts still hold ${NAME}.
	HTTP func(spec httptool.Spec, effect tools.Effect, timeout time.Duration) (tools.Run, error)
	// MCP makes a tool of an MCP server.
	MCP func(spec mcptool.Spec) (tools.Run, error)
	// Env looks up environment variables, as os.LookupEnv does.
	Env func(name string) (string, bool)
}

// Parsed is a tool file that is right.
type Parsed struct {
	// Name is the tool's, and At where the file gives it.
	Name string
	At   yamltree.Place
	// Disabled says that there shall be no tool of this name; Tool is empty then.
	Disabled bool
	// Tool is compiled.
	Tool tools.Tool
	// Runs says how, for people: "builtin shop.track_parcel", "http GET", "mcp carrier".
	Runs string
	// Unset are the references to environment variables that are not set. As long as
	// there are any, the tool cannot run.
	Unset Errors
}

// Parse reads a tool file; name stands for it in errors, which are [Errors].
func Parse(name string, data []byte, r Runners) (*Parsed, error) {
	p := &parser{Reader: yamltree.New(name, yamltree.Options{Complain: complain, MaxBytes: MaxBytes, Thing: "tool file"}), runners: r}
	before := len(p.Errors())
	root := p.Parse(data)
	switch {
	case root != nil:
		p.Read(root, &p.doc)
	case len(p.Errors()) == before:
		return nil, Errors{{File: name, Line: 1, Column: 1, Message: "the file is empty; is it still being saved? A tool file has at least the keys name, description, effect and run"}}
	}
	if root != nil {
		p.check()
	}
	errs := p.Errors()
	if p.doc.Disabled {
		errs = slices.DeleteFunc(errs, func(e *Error) bool {
			return strings.HasPrefix(e.Message, "the key ") && !strings.Contains(e.Message, `"name"`) && e.Path == ""
		})
	}
	if len(errs) > 0 {
		return nil, errs
	}
	parsed := &Parsed{Name: p.doc.Name, At: p.Place("name"), Disabled: p.doc.Disabled, Unset: p.unset}
	if parsed.Disabled {
		return parsed, nil
	}
	sum := sha256.Sum256(data)
	run := p.run()
	if errs := p.Errors(); len(errs) > 0 {
		return nil, errs
	}
	tool, err := tools.New(p.definition(hex.EncodeToString(sum[:6])), run).CompileWith(p.doc.Parameters.compiled, p.doc.Requires.compiled)
	if err != nil { // the checks above find all that is known to go wrong
		return nil, Errors{{File: name, Line: parsed.At.Line, Column: parsed.At.Column, Message: err.Error()}}
	}
	parsed.Tool, parsed.Runs = tool, p.runs()
	return parsed, nil
}

// parser reads one file.
type parser struct {
	*yamltree.Reader
	runners Runners
	doc     document
	unset   Errors
}

// definition is the tool without its way of running.
func (p *parser) definition(version string) tools.Definition {
	d := &p.doc
	def := tools.Definition{
		Name: d.Name, Description: d.Description, Parameters: d.Parameters.schema(), Effect: tools.Effect(d.Effect), Confirm: tools.Confirm(d.Confirm),
		OnInterrupt: tools.OnInterrupt(d.OnInterrupt), OnDuplicate: tools.OnDuplicate(d.OnDuplicate), Timeout: d.Timeout, Requires: d.Requires.source,
		Say:     tools.Say{Start: d.Say.Start.texts, Slow: d.Say.Slow.texts, SlowAfter: d.Say.Slow.after, Failed: d.Say.Failed.texts},
		Version: version,
	}
	return def
}

// runs names the way of running.
func (p *parser) runs() string {
	switch r := p.doc.Run; {
	case r.HTTP != nil:
		return "http " + r.HTTP.Method
	case r.MCP != nil:
		return fmt.Sprintf("mcp %s %s", r.MCP.Server, r.MCP.Tool)
	default:
		return "builtin " + r.Builtin
	}
}

// run is the way of running, with the values of the file's own put in.
func (p *parser) run() tools.Run {
	run, err := p.runner()
	if err != nil {
		path := p.way()
		p.FailAt(p.Place(path), path, err.Error())
		return nil
	}
	return p.doc.With.wrap(run)
}

// way is the path of the one way of running that the file names.
func (p *parser) way() string {
	switch {
	case p.doc.Run.HTTP != nil:
		return "run.http"
	case p.doc.Run.MCP != nil:
		return "run.mcp"
	}
	return "run.builtin"
}

// runner makes the way of running itself.
func (p *parser) runner() (tools.Run, error) {
	r := p.doc.Run
	switch {
	case len(p.unset) > 0:
		return refuse("It lacks a setting: " + p.unset[0].Message + "."), nil
	case r.HTTP != nil && p.runners.HTTP != nil:
		h := r.HTTP
		spec := httptool.Spec{
			Method: h.Method, URL: h.URL, Headers: h.Headers, Query: h.Query, Body: h.Body.value, Result: h.Result,
			Hosts: h.Hosts, Private: h.Private, Idempotency: h.Idempotency,
		}
		timeout := p.doc.Timeout
		if timeout == 0 {
			timeout = tools.DefaultTimeout
		}
		return p.runners.HTTP(spec, tools.Effect(p.doc.Effect), timeout)
	case r.MCP != nil && p.runners.MCP != nil:
		return p.runners.MCP(mcptool.Spec{Server: r.MCP.Server, Tool: r.MCP.Tool})
	case r.Builtin != "":
		for _, f := range p.runners.Builtins {
			if f.Name == r.Builtin {
				return f.Run(), nil
			}
		}
	}
	return refuse("It has not been set up on this machine."), nil
}

// refuse is a way of running that cannot.
func refuse(why string) tools.Run {
	return func(context.Context, tools.Call) (any, error) {
		return nil, &tools.Error{Code: tools.Unavailable, Message: "This tool cannot run now. " + why}
	}
}
