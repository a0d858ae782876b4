package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/config"
	"parley/internal/pythontest"
)

// schemathesis is the release that makes up the requests.
const schemathesis = "schemathesis==4.32.5"

// TestMadeUpRequestsBreakNothing has requests made up from the API's own description,
// good ones and bad ones: none may lead to a fault of the server's.
func TestMadeUpRequestsBreakNothing(t *testing.T) {
	bin := pythontest.Programs(t, "schemathesis", schemathesis)
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
	hooks, err := filepath.Abs("testdata/schemathesis/hooks.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Environ(), "SCHEMATHESIS_HOOKS="+hooks)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "only 401/403") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
