package file

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"parley/internal/yamltree"
	"parley/tools"
	"parley/tools/template"
)

var (
	namePattern   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	headerPattern = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")
	hostPattern   = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]+$`)
)

// complain checks the shape of a text; "" when it is right.
func complain(check, s, _ string) string {
	switch check {
	case "name":
		if !namePattern.MatchString(s) {
			return fmt.Sprintf("%q is no name; write a small letter and then at most 63 small letters, digits and _, such as track_parcel", s)
		}
	case "header":
		if !headerPattern.MatchString(s) {
			return fmt.Sprintf("%q is no name of a header; write one such as Idempotency-Key", s)
		}
	case "host":
		if !hostPattern.MatchString(s) {
			return fmt.Sprintf("%q is no host; write a name such as api.shop.example, without https:// and path", s)
		}
	}
	return ""
}

// check finds what no key can be judged by alone.
func (p *parser) check() {
	d := &p.doc
	if d.Effect == string(tools.Write) && d.OnInterrupt == string(tools.Cancel) {
		p.say("on_interrupt", "a write is never cancelled; write finish, or leave the key out")
	}
	if timeout := max(d.Timeout, 0); d.Say.Slow.after > 0 {
		if timeout == 0 {
			timeout = tools.DefaultTimeout
		}
		if d.Say.Slow.after >= timeout {
			p.say("say.slow.after", "%s is not shorter than the tool's time-out (%s), so this would never be said", d.Say.Slow.after, timeout)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.With.values)) {
		if slices.Contains(d.Parameters.properties, name) {
			p.say("with."+name, "%q is also a parameter, which the model supplies; take it out of one of the two", name)
		}
	}
	for _, t := range d.With.texts {
		p.checkTemplate(t, d.Parameters.properties)
	}
	p.checkRun()
}

func (p *parser) say(path, format string, args ...any) {
	p.FailAt(p.Place(path), path, fmt.Sprintf(format, args...))
}

// checkRun checks that there is one way of running, and that way.
func (p *parser) checkRun() {
	var ways []string
	for _, way := range []string{"builtin", "http", "mcp"} {
		if p.Given("run." + way) {
			ways = append(ways, way)
		}
	}
	switch {
	case !p.Given("run"):
		return // told already
	case len(ways) == 0:
		if !p.failedAt("run") {
			p.say("run", "no way of running; write one of builtin, http and mcp")
		}
		return
	case len(ways) > 1:
		p.say("run."+ways[1], "%s are given; a tool runs in one way", strings.Join(ways, " and "))
		return
	}
	switch r := p.doc.Run; {
	case r.Builtin != "":
		p.checkBuiltin()
	case r.HTTP != nil:
		p.checkHTTP(r.HTTP)
	case r.MCP == nil && !p.failedAt("run"):
		p.say("run."+ways[0], "the value is empty")
	}
}

// failedAt says whether something is wrong at a path or below it.
func (p *parser) failedAt(path string) bool {
	return slices.ContainsFunc(p.Errors(), func(e *Error) bool { return strings.HasPrefix(e.Path, path) })
}

// checkBuiltin holds the file to what the function is.
func (p *parser) checkBuiltin() {
	d := &p.doc
	if p.runners.Builtins == nil {
		return
	}
	names := make([]string, len(p.runners.Builtins))
	for i, f := range p.runners.Builtins {
		names[i] = f.Name
	}
	at := slices.Index(names, d.Run.Builtin)
	if at < 0 {
		p.say("run.builtin", "there is no builtin %q%s", d.Run.Builtin, yamltree.Suggestion(d.Run.Builtin, names))
		return
	}
	f := p.runners.Builtins[at]
	if d.Effect != "" && d.Effect != string(f.Effect) {
		p.say("effect", "%s is a %s; write effect: %s", f.Name, f.Effect, f.Effect)
	}
	for _, name := range d.Parameters.properties {
		if !slices.Contains(f.Arguments, name) {
			p.say("parameters.properties."+name, "%s does not understand the argument %q%s", f.Name, name, understood(name, f))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.With.values)) {
		if !slices.Contains(f.Arguments, name) {
			p.say("with."+name, "%s does not understand the argument %q%s", f.Name, name, understood(name, f))
		}
	}
}

func understood(name string, f tools.Function) string {
	if len(f.Arguments) == 0 {
		return "; it takes none"
	}
	return yamltree.Suggestion(name, f.Arguments)
}

// checkHTTP checks addresses, templates and references.
func (p *parser) checkHTTP(h *httpRun) {
	names := slices.Concat(p.doc.Parameters.properties, slices.Collect(maps.Keys(p.doc.With.values)))
	slices.Sort(names)
	texts := []text{{h.URL, "run.http.url"}}
	for _, group := range []struct {
		path   string
		values map[string]string
	}{{"run.http.headers", h.Headers}, {"run.http.query", h.Query}} {
		for _, name := range slices.Sorted(maps.Keys(group.values)) {
			path := yamltree.Join(group.path, name)
			texts = append(texts, text{group.values[name], path})
			if group.path == "run.http.headers" && !headerPattern.MatchString(name) {
				p.say(path, "%q is no name of a header", name)
			}
		}
	}
	texts = append(texts, h.Body.texts...)
	for _, t := range texts {
		p.checkTemplate(t, names)
		p.checkReferences(t)
	}
	if h.URL != "" && !p.failedAt("run.http.url") {
		p.checkURL(h.URL)
	}
	if h.Method == http.MethodGet && h.Body.value != nil {
		p.say("run.http.body", "a GET has no body; use query, or another method")
	}
	if h.Result != "" && !strings.HasPrefix(h.Result, "$") {
		p.say("run.http.result", "%q is no JSONPath; it begins with $, such as $.tracking", h.Result)
	}
}

// checkTemplate checks that a text's placeholders name arguments that there are.
func (p *parser) checkTemplate(t text, arguments []string) {
	parsed, err := template.Parse(t.value)
	if err != nil {
		if !p.failedAt(t.path) {
			p.say(t.path, "%v", err)
		}
		return
	}
	for _, name := range parsed.Arguments() {
		if !slices.Contains(arguments, name) {
			p.say(t.path, "{{ %s }} names no argument of the tool%s", name, yamltree.Suggestion(name, arguments))
		}
	}
}

// checkReferences checks the ${NAME} in a text, and notes those that are not set.
func (p *parser) checkReferences(t text) {
	names, err := references(t.value)
	if err != "" {
		p.say(t.path, "%s", err)
		return
	}
	for _, name := range names {
		if p.runners.Env == nil {
			continue
		}
		if value, set := p.runners.Env(name); !set || value == "" {
			at := p.Place(t.path)
			p.unset = append(p.unset, &Error{File: p.File(), Line: at.Line, Column: at.Column, Path: t.path,
				Message: fmt.Sprintf("the environment variable %s is not set", name)})
		}
	}
}

// references are the names in a text's ${NAME}; wrong is what is wrong with them.
func references(s string) (names []string, wrong string) {
	for {
		before, rest, found := strings.Cut(s, "${")
		if !found {
			return names, ""
		}
		if strings.HasSuffix(before, "$") { // $${ is a plain ${
			s = rest
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		switch {
		case !closed:
			return nil, "${ without a closing }"
		case !yamltree.IsName(name):
			return nil, fmt.Sprintf("${%s}: the name of an environment variable is letters, digits and _", name)
		}
		names, s = append(names, name), after
	}
}

var (
	placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`)
	reference   = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}`)
)

// checkURL checks an address as far as it is known.
func (p *parser) checkURL(s string) {
	const right = "write https://HOST/PATH"
	if reference.FindStringIndex(s) != nil && strings.HasPrefix(s, "${") {
		name := strings.TrimSuffix(strings.TrimPrefix(reference.FindString(s), "${"), "}")
		value, set := "", false
		if p.runners.Env != nil {
			value, set = p.runners.Env(name)
		}
		if !set {
			return // known only where it runs
		}
		s = value + strings.TrimPrefix(s, "${"+name+"}")
	}
	u, err := url.Parse(reference.ReplaceAllString(placeholder.ReplaceAllString(s, "x"), "x"))
	switch {
	case err != nil:
		p.say("run.http.url", "no address; %s", right)
	case u.Scheme != "http" && u.Scheme != "https":
		p.say("run.http.url", "the address begins neither with http:// nor with https://; %s", right)
	case u.Host == "":
		p.say("run.http.url", "the address has no host; %s", right)
	case u.User != nil:
		p.say("run.http.url", "an address here has no user and password; put them in headers, as ${NAME}")
	}
	if host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://"), "/"); strings.Contains(host, "{{") {
		p.say("run.http.url", "the host is filled in from an argument, so the model could send the request anywhere; write the host out")
	}
}
