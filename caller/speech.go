package caller

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"parley/audio"
)

// A 20 ms piece of a recording counts as voiced when its level (RMS) is over
// voicedFloor and within voicedRange of the loudest piece, and a neighbour is voiced
// too. Thirty decibels take in the ends of words and leave out breath and room.
const (
	voicedFloor = -45.0 // dBFS
	voicedRange = 30.0  // dB
)

// Speech is a recording cut into packets, encoded once for all calls. It is not
// changed once made and may be shared.
type Speech struct {
	Name    string
	packets [][]byte
	// first and last are the first and the last voiced packet.
	first, last int
}

// NewSpeech encodes PCM at audio.SpeakRate with a codec. It fails when nothing in
// it is loud enough to be speech.
func NewSpeech(name string, pcm []int16, codec audio.Codec) (*Speech, error) {
	if rest := len(pcm) % audio.SpeakTick; rest > 0 {
		pcm = append(slices.Clip(pcm), make([]int16, audio.SpeakTick-rest)...)
	}
	s := &Speech{Name: name}
	var err error
	if s.first, s.last, err = voicedPart(pcm); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	encoder, err := codec.NewEncoder()
	if err != nil {
		return nil, fmt.Errorf("making a %s encoder: %w", codec.Name, err)
	}
	defer encoder.Close()
	for ; len(pcm) > 0; pcm = pcm[audio.SpeakTick:] {
		packet, err := encoder.Encode(nil, pcm[:audio.SpeakTick])
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", name, err)
		}
		s.packets = append(s.packets, packet)
	}
	return s, nil
}

// Voiced is the length from the first to the last voiced packet.
func (s *Speech) Voiced() time.Duration {
	return time.Duration(s.last-s.first+1) * audio.Tick
}

// voicedPart finds the first and the last tick of pcm in which someone speaks.
func voicedPart(pcm []int16) (first, last int, err error) {
	levels := make([]float64, len(pcm)/audio.SpeakTick)
	loudest := math.Inf(-1)
	for i := range levels {
		levels[i] = level(pcm[i*audio.SpeakTick : (i+1)*audio.SpeakTick])
		loudest = max(loudest, levels[i])
	}
	threshold := max(voicedFloor, loudest-voicedRange)
	loud := func(i int) bool { return i >= 0 && i < len(levels) && levels[i] > threshold }
	first = -1
	for i := range levels {
		if loud(i) && (loud(i-1) || loud(i+1)) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return 0, 0, errors.New("nothing in it is as loud as speech")
	}
	return first, last, nil
}

// level is the RMS of PCM in decibels relative to full scale, minus infinity for
// silence. A constant offset, which no one hears, counts for nothing: codecs leave
// one behind after a sound.
func level(pcm []int16) float64 {
	if len(pcm) == 0 {
		return math.Inf(-1)
	}
	var sum, squares float64
	for _, sample := range pcm {
		sum += float64(sample)
		squares += float64(sample) * float64(sample)
	}
	n := float64(len(pcm))
	mean := sum / n
	return 10 * math.Log10((squares/n-mean*mean)/(32768*32768))
}

// FirstPhrase returns what is said in pcm, at audio.SpeakRate, until the first pause
// of 400 ms that comes after at least a second of voice, and a little of the pause: a
// question, cut from someone who reads aloud.
func FirstPhrase(pcm []int16) []int16 {
	const (
		atLeast = 50 // ticks
		pause   = 20
		after   = 10
	)
	first, last, err := voicedPart(pcm)
	if err != nil {
		return pcm
	}
	levels := make([]float64, last+1)
	loudest := math.Inf(-1)
	for i := range levels {
		levels[i] = level(pcm[i*audio.SpeakTick : (i+1)*audio.SpeakTick])
		loudest = max(loudest, levels[i])
	}
	quiet := 0
	for i := first; i <= last; i++ {
		if levels[i] > max(voicedFloor, loudest-voicedRange) {
			quiet = 0
			continue
		}
		if quiet++; quiet == pause && i-first-pause >= atLeast {
			return pcm[:(i-pause+1+after)*audio.SpeakTick]
		}
	}
	return pcm
}
