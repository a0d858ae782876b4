//go:build race

package vad_test

// racing says that the race detector watches.
const racing = true
