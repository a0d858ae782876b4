package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Route describes, for developers, one request that a [Protocol] answers.
type Route struct {
	Method, Path string
	// ID names the operation, Tag the group it is listed in, Summary says in a few
	// words what it does, Detail more.
	ID, Tag, Summary, Detail string
	// Takes and Gives are what the bodies hold, by media type: "" is a text, a value of a
	// struct an object with its JSON fields. Nil is no body.
	Takes, Gives map[string]any
	// Optional says that the body may be left out.
	Optional bool
	// Status is that of an answer without an error.
	Status int
	// Headers are those of the answer that matter, Query the parameters, and what each
	// means.
	Headers, Query map[string]string
}

// Describe adds requests to the API's description. A [Protocol] calls it from its Mount,
// for the routes that it adds there.
func (h *Hall) Describe(routes ...Route) {
	for _, r := range routes {
		h.description.route(r)
	}
}

// SDP is what a route takes or gives that exchanges WebRTC's descriptions.
func SDP() map[string]any { return map[string]any{"application/sdp": ""} }

// JSON is what a route takes or gives whose bodies have the fields of v, a struct.
func JSON(v any) map[string]any { return map[string]any{"application/json": v} }

func (d *description) route(r Route) {
	op := operation(r.Method, r.Path, r.ID, r.Summary, r.Detail)
	op.Tags = []string{r.Tag}
	text := &huma.Schema{Type: huma.TypeString}
	var params []*huma.Param
	for _, name := range pathParameters(r.Path) {
		params = append(params, &huma.Param{Name: name, In: "path", Required: true, Schema: text})
	}
	for _, name := range sorted(r.Query) {
		params = append(params, &huma.Param{Name: name, In: "query", Schema: text, Description: r.Query[name]})
	}
	answer := &huma.Response{Description: http.StatusText(r.Status), Content: content(r.Gives)}
	for _, name := range sorted(r.Headers) {
		if answer.Headers == nil {
			answer.Headers = make(map[string]*huma.Param)
		}
		answer.Headers[name] = &huma.Param{Schema: text, Description: r.Headers[name]}
	}
	if r.Takes != nil {
		op.RequestBody = &huma.RequestBody{Required: !r.Optional, Content: content(r.Takes)}
	}
	d.describe(op, nil, r.Status, answer, params...)
}

// content describes bodies by media type.
func content(bodies map[string]any) map[string]*huma.MediaType {
	if bodies == nil {
		return nil
	}
	out := make(map[string]*huma.MediaType, len(bodies))
	for kind, v := range bodies {
		schema := &huma.Schema{Type: huma.TypeString}
		if v != "" {
			schema = objectOf(reflect.TypeOf(v))
		}
		out[kind] = &huma.MediaType{Schema: schema}
	}
	return out
}

// objectOf describes a struct as JSON has it. Fields may be missing, and others may be
// there: clients of these protocols add to them.
func objectOf(t reflect.Type) *huma.Schema {
	switch {
	case t == reflect.TypeFor[json.RawMessage]():
		return &huma.Schema{}
	case t.Kind() == reflect.Pointer:
		return objectOf(t.Elem())
	case t.Kind() == reflect.Slice:
		return &huma.Schema{Type: huma.TypeArray, Items: objectOf(t.Elem())}
	case t.Kind() == reflect.String:
		return &huma.Schema{Type: huma.TypeString}
	case t.Kind() == reflect.Bool:
		return &huma.Schema{Type: huma.TypeBoolean}
	case t.Kind() == reflect.Float64:
		return &huma.Schema{Type: huma.TypeNumber}
	case t.Kind() != reflect.Struct && t.ConvertibleTo(reflect.TypeFor[int64]()):
		return &huma.Schema{Type: huma.TypeInteger}
	case t.Kind() != reflect.Struct:
		return &huma.Schema{}
	}
	object := &huma.Schema{Type: huma.TypeObject, Properties: make(map[string]*huma.Schema), AdditionalProperties: true}
	for f := range t.Fields() {
		name := jsonName(f)
		switch {
		case f.Anonymous:
			maps.Copy(object.Properties, objectOf(f.Type).Properties)
		case name != "":
			object.Properties[name] = objectOf(f.Type)
		}
	}
	return object
}

// jsonName is a field's name on the wire, "" for one that is not there.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" || !f.IsExported() {
		return ""
	}
	return name
}

// pathParameters are the names in a path such as /v1/whip/{id}.
func pathParameters(path string) (names []string) {
	for _, rest := range strings.Split(path, "{")[1:] {
		name, _, _ := strings.Cut(rest, "}")
		names = append(names, name)
	}
	return names
}

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
