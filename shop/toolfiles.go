package shop

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"time"

	"github.com/goccy/go-yaml"

	"parley/tools"
)

// ToolFiles is the builtin pack: one YAML file a tool, in the folder toolfiles.
//
//go:embed toolfiles/*.yaml
var ToolFiles embed.FS

// toolFile is what the pack's files use of the format.
type toolFile struct {
	Name        string            `yaml:"name"`
	Description string            `yaml:"description"`
	Parameters  any               `yaml:"parameters"`
	Effect      tools.Effect      `yaml:"effect"`
	Confirm     tools.Confirm     `yaml:"confirm"`
	OnInterrupt tools.OnInterrupt `yaml:"on_interrupt"`
	OnDuplicate tools.OnDuplicate `yaml:"on_duplicate"`
	Timeout     time.Duration     `yaml:"timeout"`
	Requires    string            `yaml:"requires"`
	Say         any               `yaml:"say"`
	Run         struct {
		Builtin string `yaml:"builtin"`
	} `yaml:"run"`
}

// Tools are the tools of the builtin pack over the store, for a
// [tools.Registry], in the order of [Store.Functions].
func (s *Store) Tools() []tools.Tool {
	files, err := packed()
	if err != nil {
		panic("shop: " + err.Error()) // a slip in an embedded file, found by its test
	}
	var list []tools.Tool
	for _, function := range s.Functions() {
		if f, ok := files[function.Name]; ok {
			list = append(list, tools.New(f, function.Run()))
		}
	}
	return list
}

// packed reads the pack's definitions, by the builtin that each runs.
func packed() (map[string]tools.Definition, error) {
	names, err := fs.Glob(ToolFiles, "toolfiles/*.yaml")
	if err != nil {
		return nil, err
	}
	all := make(map[string]tools.Definition, len(names))
	for _, name := range names {
		raw, err := ToolFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var f toolFile
		if err := yaml.UnmarshalWithOptions(raw, &f, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		parameters, err := json.Marshal(f.Parameters)
		if err != nil {
			return nil, fmt.Errorf("reading the parameters in %s: %w", name, err)
		}
		all[f.Run.Builtin] = tools.Definition{
			Name: f.Name, Description: f.Description, Parameters: parameters, Effect: f.Effect, Confirm: f.Confirm,
			OnInterrupt: f.OnInterrupt, OnDuplicate: f.OnDuplicate, Timeout: f.Timeout, Requires: f.Requires,
		}
	}
	return all, nil
}
