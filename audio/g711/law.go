package g711

import "math/bits"

// The two laws as in ITU-T G.711 (tables 1a to 2b), for samples of 16 bits: of
// those A-law uses the upper 13 and µ-law the upper 14. Negative numbers are
// taken by their complement, as the ITU's own software (G.191) does.

// muBias moves the segments of µ-law to powers of two.
const muBias = 33

func compressMu(s int16) byte {
	sign := byte(0x80)
	if s < 0 {
		s, sign = ^s, 0
	}
	magnitude := min(uint16(s)>>2+muBias, 0x1fff)
	// Segment 0 has its leading bit at position 5, segment 7 at position 12.
	segment := bits.Len16(magnitude) - 6
	step := magnitude >> (segment + 1) & 0x0f
	return sign | ^byte(segment<<4|int(step))&0x7f
}

func expandMu(b byte) int16 {
	code := ^b
	segment, step := code>>4&7, int16(code&0x0f)
	magnitude := (2*step+muBias)<<segment - muBias
	if code&0x80 != 0 {
		return -4 * magnitude
	}
	return 4 * magnitude
}

// aEven are the bits that A-law inverts on the line.
const aEven = 0x55

func compressA(s int16) byte {
	sign := byte(0x80)
	if s < 0 {
		s, sign = ^s, 0
	}
	magnitude := uint16(s) >> 4
	// Segments 0 and 1 have the same step; each further one doubles it.
	segment := max(bits.Len16(magnitude)-4, 0)
	step := magnitude >> max(segment-1, 0) & 0x0f
	return (sign | byte(segment<<4|int(step))) ^ aEven
}

func expandA(b byte) int16 {
	code := b ^ aEven
	segment, step := code>>4&7, int16(code&0x0f)
	magnitude := 2*step + 1
	if segment > 0 {
		magnitude = (magnitude + 32) << (segment - 1)
	}
	if code&0x80 == 0 {
		return -8 * magnitude
	}
	return 8 * magnitude
}
