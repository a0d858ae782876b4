package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// elevenTool is a webhook tool as ElevenLabs' API has it.
type elevenTool struct {
	Type        string  `json:"type"`
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Timeout     float64 `json:"response_timeout_secs"`
	API         struct {
		URL     string         `json:"url"`
		Method  string         `json:"method"`
		Path    elevenGroup    `json:"path_params_schema"`
		Query   elevenQuery    `json:"query_params_schema"`
		Body    elevenBody     `json:"request_body_schema"`
		Headers map[string]any `json:"request_headers"`
	} `json:"api_schema"`
}

type (
	elevenGroup map[string]map[string]any
	elevenQuery struct {
		Properties elevenGroup `json:"properties"`
		Required   []string    `json:"required"`
	}
	elevenBody struct {
		Type       string      `json:"type"`
		Properties elevenGroup `json:"properties"`
		Required   []string    `json:"required"`
	}
)

func elevenlabs(raw json.RawMessage) (*draft, error) {
	var holder struct {
		Config json.RawMessage `json:"tool_config"`
	}
	if json.Unmarshal(raw, &holder) == nil && len(holder.Config) > 0 {
		raw = holder.Config
	}
	var e elevenTool
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, fmt.Errorf("reading it as a tool of ElevenLabs: %w", err)
	}
	if e.Type != "webhook" && e.Type != "" {
		return nil, fmt.Errorf("a tool of type %q runs at the client or is ElevenLabs' own, and has no counterpart in a file", e.Type)
	}
	d := &draft{
		name: e.Name, description: e.Description, method: e.API.Method, url: e.API.URL, timeout: seconds(e.Timeout),
		headers: make(map[string]string), query: make(map[string]string),
	}
	if d.method == "" {
		d.method = "GET"
	}
	properties := make(map[string]any)
	var required []any
	take := func(group elevenGroup, needs []string) []string {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(group)) {
			if d.takes(properties, name, group[name]) {
				names = append(names, name)
			}
			if slices.Contains(needs, name) && properties[name] != nil {
				required = append(required, name)
			}
		}
		return names
	}
	take(e.API.Path, slices.Collect(maps.Keys(e.API.Path)))
	for _, name := range take(e.API.Query.Properties, e.API.Query.Required) {
		d.query[name] = "{{ " + name + " }}"
	}
	if names := take(e.API.Body.Properties, e.API.Body.Required); len(names) > 0 {
		body := make(map[string]any, len(names))
		for _, name := range names {
			body[name] = "{{ " + name + " }}"
		}
		d.body = body
	}
	for _, name := range slices.Sorted(maps.Keys(e.API.Headers)) {
		d.header(name, e.API.Headers[name])
	}
	d.parameters = map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		d.parameters["required"] = required
	}
	return d, nil
}

// takes makes an argument of one of their parameters; false when it is a constant of
// the platform's that no model supplies.
func (d *draft) takes(properties map[string]any, name string, schema map[string]any) bool {
	if v := text(schema["dynamic_variable"]); v != "" {
		d.note("%s was filled in by the platform from %s; here it is an argument. If the model must not choose it, move it to with:", name, v)
	}
	clean := make(map[string]any)
	for _, key := range []string{"type", "description", "enum", "items", "properties", "required"} {
		if value, ok := schema[key]; ok && value != nil && value != "" {
			clean[key] = value
		}
	}
	if constant, ok := schema["constant_value"]; ok && constant != nil && constant != "" {
		clean["const"] = constant
	}
	if clean["type"] == nil {
		clean["type"] = "string"
	}
	properties[name] = clean
	return true
}

// header takes a header, or says that its secret is kept elsewhere.
func (d *draft) header(name string, value any) {
	if plain := text(value); plain != "" {
		d.headers[name] = plain
		return
	}
	variable := "${" + envName(d.name, name) + "}"
	d.headers[name] = variable
	d.note("the header %s is a secret of the platform's: set the environment variable %s", name, envName(d.name, name))
}
