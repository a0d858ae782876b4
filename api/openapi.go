package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
)

// description is the API's OpenAPI 3.1 document, which the typed operations add
// themselves to.
type description struct {
	*huma.OpenAPI
	problem *huma.Schema
}

const prefix = "/v1"

func newDescription(version string) *description {
	if version == "" {
		version = "0"
	}
	c := huma.DefaultConfig("Parley", version)
	d := &description{OpenAPI: c.OpenAPI}
	d.Info.Description = "A shop's agent that customers talk to: by voice, by text, in one conversation. Every error is application/problem+json after RFC 9457, with a stable type."
	d.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "An API key, on the shop's server, or a customer's token, in a browser. A server without keys, on loopback, asks for neither."},
	}
	d.Security = []map[string][]string{{"bearer": {}}}
	d.problem = d.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	return d
}

// add puts operations on a router that is mounted at prefix.
func (d *description) add(r chi.Router, register func(huma.API)) {
	c := huma.Config{
		OpenAPI: d.OpenAPI, Formats: huma.DefaultFormats, DefaultFormat: "application/json",
		Transformers: []huma.Transformer{asProblems},
	}
	register(huma.NewAPI(c, mounted{humachi.NewAdapter(r), d}))
}

// mounted takes the prefix off paths, which the router has taken off already, and
// describes errors.
type mounted struct {
	huma.Adapter
	description *description
}

// Handle implements huma.Adapter.
func (m mounted) Handle(op *huma.Operation, handler func(huma.Context)) {
	op.Responses["default"] = m.description.anyProblem()
	here := *op
	here.Path = strings.TrimPrefix(op.Path, prefix)
	m.Adapter.Handle(&here, handler)
}

func (d *description) anyProblem() *huma.Response {
	return &huma.Response{Description: "An error", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: d.problem}}}
}

// operation describes one operation.
func operation(method, path, id, summary, explained string) huma.Operation {
	tag, _, _ := strings.Cut(strings.TrimPrefix(path, prefix+"/"), "/")
	return huma.Operation{Method: method, Path: path, OperationID: id, Summary: summary, Description: explained, Tags: []string{tag}, MaxBodyBytes: maxMessage}
}

// asProblems gives the errors that huma finds itself, in a body or a parameter, a
// stable type.
func asProblems(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	kind := "bad-request"
	switch e.Status {
	case http.StatusBadRequest:
		kind = "bad-json"
	case http.StatusRequestTimeout:
		kind = "slow-body"
	case http.StatusRequestEntityTooLarge:
		kind = "too-large"
	case http.StatusUnsupportedMediaType:
		kind = "media-type"
	}
	details := make([]string, 0, len(e.Errors)+1)
	for _, d := range e.Errors {
		details = append(details, strings.TrimSpace(d.Location+" "+d.Message))
	}
	if len(details) == 0 {
		details = append(details, e.Detail)
	}
	return problem(e.Status, kind, "%s.", capital(strings.Join(details, "; "))), nil
}

// serve puts the description on a router, as JSON and as a page for people. It is
// made once: operations are not added later.
func (d *description) serve(r chi.Router) {
	d.describeStreams()
	doc, err := json.Marshal(d.OpenAPI)
	page, css, pageErr := d.page()
	if err = errors.Join(err, pageErr); err != nil {
		panic("api: the description of the API cannot be written: " + err.Error()) // it is made of this package's own types
	}
	give := func(path, kind string, body []byte) {
		r.Get(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body) // nobody is left to tell
		})
	}
	give("/openapi.json", "application/json", doc)
	give("/docs", "text/html; charset=utf-8", page)
	give("/docs.css", "text/css; charset=utf-8", css)
}
