package local

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"parley/audio"
	"parley/audio/resample"
)

const (
	// lead is how much of the silence before the voice stays: enough for the soft
	// beginning of a consonant that is below the threshold. Piper makes 50 ms.
	lead = 25 * time.Millisecond
	// voiced is the level above which there is voice, -46 dB of full scale.
	voiced = 0.005
)

// shape turns the samples of a model into what is played: one sentence without
// the silence around it that the model makes up, followed by a pause, at
// audio.SpeakRate. Samples without voice give nothing.
func shape(samples []float32, rate int, pause time.Duration) ([]int16, error) {
	first, last := -1, -1
	for i, s := range samples {
		if s > voiced || s < -voiced {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return nil, nil
	}
	first = max(first-at(rate, lead), 0)
	end := last + 1 + at(rate, pause)
	pcm := make([]int16, end-first)
	for i, s := range samples[first:min(end, len(samples))] {
		pcm[i] = clip(s)
	}
	out, err := resample.All(pcm, rate, audio.SpeakRate)
	if err != nil {
		return nil, fmt.Errorf("converting the voice from %d Hz: %w", rate, err)
	}
	return out, nil
}

// clip turns a sample in -1…1 into 16 bits; the model exceeds that at times.
func clip(s float32) int16 {
	v := s * 32767
	switch {
	case v > 32767:
		return 32767
	case v < -32768:
		return -32768
	case v != v: // NaN
		return 0
	}
	return int16(v)
}

// at is the number of samples in d.
func at(rate int, d time.Duration) int { return int(d.Seconds() * float64(rate)) }

// pauseAfter is the silence that belongs after a clause, by its last sign. Piper
// leaves between 10 and 180 ms without a rule.
func pauseAfter(clause string) time.Duration {
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(clause, `"')]}”’`))
	switch last {
	case '.', '!', '?', '。', '！', '？', '…':
		return 220 * time.Millisecond
	case ',', ';', ':', '，', '；', '：', '、', '–', '—', '-':
		return 110 * time.Millisecond
	}
	return 40 * time.Millisecond
}
