package smartturn

import (
	"fmt"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// starting lets one goroutine at a time start ONNX Runtime. The state that it
// guards is onnxruntime_go's, which is one for the whole process and not safe by
// itself.
//
//nolint:gochecknoglobals // what it guards is as global, and not ours
var starting sync.Mutex

// startRuntime makes ONNX Runtime ready, from the shared library at path, unless
// it is ready already. It stays so for the life of the process: others may use it
// through the same library, and it has no threads of its own.
func startRuntime(path string) error {
	starting.Lock()
	defer starting.Unlock()
	if ort.IsInitialized() {
		return nil
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return fmt.Errorf("starting ONNX Runtime from %s: %w", path, err)
	}
	return nil
}
