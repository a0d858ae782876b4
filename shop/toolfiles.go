package shop

import (
	"embed"
	"fmt"
	"io/fs"

	"parley/tools"
	"parley/tools/file"
)

// ToolFiles is the builtin pack: one YAML file a tool, in the folder toolfiles.
//
//go:embed toolfiles/*.yaml
var ToolFiles embed.FS

// Tools are the tools of the builtin pack over the store, for a
// [tools.Registry], by name.
func (s *Store) Tools() []tools.Tool {
	list, err := s.pack()
	if err != nil {
		panic("shop: " + err.Error()) // a slip in an embedded file, found by its test
	}
	return list
}

func (s *Store) pack() ([]tools.Tool, error) {
	names, err := fs.Glob(ToolFiles, "toolfiles/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the builtin pack: %w", err)
	}
	runners := file.Runners{Builtins: s.Functions()}
	list := make([]tools.Tool, 0, len(names))
	for _, name := range names {
		data, err := ToolFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		parsed, err := file.Parse(name, data, runners)
		if err != nil {
			return nil, err
		}
		list = append(list, parsed.Tool)
	}
	return list, nil
}
