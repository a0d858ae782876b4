package openai

import (
	"encoding/binary"
	"fmt"
	"io"
)

const (
	// maxHeader bounds what may come before the sound of a WAV.
	maxHeader = 64 << 10
	// unknownLength and above is what streaming encoders write as the length of a
	// file whose end they do not know yet; so is 0.
	unknownLength = 0x7fff0000
)

// header is what a WAV says about its sound.
type header struct {
	rate, channels int
	length         int64 // bytes of sound, or 0 when not known
}

// readHeader reads a WAV up to its first sample (Microsoft and IBM, Multimedia
// Programming Interface 1.0: a RIFF file is a list of chunks of an id, a length
// and a body padded to an even length).
func readHeader(r io.Reader) (header, error) {
	var h header
	var riff [12]byte
	if err := readFull(r, riff[:]); err != nil {
		return h, err
	}
	if string(riff[0:4]) != "RIFF" || string(riff[8:12]) != "WAVE" {
		return h, &notSound{"the answer begins like a WAV file but is none"}
	}
	for taken := int64(len(riff)); ; {
		var chunk [8]byte
		if err := readFull(r, chunk[:]); err != nil {
			return h, err
		}
		length := int64(binary.LittleEndian.Uint32(chunk[4:]))
		padded := length + length%2
		switch string(chunk[:4]) {
		case "data":
			if h.rate == 0 {
				return h, &notSound{"the WAV does not say its format before its sound"}
			}
			if length < unknownLength {
				h.length = length
			}
			return h, nil
		case "fmt ":
			if length < 16 || length > 256 {
				return h, &notSound{"the WAV has a broken format chunk"}
			}
			body := make([]byte, padded)
			if err := readFull(r, body); err != nil {
				return h, err
			}
			if err := h.format(body); err != nil {
				return h, err
			}
		default:
			if taken+padded > maxHeader {
				return h, &notSound{"the WAV has no sound within its first chunks"}
			}
			if n, err := io.CopyN(io.Discard, r, padded); err != nil {
				return h, cut(err, n)
			}
		}
		if taken += int64(len(chunk)) + padded; taken > maxHeader {
			return h, &notSound{"the WAV has no sound within its first chunks"}
		}
	}
}

// format reads a format chunk of at least 16 bytes.
func (h *header) format(b []byte) error {
	tag := binary.LittleEndian.Uint16(b[0:])
	if tag == 0xfffe && len(b) >= 26 {
		tag = binary.LittleEndian.Uint16(b[24:]) // WAVE_FORMAT_EXTENSIBLE: the sub-format
	}
	h.channels = int(binary.LittleEndian.Uint16(b[2:]))
	rate := binary.LittleEndian.Uint32(b[4:])
	bits := binary.LittleEndian.Uint16(b[14:])
	if tag != 1 || bits != 16 {
		return &notSound{fmt.Sprintf("the WAV holds format %d with %d bits, not PCM with 16", tag, bits)}
	}
	if h.channels < 1 || h.channels > maxChannels {
		return &notSound{fmt.Sprintf("the WAV has %d channels", h.channels)}
	}
	if rate < minRate || rate > maxRate {
		return &notSound{fmt.Sprintf("the WAV has a rate of %d Hz", rate)}
	}
	h.rate = int(rate)
	return nil
}

// readFull is io.ReadFull with an end that comes too early said as such.
func readFull(r io.Reader, b []byte) error {
	n, err := io.ReadFull(r, b)
	if err != nil {
		return cut(err, int64(n))
	}
	return nil
}

// cut says that a header ended too early, unless the reading itself failed.
func cut(err error, n int64) error {
	//nolint:errorlint // an answer that was cut off on its way wraps the same error
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return &notSound{fmt.Sprintf("the WAV ends within its header (%d bytes into a part of it)", n)}
	}
	return err
}
