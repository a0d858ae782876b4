//go:build !race

package vad_test

// racing is explained in race_test.go.
const racing = false
