package openai

import (
	"bytes"
	"fmt"

	"parley/asr"
	"parley/audio/wav"
)

// file makes a WAV file of an utterance, filled up with silence to the shortest
// length that is accepted.
func file(pcm []int16) ([]byte, error) {
	if len(pcm) < shortest {
		pcm = append(make([]int16, 0, shortest), pcm...)[:shortest]
	}
	var b bytes.Buffer
	if err := wav.Write(&b, pcm, asr.Rate); err != nil {
		return nil, fmt.Errorf("%s: preparing the sound: %w", op, err)
	}
	return b.Bytes(), nil
}
