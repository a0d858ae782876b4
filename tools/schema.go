package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// schema is a compiled JSON Schema of an arguments object, with what its
// properties are described as, for messages.
type schema struct {
	compiled   *jsonschema.Schema
	properties map[string]property
	printer    *message.Printer
}

type property struct {
	Description string `json:"description"`
	Type        any    `json:"type"`
}

// compile reads a schema once. It must be that of an object, and is closed to
// unknown properties only where it says so.
func compile(name string, parameters json.RawMessage) (*schema, error) {
	if len(parameters) == 0 {
		return nil, errors.New("there is no schema; a tool without arguments says {\"type\":\"object\"}")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(parameters))
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	var outline struct {
		Type       any                 `json:"type"`
		Properties map[string]property `json:"properties"`
	}
	if err := json.Unmarshal(parameters, &outline); err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	if outline.Type != "object" {
		return nil, fmt.Errorf("the schema's type is %v; arguments are an object", outline.Type)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(nowhere{})
	location := "tool:///" + name + ".json"
	if err := compiler.AddResource(location, doc); err != nil {
		return nil, fmt.Errorf("adding the schema: %w", err)
	}
	compiled, err := compiler.Compile(location)
	if err != nil {
		return nil, err
	}
	return &schema{compiled: compiled, properties: outline.Properties, printer: message.NewPrinter(language.English)}, nil
}

// nowhere keeps a schema from reading files and addresses by $ref.
type nowhere struct{}

// Load implements jsonschema.URLLoader.
func (nowhere) Load(url string) (any, error) {
	return nil, fmt.Errorf("a schema refers to nothing outside itself, and %s is outside", url)
}

// SchemaFault is one thing that is wrong in a schema.
type SchemaFault struct {
	// Path is the way to it from the top: ["properties", "limit", "minimum"].
	Path    []string
	Message string
}

// Schema is a compiled JSON Schema, for [Tool.CompileWith].
type Schema struct{ compiled *schema }

// CheckSchema compiles the JSON Schema of a tool's arguments, or finds all that is
// wrong with it.
func CheckSchema(parameters json.RawMessage) (Schema, []SchemaFault) {
	compiled, err := compile("parameters", parameters)
	if err == nil {
		return Schema{compiled}, nil
	}
	return Schema{}, schemaFaults(err)
}

func schemaFaults(err error) []SchemaFault {
	if wrong, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		if invalid, ok := errors.AsType[*jsonschema.ValidationError](wrong.Err); ok {
			var faults []SchemaFault
			leaves(invalid, message.NewPrinter(language.English), &faults)
			// Of the ways in which one value might have been right, the first will do.
			return slices.CompactFunc(faults, func(a, b SchemaFault) bool { return slices.Equal(a.Path, b.Path) })
		}
	}
	if wrong, ok := errors.AsType[*jsonschema.InvalidRegexError](err); ok {
		return []SchemaFault{{pointer(wrong.URL), fmt.Sprintf("%q is no regular expression: %v", wrong.Regex, wrong.Err)}}
	}
	return []SchemaFault{{nil, strings.ReplaceAll(err.Error(), "tool:///parameters.json", "")}}
}

// leaves walks to the causes of what is wrong.
func leaves(e *jsonschema.ValidationError, printer *message.Printer, faults *[]SchemaFault) {
	for _, cause := range e.Causes {
		leaves(cause, printer, faults)
	}
	if len(e.Causes) == 0 {
		*faults = append(*faults, SchemaFault{e.InstanceLocation, e.ErrorKind.LocalizedString(printer)})
	}
}

// pointer is the path in an address like tool:///parameters.json#/properties/a.
func pointer(address string) []string {
	_, fragment, _ := strings.Cut(address, "#/")
	if fragment == "" {
		return nil
	}
	path := strings.Split(fragment, "/")
	for i, part := range path {
		if plain, err := url.PathUnescape(part); err == nil {
			part = plain
		}
		path[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
	}
	return path
}

// check gives the arguments as decoded, or an *[Error] that says which fields are
// wrong and what would be right.
func (s *schema) check(arguments json.RawMessage) (map[string]any, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(arguments))
	if err != nil {
		return nil, &Error{Code: InvalidArguments, Message: "The arguments are not JSON: " + err.Error() + ". Write one JSON object."}
	}
	err = s.compiled.Validate(value)
	if err == nil {
		args, _ := value.(map[string]any) // the schema is that of an object
		return args, nil
	}
	wrong := new(jsonschema.ValidationError)
	if !errors.As(err, &wrong) {
		return nil, fmt.Errorf("validating arguments: %w", err)
	}
	var faults []string
	s.collect(wrong, &faults)
	const most = 5 // more would not help a model to do better
	if len(faults) > most {
		faults = append(faults[:most], fmt.Sprintf("%d more", len(faults)-most))
	}
	return nil, &Error{Code: InvalidArguments, Message: "The arguments do not fit: " + strings.Join(faults, "; ") + "."}
}

// collect walks to the leaves of a validation error, where the causes are.
func (s *schema) collect(e *jsonschema.ValidationError, faults *[]string) {
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			s.collect(cause, faults)
		}
		return
	}
	field := path(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			*faults = append(*faults, join(field, name)+" is missing"+s.about(name))
		}
	case *kind.AdditionalProperties:
		*faults = append(*faults, fmt.Sprintf("%s is unknown; known are %s", quoted(k.Properties), s.known()))
	case *kind.Type:
		*faults = append(*faults, fmt.Sprintf("%s must be %s, not %s", named(field), strings.Join(k.Want, " or "), k.Got))
	case *kind.Pattern:
		*faults = append(*faults, fmt.Sprintf("%s is %q, which does not match %s%s", named(field), clip(k.Got), k.Want, s.about(field)))
	default:
		*faults = append(*faults, named(field)+": "+e.ErrorKind.LocalizedString(s.printer)+s.about(field))
	}
}

// about adds a field's own description, which says what would be right.
func (s *schema) about(field string) string {
	p, ok := s.properties[field]
	if !ok || p.Description == "" {
		return ""
	}
	return " (" + strings.TrimSuffix(p.Description, ".") + ")"
}

func (s *schema) known() string {
	names := make([]string, 0, len(s.properties))
	for name := range s.properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// path writes a location in the arguments as a person would: item_ids[2].
func path(location []string) string {
	var b strings.Builder
	for i, part := range location {
		if _, err := strconv.Atoi(part); err == nil && i > 0 {
			b.WriteString("[" + part + "]")
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(clip(part))
	}
	return b.String()
}

func join(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}

func named(field string) string {
	if field == "" {
		return "the whole"
	}
	return field
}

func quoted(names []string) string {
	short := make([]string, 0, len(names))
	for _, n := range names {
		short = append(short, strconv.Quote(clip(n)))
	}
	slices.Sort(short)
	return strings.Join(short, ", ")
}
