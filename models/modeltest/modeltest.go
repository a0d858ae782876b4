// Package modeltest gives tests the model files that are on this machine.
package modeltest

import (
	"os"
	"path/filepath"
	"testing"

	"parley/models"
)

// AllVariable names the environment variable that, set to "1", turns a missing
// model from a reason to skip a test into a failure.
const AllVariable = "PARLEY_TEST_ALL"

// Path returns where the model file or folder with the given slash-separated
// name lies, for instance "opus/simd.wasm". When it is absent the test is
// skipped with a plain reason, or fails where PARLEY_TEST_ALL=1.
func Path(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(models.Dir(), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv(AllVariable) == "1" {
			t.Fatalf("the model %s is not on this machine (%v); `make models` fetches it", name, err)
		}
		t.Skipf("the model %s is not on this machine; `make models` fetches it", name)
	}
	return path
}
