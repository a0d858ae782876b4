package main

import (
	"encoding/json"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"parley/internal/simulate"
)

// TestScaleTables plays what docs/scale.md says that it played. A million calls are played
// where PARLEY_TEST_ALL=1.
func TestScaleTables(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the last digit of a logarithm is another on " + runtime.GOARCH)
	}
	text, err := os.ReadFile("../../../../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	anew, err := tables(t.Context(), string(text), func(args []string) bool {
		made++
		return os.Getenv("PARLEY_TEST_ALL") == "1" || !slices.Contains(args, "million")
	})
	if err != nil {
		t.Fatal(err)
	}
	if made < 4 {
		t.Errorf("%d tables", made)
	}
	if anew != string(text) {
		t.Errorf("docs/scale.md is not what comes out: go run ./internal/simulate/cmd/simulate --write docs/scale.md\n%s", anew)
	}
}

func TestCommand(t *testing.T) {
	said := func(args ...string) string {
		var out strings.Builder
		if err := run(t.Context(), args, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	var r simulate.Result
	if err := json.Unmarshal([]byte(said("--json", "--nodes", "4", "--calls", "100", "--for", "5m", "--seed", "9", "--policy", "least", "steady")), &r); err != nil {
		t.Fatal(err)
	}
	if s := r.Scenario; s.Nodes != 4 || s.Calls != 100 || s.Seed != 9 || s.Policy != simulate.Least || r.Most != 4 || r.Arrived == 0 || r.Arrived != r.Finished {
		t.Errorf("%+v", r)
	}
	if text := said("--nodes", "4", "--calls", "100", "--for", "1m"); !strings.Contains(text, "waited for an agent") {
		t.Error(text)
	}
	if rows := strings.Count(said("--policies", "--markdown", "--nodes", "4", "--calls", "100", "--for", "1m", "steady"), "\n"); rows != 2+len(simulate.Policies()) {
		t.Errorf("%d rows", rows)
	}
	for _, wrong := range [][]string{{"--needs", "many"}, {"nowhere"}, {"--policy", "best"}, {"--write", "/nowhere/x"}} {
		if err := run(t.Context(), wrong, &strings.Builder{}); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}
