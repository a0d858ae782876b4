// Package vad says whether someone is speaking, and whether they have finished.
// Engines live in subfolders: silero (pure Go), smartturn (ONNX).
package vad

import "context"

const (
	// Rate is the sample rate in Hz of all that this package takes.
	Rate = 16000
	// Window is the number of samples a [Detector] judges at once: 32 ms.
	Window = 512
)

// Detector judges windows of sound one after another. It keeps state between
// windows and belongs to one conversation and one goroutine. It never allocates.
type Detector interface {
	// Probability takes the next Window samples, in [-1, 1], and returns the
	// probability in [0, 1] that they are speech.
	Probability(window []float32) float32
	// Peek judges a window as Probability would and leaves the state as it was, so
	// that sound can be judged before a whole new window has arrived: the caller
	// passes the latest Window samples, some of which it may have passed before.
	Peek(window []float32) float32
	// Reset forgets all that came before.
	Reset()
}

// TurnModel judges from the sound alone whether a person has said all they
// wanted to say. It is safe for use by many goroutines.
type TurnModel interface {
	// Complete takes the sound of the turn so far at Rate, ending in the pause
	// that raised the question (only the last 8 s count), and returns the
	// probability in [0, 1] that the turn is complete. It returns ctx's error when
	// ctx ends first.
	Complete(ctx context.Context, pcm []int16) (float32, error)
}
