package opus

import (
	"errors"
	"fmt"

	"parley/audio"
)

// ErrMalformed is wrapped by the errors of Decode for a payload that is no Opus
// packet.
var ErrMalformed = errors.New("not an Opus packet")

const (
	// maxPacket bounds a payload in bytes. One RTP packet holds at most 1,500;
	// three whole Opus frames of 1,275 are more than any sender puts in one.
	maxPacket = 4096

	// maxSamples is the longest packet that RFC 6716 allows, 120 ms, at HearRate.
	maxSamples = audio.HearRate * 120 / 1000

	// shortest is the shortest frame, 2.5 ms, at HearRate. Lengths are counted in
	// multiples of it.
	shortest = audio.HearRate / 400
)

// silence is one packet of 20 ms: CELT, super-wideband, mono, one frame whose
// silence flag is set (RFC 6716 section 4.3, table 56). It decodes to exact
// zeros, and it is also what the encoder makes of zeros.
const silence = "\xd8\xff\xfe"

// pause is the same without its frame, which is then one "not to be transmitted" (RFC
// 6716 section 3.2.1): an encoder sends it once before it pauses.
const pause = "\xd8"

// samples returns the length of a packet at HearRate from its first two bytes
// (RFC 6716 section 3.1, table 2). It does not look at the frames.
func samples(payload []byte) (int, error) {
	if len(payload) == 0 {
		return 0, fmt.Errorf("%w: it is empty", ErrMalformed)
	}
	if len(payload) > maxPacket {
		return 0, fmt.Errorf("%w: %d bytes are more than %d", ErrMalformed, len(payload), maxPacket)
	}
	frames := 1
	switch payload[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(payload) < 2 {
			return 0, fmt.Errorf("%w: the frame count is missing", ErrMalformed)
		}
		frames = int(payload[1] & 63)
		if frames == 0 {
			return 0, fmt.Errorf("%w: it says that it has no frames", ErrMalformed)
		}
	}
	n := frames * frameSamples(payload[0]>>3)
	if n > maxSamples {
		return 0, fmt.Errorf("%w: it is longer than 120 ms", ErrMalformed)
	}
	return n, nil
}

// frameSamples returns the length of one frame at HearRate for a configuration
// number, 0 to 31.
func frameSamples(config byte) int {
	switch {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		switch config & 3 {
		case 3:
			return 24 * shortest
		default:
			return 4 * shortest << (config & 3)
		}
	case config < 16: // hybrid: 10, 20 ms
		return 4 * shortest << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		return shortest << (config & 3)
	}
}

// discontinuous reports whether a packet says only that there is nothing to say
// (DTX): it has no frame of more than one byte.
func discontinuous(payload []byte) bool { return len(payload) <= 2 }

// hasFEC reports whether a packet carries a copy of the one before (in-band FEC,
// called LBRR in RFC 6716 section 4.2.3). Each SILK layer begins with a flag of
// one bit for each of its 20 ms frames, saying whether there is voice, and then
// that bit; with a probability of one half each they are plain bits of the first
// byte, inverted twice by the range coder.
func hasFEC(payload []byte) bool {
	if len(payload) < 2 || payload[0]>>3 >= 16 {
		return false
	}
	at := 1
	switch payload[0] & 3 {
	case 2:
		// The length of the first frame, in one or two bytes.
		if at++; payload[1] >= 252 {
			at++
		}
	case 3:
		// Padding and lengths may come first. Such packets are rare and the flag
		// only saves work, so they are not looked into.
		return false
	}
	if at >= len(payload) {
		return false
	}
	frames := max(frameSamples(payload[0]>>3)/(8*shortest), 1)
	first := payload[at]
	flagged := first>>(7-frames)&1 != 0
	if stereo := payload[0]&4 != 0; stereo {
		flagged = flagged || first>>(6-2*frames)&1 != 0
	}
	return flagged
}
