package importer

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// theirs is a value in the platforms' own templates, {{ name }} and {name}, or a
// reference to the environment, ${NAME}, which has no group.
var theirs = regexp.MustCompile(`\$\{[^}]*\}|\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// placeholders writes their templates as ours, and makes arguments of what the
// platform would fill in and the tool does not take yet.
func (d *draft) placeholders() {
	known := d.properties()
	d.url = d.local(d.url, known)
	for _, values := range []map[string]string{d.headers, d.query} {
		for name, text := range values {
			values[name] = d.local(text, known)
		}
	}
	d.body = d.localAny(d.body, known)
}

func (d *draft) properties() map[string]any {
	p, ok := d.parameters["properties"].(map[string]any)
	if !ok {
		p = make(map[string]any)
		d.parameters["properties"] = p
	}
	return p
}

// local writes one text in our templates.
func (d *draft) local(text string, known map[string]any) string {
	return theirs.ReplaceAllStringFunc(text, func(found string) string {
		m := theirs.FindStringSubmatch(found)
		if m[1] == "" && m[2] == "" {
			return found // a reference to the environment
		}
		name := m[1] + m[2]
		if _, ok := known[name]; ok {
			return "{{ " + name + " }}"
		}
		plain := notName.ReplaceAllString(strings.ToLower(name), "_")
		if _, ok := known[plain]; !ok {
			known[plain] = map[string]any{"type": "string", "description": "The value of " + name + "."}
			d.note("%s was filled in by the platform; here it is an argument, %s. If the model must not choose it, move it to with:", found, plain)
		}
		return "{{ " + plain + " }}"
	})
}

func (d *draft) localAny(value any, known map[string]any) any {
	switch v := value.(type) {
	case string:
		return d.local(v, known)
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			v[name] = d.localAny(v[name], known)
		}
	case []any:
		for i := range v {
			v[i] = d.localAny(v[i], known)
		}
	}
	return value
}

// secretHeader is a header that holds a secret.
var secretHeader = regexp.MustCompile(`(?i)auth|token|key|secret|password|cookie|signature`)

// secrets puts references in the place of what looks like a secret.
func (d *draft) secrets() {
	for _, name := range slices.Sorted(maps.Keys(d.headers)) {
		value := d.headers[name]
		if !secretHeader.MatchString(name) || strings.Contains(value, "${") || strings.Contains(value, "{{") {
			continue
		}
		variable := envName(d.name, name)
		scheme, rest, two := strings.Cut(value, " ")
		switch {
		case two && len(scheme) < 10 && rest != "":
			d.headers[name] = scheme + " ${" + variable + "}"
		default:
			d.headers[name] = "${" + variable + "}"
		}
		d.note("the header %s held a secret, which is not copied: set the environment variable %s", name, variable)
	}
}

// envName is the environment variable for a tool's header.
func envName(tool, header string) string { return strings.ToUpper(snake(tool + "_" + header)) }

// each makes a body that passes on every argument.
func each(properties map[string]any) map[string]any {
	body := make(map[string]any, len(properties))
	for name := range properties {
		body[name] = "{{ " + name + " }}"
	}
	return body
}

// text is a value as a text, "" when it is none.
func text(value any) string {
	s, _ := value.(string)
	return s
}
