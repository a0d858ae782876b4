package models

import (
	"os"
	"path/filepath"
)

// DirVariable names the environment variable that moves the models elsewhere.
const DirVariable = "PARLEY_MODELS"

// Dir is the folder that holds the model files: $PARLEY_MODELS where it is
// set, else parley/models in the user's cache folder. It need not exist yet.
// Where the machine has neither a home nor a cache folder, it is a folder below
// the system's temporary one, so that the program still runs.
func Dir() string {
	if dir := os.Getenv(DirVariable); dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "parley", "models")
}
