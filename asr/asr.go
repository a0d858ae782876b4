// Package asr turns speech into text. Engines live in subfolders: local
// (sherpa-onnx on this machine) and openai (any compatible endpoint).
package asr

import "context"

// Rate is the sample rate in Hz of every [Utterance].
const Rate = 16000

// Utterance is a stretch of one person's speech.
type Utterance struct {
	// PCM is mono sound at Rate. The engine must not keep or change it.
	PCM []int16
	// Language is the BCP 47 tag the caller is thought to speak, or "" when unknown.
	Language string
	// Partial says that the person is still speaking and that the text is only for
	// captions: an engine may answer with less care or with ErrNoPartials.
	Partial bool
}

// Transcript is what was understood.
type Transcript struct {
	// Text is what was said, with the engine's punctuation; "" when nothing was.
	Text string
	// Language is the BCP 47 tag the engine heard, or "" when it does not tell.
	Language string
}

// Recognizer turns an utterance into text. It is safe for use by many
// goroutines; how many really run at once is the engine's own bound.
type Recognizer interface {
	// Transcribe recognises one utterance of any length. It returns soon after ctx
	// ends, with ctx's cause.
	Transcribe(ctx context.Context, u Utterance) (Transcript, error)
}

type noPartials struct{}

func (noPartials) Error() string { return "asr: this engine gives no partial results" }

// ErrNoPartials is what an engine answers to a partial utterance when it would
// cost too much to recognise the same sound again and again (a paid endpoint).
var ErrNoPartials error = noPartials{}
