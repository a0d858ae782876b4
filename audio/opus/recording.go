package opus

import (
	"fmt"
	"slices"

	"parley/audio"
)

// maxConceal is how much of a gap is filled with concealment; libopus has faded
// to nothing long before. The rest of a longer gap is zeros.
const maxConceal = audio.HearRate / 2

// recording is the decoder for recognition: libopus, with loss concealment and
// in-band FEC. It implements [audio.Decoder].
type recording struct{ state }

// Decode implements [audio.Decoder]. An empty payload is a packet of 20 ms that
// says that there is nothing to say (DTX).
func (d *recording) Decode(dst []int16, payload []byte) ([]int16, error) {
	if len(payload) == 0 {
		return d.Conceal(dst, audio.HearTick, nil)
	}
	if _, err := samples(payload); err != nil {
		return dst, err
	}
	in, err := d.lock()
	if err != nil {
		return dst, err
	}
	defer in.mu.Unlock()
	return d.decode(in, dst, payload, maxSamples, false)
}

// Conceal implements [audio.Decoder]. On an error nothing is appended.
func (d *recording) Conceal(dst []int16, n int, next []byte) ([]int16, error) {
	if n <= 0 {
		return dst, nil
	}
	in, err := d.lock()
	if err != nil {
		return dst, err
	}
	defer in.mu.Unlock()

	whole := len(dst) + n
	dst = slices.Grow(dst, (n+shortest-1)/shortest*shortest)

	// What next may carry is what comes directly before it, so it fills the end.
	var tail int
	if length, err := samples(next); err == nil && !discontinuous(next) && length <= n && length%shortest == 0 {
		tail = length
	}
	for gap := min(n-tail, maxConceal); gap > 0; {
		// libopus conceals multiples of 2.5 ms, and at most its longest packet.
		step := min(max(gap/shortest, 1)*shortest, maxSamples)
		if dst, err = d.decode(in, dst, nil, step, false); err != nil {
			return dst[:whole-n], err
		}
		gap -= step
	}
	dst = dst[:min(len(dst), whole-tail)]
	for len(dst) < whole-tail {
		dst = append(dst, 0)
	}
	if tail == 0 {
		return dst, nil
	}
	restored, err := d.decode(in, dst, next, tail, true)
	if err != nil && in.gone == nil {
		// next is corrupt; what it says about the past is not needed.
		restored, err = d.decode(in, dst, nil, tail, false)
	}
	if err != nil {
		return dst[:whole-n], err
	}
	return restored, nil
}

// decode appends what libopus makes of payload, or of its absence when it is
// empty, to dst. n is the room in samples, or with fec exactly how much of the
// past is wanted. The instance is locked.
func (d *recording) decode(in *instance, dst []int16, payload []byte, n int, fec bool) ([]int16, error) {
	var data, useFEC uint64
	if len(payload) > 0 {
		if len(payload) > maxPacket || !in.memory.Write(in.packet, payload) {
			return dst, fmt.Errorf("%w: %d bytes do not fit", ErrMalformed, len(payload))
		}
		data = uint64(in.packet)
	}
	if fec {
		useFEC = 1
	}
	got, err := in.call(in.decode, d.ptr, data, uint64(len(payload)), uint64(in.pcm), uint64(n), useFEC)
	if err != nil {
		return dst, d.trapped(in, err)
	}
	if got < 0 {
		return dst, fmt.Errorf("decoding Opus: %w", failure(got))
	}
	return in.appendPCM(slices.Grow(dst, int(got)), int(got))
}

// setUp makes the block at ptr a decoder. The instance is locked.
func (d *recording) setUp(in *instance, ptr uint64) error {
	const channels = 1
	code, err := in.call(in.decoderInit, ptr, audio.HearRate, channels)
	if err != nil {
		return err
	}
	if code < 0 {
		return fmt.Errorf("preparing an Opus decoder: %w", failure(code))
	}
	return nil
}
