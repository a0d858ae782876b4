package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestConfigCheck(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		content string
		status  exitCode
	}{"right.yaml": {"interrupt: {after: 200ms}", 0}, "wrong.yaml": {"interrupt: {after: 200}", 1}} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
			t.Fatal(err)
		}
		var code exitCode
		err := run(t.Context(), []string{"config", "check", path})
		if tc.status == 0 && err != nil || tc.status != 0 && (!errors.As(err, &code) || code != tc.status) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := run(t.Context(), []string{"config", "check", filepath.Join(dir, "none.yaml")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
