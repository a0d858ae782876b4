package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bundled is a page's script with somebody's client in it, as the npm packages have it
// that a folder names. It is made once and kept in the cache.
func bundled(t *testing.T, whose, packages, script string) string {
	t.Helper()
	sum := sha256.New()
	files := make(map[string][]byte)
	for _, path := range []string{filepath.Join(packages, "package.json"), filepath.Join(packages, "package-lock.json"), script} {
		name := filepath.Base(path)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cache = filepath.Join(cache, "parley", "test-bundles")
	bundle := filepath.Join(cache, hex.EncodeToString(sum.Sum(nil))[:16]+".js")
	if _, err := os.Stat(bundle); err == nil {
		return bundle
	}
	for _, tool := range []string{"npm", "node"} {
		if _, err := exec.LookPath(tool); err != nil {
			lacking(t, "%s is not on this machine; %s comes with it", tool, whose)
		}
	}
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made := filepath.Join(dir, "bundle.js")
	for _, command := range [][]string{
		{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"},
		{"node", "node_modules/esbuild/bin/esbuild", filepath.Base(script), "--bundle", "--format=iife", "--jsx=automatic", "--outfile=" + made},
	} {
		run := exec.CommandContext(t.Context(), command[0], command[1:]...)
		run.Dir = dir
		if output, err := run.CombinedOutput(); err != nil {
			lacking(t, "%s could not be made ready by %s: %v\n%s", whose, strings.Join(command, " "), err, output)
		}
	}
	content, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bundle+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(bundle+".new", bundle); err != nil { // so that there is never half of it
		t.Fatal(err)
	}
	return bundle
}
