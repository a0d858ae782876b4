package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/config"
	"parley/models"
)

// schemathesis is the release that makes up the requests.
const schemathesis = "schemathesis==4.32.5"

// python makes a Python environment with a package in it, once, in the user's cache.
func python(t *testing.T, name, requirement string) (bin string) {
	t.Helper()
	interpreter := program(t, "python3")
	dir := filepath.Join(filepath.Dir(models.Dir()), "tools", name+"-"+strings.NewReplacer("=", "", "[", "-", "]", "-").Replace(requirement))
	marker := filepath.Join(dir, "installed")
	if _, err := os.Stat(marker); err == nil {
		return filepath.Join(dir, "bin")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for _, command := range [][]string{
		{interpreter, "-m", "venv", "--clear", dir},
		{filepath.Join(dir, "bin/python"), "-m", "pip", "--disable-pip-version-check", "-q", "install", requirement},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			if os.Getenv("PARLEY_TEST_ALL") != "1" {
				t.Skipf("%s cannot be had: %v\n%s", requirement, err, out)
			}
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "bin")
}

// TestMadeUpRequestsBreakNothing has requests made up from the API's own description,
// good ones and bad ones: none may lead to a fault of the server's.
func TestMadeUpRequestsBreakNothing(t *testing.T) {
	bin := python(t, "schemathesis", schemathesis)
	a := startAgent(t, func(c *config.Config) {
		c.Server.Keys = []config.Secret{exampleKey}
		c.Limits.Calls = 100_000
		c.Access.Key = config.Bounds{Calls: 100_000, CallsMinute: 1_000_000, Requests: 1_000_000}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "st"), "run", a.url+"/openapi.json", "--no-color", "--checks", "not_a_server_error", "--max-examples", "30",
		"--phases", "examples,coverage,fuzzing,stateful", "-H", "Authorization: Bearer "+exampleKey, "--request-timeout", "20",
		"--exclude-path", "/v1/conversations/{id}/events") // it has no end
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "only 401/403") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
