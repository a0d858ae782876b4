// Package pythontest gives tests programs that are published as Python packages.
package pythontest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/models/modeltest"
)

// installing bounds how long packages may take to come.
const installing = 5 * time.Minute

// Programs returns the folder with the programs of a Python environment that holds the
// given packages, each with its exact version ("schemathesis==4.32.5"). It is made once,
// in the user's cache, under name and what it holds. Where it cannot be made the test is
// skipped with the reason, or fails where PARLEY_TEST_ALL=1.
func Programs(t testing.TB, name string, packages ...string) string {
	t.Helper()
	interpreter, err := exec.LookPath("python3")
	if err != nil {
		missing(t, "python3 is not on this machine")
	}
	held := strings.NewReplacer("=", "", "[", "-", "]", "-").Replace(strings.Join(packages, "-"))
	dir := filepath.Join(filepath.Dir(models.Dir()), "tools", name+"-"+held)
	marker := filepath.Join(dir, "installed")
	if _, err := os.Stat(marker); err == nil {
		return filepath.Join(dir, "bin")
	}
	ctx, cancel := context.WithTimeout(t.Context(), installing)
	defer cancel()
	for _, command := range [][]string{
		{interpreter, "-m", "venv", "--clear", dir},
		append([]string{filepath.Join(dir, "bin/python"), "-m", "pip", "--disable-pip-version-check", "-q", "install"}, packages...),
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			missing(t, strings.Join(packages, ", ")+" cannot be had: "+err.Error()+"\n"+string(out))
		}
	}
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "bin")
}

// missing skips a test, or fails it where nothing may be missing.
func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv(modeltest.AllVariable) == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}
