package api

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html docs.css
var docsFiles embed.FS

// page renders the description for people: plain HTML, no script, nothing from
// elsewhere.
func (d *description) page() (html, css []byte, err error) {
	t, err := template.New("docs.html").Funcs(template.FuncMap{
		"lines": func(s *huma.Schema) []field { return d.fields("", s, 0) },
		"kinds": func(m map[string]*huma.MediaType) string {
			return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
		},
		"sorted": sortedKeys,
	}).ParseFS(docsFiles, "docs.html")
	if err != nil {
		return nil, nil, fmt.Errorf("reading the page of the API's description: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, map[string]any{"API": d.OpenAPI, "Operations": d.operations()}); err != nil {
		return nil, nil, fmt.Errorf("rendering the API's description: %w", err)
	}
	css, err = docsFiles.ReadFile("docs.css")
	return out.Bytes(), css, err
}

func sortedKeys(m map[string]*huma.Response) []string { return slices.Sorted(maps.Keys(m)) }

// operations are all, by path.
func (d *description) operations() (ops []*huma.Operation) {
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		p := d.Paths[path]
		for _, op := range []*huma.Operation{p.Get, p.Post, p.Patch, p.Put, p.Delete} {
			if op != nil {
				ops = append(ops, op)
			}
		}
	}
	return ops
}

// field is a line about one value of a body.
type field struct {
	Name, Type, Doc string
	Required        bool
}

// fields lists what a schema holds, nested ones as parent.child.
func (d *description) fields(within string, s *huma.Schema, depth int) (out []field) {
	if s != nil && s.Ref != "" {
		s = d.Components.Schemas.SchemaFromRef(s.Ref)
	}
	if s == nil || depth > 4 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		shape := p.Type
		if shape == huma.TypeArray {
			shape = "list"
		}
		if len(p.Enum) > 0 {
			shape = strings.Trim(fmt.Sprint(p.Enum), "[]")
		}
		out = append(out, field{within + name, shape, p.Description, slices.Contains(s.Required, name)})
		switch {
		case p.Type == huma.TypeArray:
			out = append(out, d.fields(within+name+"[].", p.Items, depth+1)...)
		case p.Ref != "" || p.Type == huma.TypeObject:
			out = append(out, d.fields(within+name+".", p, depth+1)...)
		}
	}
	return out
}
