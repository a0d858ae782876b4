// Package agenttest has engines that need no models, for tests of what stands around a
// conversation. Brains are not among them: what one answers is what a test is about.
// All may be used from any goroutine.
package agenttest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	"parley/agent"
	"parley/asr"
	"parley/audio"
	"parley/tools"
	"parley/tts"
	"parley/vad"
)

// Loud is a detector that hears a voice in all that is loud.
type Loud struct{}

var _ vad.Detector = Loud{}

// Probability implements vad.Detector: by the root of the mean square of the samples.
func (Loud) Probability(window []float32) float32 {
	sum := 0.0
	for _, s := range window {
		sum += float64(s) * float64(s)
	}
	if math.Sqrt(sum/float64(max(1, len(window)))) > 0.03 {
		return 0.95
	}
	return 0.01
}

// Peek implements vad.Detector.
func (l Loud) Peek(window []float32) float32 { return l.Probability(window) }

// Reset implements vad.Detector.
func (Loud) Reset() {}

// Heard is a recogniser that understands the same words in all speech, in English; where
// there are none it fails. It has no partial results.
type Heard string

var _ asr.Recognizer = Heard("")

// Transcribe implements asr.Recognizer.
func (h Heard) Transcribe(_ context.Context, u asr.Utterance) (asr.Transcript, error) {
	switch {
	case u.Partial:
		return asr.Transcript{}, asr.ErrNoPartials
	case h == "":
		return asr.Transcript{}, errors.New("the recogniser is out of order")
	}
	return asr.Transcript{Text: string(h), Language: "en"}, nil
}

// Buzz is a voice that buzzes for as long as it is for each word.
type Buzz time.Duration

var _ tts.Voice = Buzz(0)

// Speak implements tts.Voice: a piece of sound for a word.
func (b Buzz) Speak(_ context.Context, r tts.Request) iter.Seq2[[]int16, error] {
	return func(yield func([]int16, error) bool) {
		for range strings.FieldsSeq(r.Text) {
			if !yield(Sound(time.Duration(b)), nil) {
				return
			}
		}
	}
}

// Sound is a loud buzz, at audio.SpeakRate.
func Sound(d time.Duration) []int16 {
	pcm := make([]int16, int64(d)*audio.SpeakRate/int64(time.Second))
	for i := range pcm {
		pcm[i] = int16(8000 - 16000*(i/40%2))
	}
	return pcm
}

// Phrases are the least that a conversation needs: no phrase, and no words with a
// meaning of their own. Tests embed them and say what they need beside.
type Phrases struct{}

var _ agent.Phrasebook = Phrases{}

// System implements agent.Phrasebook.
func (Phrases) System(string, tools.Caller, bool) (string, error) { return "You are a test.", nil }

// Phrase implements agent.Phrasebook; there is none.
func (Phrases) Phrase(_, key string, _ tools.Caller) (string, error) {
	return "", fmt.Errorf("no phrase %q", key)
}

// Backchannel implements agent.Phrasebook.
func (Phrases) Backchannel(string, string) bool { return false }

// Interruption implements agent.Phrasebook.
func (Phrases) Interruption(string, string) bool { return false }

// Affirmation implements agent.Phrasebook.
func (Phrases) Affirmation(string, string) bool { return false }

// Negation implements agent.Phrasebook.
func (Phrases) Negation(string, string) bool { return false }

// Dictation implements agent.Phrasebook.
func (Phrases) Dictation(string, string) bool { return false }

// Recall implements agent.Phrasebook.
func (Phrases) Recall(string, string) bool { return false }

// Toolbox has one tool that reads, "look", and what it finds, as JSON.
type Toolbox string

var _ tools.Set = Toolbox("")

// Definitions implements tools.Set.
func (Toolbox) Definitions(tools.Caller) []tools.Definition {
	return []tools.Definition{{Name: "look", Effect: tools.Read}}
}

// Check implements tools.Set.
func (Toolbox) Check(tools.Call) error { return nil }

// Run implements tools.Set.
func (t Toolbox) Run(context.Context, tools.Call) (tools.Result, error) {
	return tools.Result{JSON: []byte(t)}, nil
}
