package models

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// fetchChild names the variable that makes the test binary a process that
// fetches, for tests that kill one.
const fetchChild = "MODELS_TEST_FETCH"

func TestMain(m *testing.M) {
	if path := os.Getenv(fetchChild); path != "" {
		os.Exit(runFetchChild(path))
	}
	goleak.VerifyTestMain(m)
}

// runFetchChild fetches what the manifest at path lists into $PARLEY_MODELS.
func runFetchChild(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 3
	}
	m, err := Parse(text)
	if err != nil {
		return 4
	}
	if err := Fetch(context.Background(), Options{Manifest: &m}); err != nil {
		return 5
	}
	return 0
}
