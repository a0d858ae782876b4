// Package g711 is the codec of telephones (ITU-T G.711): one byte for each
// sample at 8 kHz, in the two laws "PCMU" (µ-law) and "PCMA" (A-law). It is what
// a call falls back to when one of the two sides lacks Opus.
//
// The conversion between 8 kHz and the program's rates is inside, and adds 4 ms
// of delay in either direction. All state is that of one encoder or decoder.
package g711

import (
	"bytes"
	"fmt"
	"slices"

	"parley/audio"
	"parley/audio/resample"
)

const (
	// rate is the rate of G.711 in Hz.
	rate = 8000

	// tick is the bytes, which are samples, of one packet of 20 ms.
	tick = rate / 50

	// maxPayload bounds a packet: half a second, more than fits in one datagram
	// of a usual network.
	maxPayload = rate / 2
)

// law is one of the two ways to write a sample as a byte. It does not change
// once it is made.
type law struct {
	expand   [256]int16
	compress func(int16) byte
}

// MuLaw makes the codec "PCMU" of North America and Japan.
func MuLaw() audio.Codec {
	return codec("PCMU", newLaw(compressMu, expandMu))
}

// ALaw makes the codec "PCMA" of the rest of the world.
func ALaw() audio.Codec {
	return codec("PCMA", newLaw(compressA, expandA))
}

// newLaw tabulates expand.
func newLaw(compress func(int16) byte, expand func(byte) int16) *law {
	l := &law{compress: compress}
	for i := range l.expand {
		l.expand[i] = expand(byte(i))
	}
	return l
}

// codec puts a law into the program's terms.
func codec(name string, l *law) audio.Codec {
	decoder := func() (audio.Decoder, error) { return newDecoder(l) }
	return audio.Codec{
		Name:         name,
		ClockRate:    rate,
		Silence:      bytes.Repeat([]byte{l.compress(0)}, tick),
		Tail:         1, // the resampler's delay
		NewEncoder:   func() (audio.Encoder, error) { return newEncoder(l) },
		NewHearing:   decoder,
		NewRecording: decoder,
	}
}

// encoder implements [audio.Encoder].
type encoder struct {
	law  *law
	down *resample.Resampler
	pcm  [tick]int16
}

func newEncoder(l *law) (*encoder, error) {
	down, err := resample.New(audio.SpeakRate, rate)
	if err != nil {
		return nil, fmt.Errorf("making a G.711 encoder: %w", err)
	}
	return &encoder{law: l, down: down}, nil
}

// Encode implements [audio.Encoder].
func (e *encoder) Encode(dst []byte, pcm []int16) ([]byte, error) {
	if len(pcm) != audio.SpeakTick {
		return dst, fmt.Errorf("encoding G.711: %d samples given, a packet takes %d", len(pcm), audio.SpeakTick)
	}
	dst = slices.Grow(dst, tick)
	for _, s := range e.down.Process(e.pcm[:0], pcm) {
		dst = append(dst, e.law.compress(s))
	}
	return dst, nil
}

// Close implements [audio.Encoder]; there is nothing to free.
func (e *encoder) Close() error { return nil }

// decoder implements [audio.Decoder].
type decoder struct {
	law  *law
	up   *resample.Resampler
	past past
	pcm  [tick]int16
}

func newDecoder(l *law) (*decoder, error) {
	up, err := resample.New(rate, audio.HearRate)
	if err != nil {
		return nil, fmt.Errorf("making a G.711 decoder: %w", err)
	}
	return &decoder{law: l, up: up}, nil
}

// Decode implements [audio.Decoder]. Every byte is a sample, so only the length
// of a payload can be wrong.
func (d *decoder) Decode(dst []int16, payload []byte) ([]int16, error) {
	if len(payload) == 0 || len(payload) > maxPayload {
		return dst, fmt.Errorf("decoding G.711: a packet of %d bytes, want 1 to %d", len(payload), maxPayload)
	}
	dst = slices.Grow(dst, len(payload)*audio.HearRate/rate)
	for len(payload) > 0 {
		pcm := d.pcm[:min(len(payload), tick)]
		for i := range pcm {
			pcm[i] = d.law.expand[payload[i]]
		}
		d.past.join(pcm)
		dst = d.up.Process(dst, pcm)
		payload = payload[len(pcm):]
	}
	return dst, nil
}

// Conceal implements [audio.Decoder]: the last pitch period goes on and fades
// out within 60 ms.
func (d *decoder) Conceal(dst []int16, n int, _ []byte) ([]int16, error) {
	const each = audio.HearRate / rate
	if n <= 0 {
		return dst, nil
	}
	whole := len(dst) + n
	dst = slices.Grow(dst, n+each)
	for len(dst) < whole {
		missing := (whole - len(dst) + each - 1) / each
		pcm := d.pcm[:min(missing, tick)]
		d.past.goOn(pcm)
		dst = d.up.Process(dst, pcm)
	}
	return dst[:whole], nil
}

// Close implements [audio.Decoder]; there is nothing to free.
func (d *decoder) Close() error { return nil }
