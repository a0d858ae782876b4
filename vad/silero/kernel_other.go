//go:build !amd64 || purego

package silero

// fastestGemv returns the fastest gemv that this processor can run.
func fastestGemv() gemv { return gemvGo }
