package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"parley/internal/simulate"
)

// TestScaleTables plays what docs/scale.md says that it played; half a million calls and
// a million where PARLEY_TEST_ALL=1. The program is one of its own, because it takes ten
// times as long with the race detector, and has but one goroutine.
func TestScaleTables(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the last digit of a logarithm is another on " + runtime.GOARCH)
	}
	committed, err := os.ReadFile("../../../../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(committed)
	if n := strings.Count(text, "\n"+opening); n != 5 {
		t.Errorf("docs/scale.md has %d tables", n)
	}
	if os.Getenv("PARLEY_TEST_ALL") != "1" {
		text = strings.Replace(text, opening+"--markdown half-million", "<!-- not now "+"--markdown half-million", 1)
	}
	dir := t.TempDir()
	program, path := filepath.Join(dir, "simulate"), filepath.Join(dir, "scale.md")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"go", "build", "-o", program, "."}, {program, "--write", path}} {
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	if anew, err := os.ReadFile(path); err != nil || string(anew) != text {
		t.Errorf("docs/scale.md is not what comes out, %v: go run ./internal/simulate/cmd/simulate --write docs/scale.md\n%s", err, anew)
	}
}

// TestTables leaves all but tables as it is.
func TestTables(t *testing.T) {
	const text = "# Title\n\n<!-- simulate --needs 60 -->\n| old |\n| older |\n\nText.\n<!-- other -->\n| kept |\n"
	anew, err := tables(t.Context(), text)
	if err != nil || !strings.HasPrefix(anew, "# Title\n\n<!-- simulate --needs 60 -->\n| calls at once | 60 |\n|---|---|\n") ||
		!strings.HasSuffix(anew, " |\n\nText.\n<!-- other -->\n| kept |\n") || strings.Contains(anew, "old") {
		t.Errorf("%v\n%s", err, anew)
	}
	if _, err := tables(t.Context(), "<!-- simulate nowhere -->\n"); err == nil {
		t.Error("a table of nothing is made")
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
