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
