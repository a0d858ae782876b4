package opus

import (
	"fmt"
	"slices"

	pion "github.com/pion/opus"

	"parley/audio"
)

// hearing is the decoder for voice activity: pion/opus, which needs no wasm. It
// implements [audio.Decoder].
//
// pion/opus v0.1.0 allocates nothing once it runs, but for packets with in-band
// FEC: to skip the copy it clones its SILK decoder (21 allocations, 9 kB). A
// sender that has begun with those goes on for long, so the first one hands the
// stream over to libopus, if that is ready.
type hearing struct {
	lib     *Library
	decoder pion.Decoder

	// handed is the decoder of libopus that has taken the stream over, or nil.
	handed audio.Decoder

	// rest is the packet of silence that the decoder has come to rest with: it
	// became zeros, and would again. Most callers are silent most of the time, and
	// not decoding their silence saves a third of what a silent call costs.
	rest string
}

// newHearing makes a decoder of packets to mono at HearRate.
func newHearing(lib *Library) (audio.Decoder, error) {
	d := &hearing{lib: lib}
	if err := d.reset(); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *hearing) reset() (err error) {
	const channels = 1
	if d.decoder, err = pion.NewDecoderWithOutput(audio.HearRate, channels); err != nil {
		return fmt.Errorf("making an Opus decoder: %w", err)
	}
	return nil
}

// Decode implements [audio.Decoder]. A packet that says that there is nothing to
// say (DTX; an empty one counts as 20 ms) is zeros.
func (d *hearing) Decode(dst []int16, payload []byte) (out []int16, err error) {
	n := audio.HearTick
	if len(payload) > 0 {
		if n, err = samples(payload); err != nil {
			return dst, err
		}
	}
	if d.handed == nil && hasFEC(payload) {
		// Without libopus pion goes on.
		d.handed, _ = d.lib.newRecording()
	}
	if d.handed != nil {
		return d.handed.Decode(dst, payload)
	}
	if discontinuous(payload) {
		return d.Conceal(dst, n, nil)
	}
	if len(payload) <= maxRest && string(payload) == d.rest {
		return d.Conceal(dst, n, nil)
	}
	before := len(dst)
	defer func() {
		// The payload comes from outside, and the decoder is young.
		if r := recover(); r != nil {
			out, err = dst[:before], fmt.Errorf("%w: the decoder panicked: %v", ErrMalformed, r)
			if again := d.reset(); again != nil {
				err = again
			}
		}
	}()
	dst = slices.Grow(dst, n)
	got, err := d.decoder.DecodeToInt16(payload, dst[before:before+n])
	if err != nil {
		return dst[:before], fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	dst = dst[:before+got]
	d.noteRest(payload, dst[before:])
	return dst, nil
}

// maxRest is the longest packet that is taken for stock silence, in bytes: a table
// of contents and the two bytes in which CELT says that there is nothing.
const maxRest = 3

// noteRest notes whether the decoder has come to rest.
func (d *hearing) noteRest(payload []byte, pcm []int16) {
	switch {
	case len(payload) > maxRest:
		d.rest = ""
	case len(pcm) > 0 && !slices.ContainsFunc(pcm, func(s int16) bool { return s != 0 }):
		d.rest = string(payload)
	}
}

// Conceal implements [audio.Decoder] with zeros, or as libopus does once it has
// the stream.
func (d *hearing) Conceal(dst []int16, n int, next []byte) ([]int16, error) {
	if n <= 0 {
		return dst, nil
	}
	if d.handed != nil {
		return d.handed.Conceal(dst, n, next)
	}
	before := len(dst)
	dst = slices.Grow(dst, n)[:before+n]
	clear(dst[before:])
	return dst, nil
}

// Close implements [audio.Decoder].
func (d *hearing) Close() error {
	if d.handed == nil {
		return nil
	}
	return d.handed.Close()
}
