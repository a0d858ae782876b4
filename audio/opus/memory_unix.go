//go:build unix

package opus

import (
	"context"
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// withMemory has the linear memories of modules instantiated with ctx come from
// the system instead of the Go heap. Of the 16 MiB that the module asks for only
// some hundred kilobytes are ever touched: on the Go heap all of it would count
// as live and make the collector wait for as much garbage.
func withMemory(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(
		func(_, limit uint64) experimental.LinearMemory { return &mapped{limit: limit} }))
}

// mapped is a linear memory in a mapping of its full size, so that it never moves.
type mapped struct {
	limit  uint64
	memory []byte
}

// Reallocate returns the first size bytes, or nil when the system has no memory.
func (m *mapped) Reallocate(size uint64) []byte {
	if m.memory == nil {
		memory, err := syscall.Mmap(-1, 0, int(m.limit), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			return nil
		}
		m.memory = memory
	}
	if size > uint64(len(m.memory)) {
		return nil
	}
	return m.memory[:size]
}

// Free gives the mapping back. wazero calls it when the module is closed.
func (m *mapped) Free() {
	if m.memory == nil {
		return
	}
	// Unmapping what was mapped above cannot fail.
	_ = syscall.Munmap(m.memory)
	m.memory = nil
}
