//go:build !unix

package opus

import "context"

// withMemory leaves the linear memories on the Go heap.
func withMemory(ctx context.Context) context.Context { return ctx }
