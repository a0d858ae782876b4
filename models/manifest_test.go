package models

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDefault(t *testing.T) {
	m, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	for _, model := range m.Models {
		used[model.Package] = true
		if model.Purpose == "" || model.Licence == "" {
			t.Errorf("%s lacks a purpose or a licence", model.Name)
		}
	}
	for key := range m.Packages {
		if !used[key] {
			t.Errorf("no model is taken from package %s", key)
		}
	}
}

const pears = `
packages:
  bowl: {kind: npm, name: bowl, version: 2.0.0, size: 9}
models:
  - name: pear
    need: required
    package: bowl
    take:
      - {from: a/pear, to: pear, size: 6, sha256: f6bb0a4b5ea7e0ea4b1b5df7e4ec50e9b1c6f3a3b8e8fdbfaee05d8e0ffd2b1c}
`

func TestParse(t *testing.T) {
	m, err := Parse([]byte(pears))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Models[0].Holds; len(got) != 1 || got[0].To != "pear" {
		t.Errorf("the folder holds %+v, want what is taken", got)
	}
	tests := []struct{ name, old, new, says string }{
		{"an unknown key", "need:", "needed:", "needed"},
		{"a kind", "kind: npm", "kind: gem", "gem"},
		{"an option as a name", "name: bowl", "name: --index-url", "--index-url"},
		{"a range as a version", "2.0.0", `">=2"`, "exact version"},
		{"no size of a package", "size: 9", "size: 0", "size"},
		{"a name that climbs", "name: pear", "name: ../pear", "folder name"},
		{"a hidden name", "name: pear", "name: .lock", "folder name"},
		{"another package", "package: bowl", "package: cup", "cup"},
		{"another need", "need: required", "need: nice", "nice"},
		{"a path that climbs", "to: pear", "to: ../pear", "leaves"},
		{"an absolute path", "to: pear", "to: /pear", "leaves"},
		{"a file made a folder", "to: pear", "to: pear/", "both"},
		{"a folder without a count", "{from: a/pear, to: pear,", "{from: a/, to: a/,", "how many"},
		{"a file with a count", "size: 6", "size: 6, files: 2", "how many"},
		{"no size", "size: 6", "size: 0", "size"},
		{"a short sum", "f6bb0a4b", "f6bb", "sha256"},
		{"an unknown conversion", "package: bowl\n", "package: bowl\n    convert: jam\n", "jam"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(pears, tt.old, tt.new, 1)
			if text == pears {
				t.Fatal("the test changes nothing")
			}
			if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want something about %q", err, tt.says)
			}
		})
	}
}

func TestDir(t *testing.T) {
	t.Setenv(DirVariable, "/somewhere")
	if got := Dir(); got != "/somewhere" {
		t.Errorf("with the variable set, Dir is %s", got)
	}
	t.Setenv(DirVariable, "")
	t.Setenv("XDG_CACHE_HOME", "/cache")
	if got := Dir(); got != filepath.FromSlash("/cache/parley/models") {
		t.Errorf("Dir is %s", got)
	}
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	if got := Dir(); !strings.HasPrefix(got, os.TempDir()) {
		t.Errorf("without a home, Dir is %s", got)
	}
}
