// Package tts turns text into speech: it cuts a model's stream of text into
// clauses, writes out what a voice would misread, and says when each word is
// spoken. Engines live in subfolders: local (sherpa-onnx) and openai.
package tts

import (
	"context"
	"iter"
)

// Request is one clause to speak.
type Request struct {
	// Text is what the voice reads, already written out for speech.
	Text string
	// Language is the BCP 47 tag of Text; "" means the voice's own.
	Language string
}

// Voice speaks. It is safe for use by many goroutines; how many really run at
// once is the engine's own bound.
type Voice interface {
	// Speak returns the sound of one clause as mono 16-bit PCM at
	// audio.SpeakRate (24 kHz), in pieces as they become ready. The memory of a
	// piece belongs to the caller. The sequence ends after the last piece, or
	// after one error. It returns soon after ctx ends, with ctx's cause as the
	// error; a caller that stops ranging early stops the work as well.
	Speak(ctx context.Context, r Request) iter.Seq2[[]int16, error]
}
