// Package onnx starts ONNX Runtime, which is one for a whole process, for
// whichever package needs it first.
package onnx

import (
	"fmt"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// DefaultLibrary finds the ONNX Runtime that sherpa-onnx has brought into the
// process: the dynamic linker answers a bare name with what is already loaded.
// A program without sherpa-onnx must say where the library lies.
const DefaultLibrary = "libonnxruntime.so"

// starting lets one goroutine at a time start ONNX Runtime. The state that it
// guards is onnxruntime_go's, which is one for the whole process and not safe by
// itself.
//
//nolint:gochecknoglobals // what it guards is as global, and not ours
var starting sync.Mutex

// Start makes ONNX Runtime ready, from the shared library at path, unless it is
// ready already: the first call in a process decides for all. It stays so for
// the life of the process; it has no threads of its own.
func Start(path string) error {
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
