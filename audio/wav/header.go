package wav

import (
	"encoding/binary"
	"fmt"
	"io"
)

// header reads up to the first byte of the samples.
func (r *Reader) header() error {
	var head [12]byte
	if err := r.fill(head[:]); err != nil {
		return err
	}
	// RF64 is the same with sizes over 4 GiB elsewhere, which are not needed.
	if id := string(head[:4]); id != "RIFF" && id != "RF64" || string(head[8:]) != "WAVE" {
		return fmt.Errorf("%w: it does not begin like one", ErrFormat)
	}
	riff := binary.LittleEndian.Uint32(head[4:])
	const afterSize = 8
	consumed := int64(len(head) - afterSize)
	for skipped := int64(0); ; {
		var chunk [8]byte
		if err := r.fill(chunk[:]); err != nil {
			return err
		}
		consumed += int64(len(chunk))
		size := binary.LittleEndian.Uint32(chunk[4:])
		padded := int64(size) + int64(size&1)
		switch string(chunk[:4]) {
		case "data":
			if r.width == 0 {
				return fmt.Errorf("%w: its samples come before their format", ErrFormat)
			}
			r.expect(size, riff, consumed)
			return nil
		case "fmt ":
			if size > maxFormat {
				return fmt.Errorf("%w: its format takes %d bytes", ErrFormat, size)
			}
			format := make([]byte, padded)
			if err := r.fill(format); err != nil {
				return err
			}
			if err := r.format(format[:size]); err != nil {
				return err
			}
		default:
			if skipped += padded; skipped > maxSkipped {
				return fmt.Errorf("%w: more than %d bytes come before its samples", ErrFormat, maxSkipped)
			}
			if _, err := io.CopyN(io.Discard, r.in, padded); err != nil {
				return cutShort(err)
			}
		}
		consumed += padded
	}
}

// expect sets how many bytes of samples may come, from what the chunk and the
// file say of their sizes and how much of the file was consumed. A server that
// makes the sound while it sends it states 0 or the highest number, or the size
// of an empty file; then all that comes is samples.
func (r *Reader) expect(size, riff uint32, consumed int64) {
	r.left = int64(size)
	othersFollow := riff != unknownSize && int64(riff) > consumed
	if size == unknownSize || size == 0 && !othersFollow {
		r.left = 1<<63 - 1
	}
	frame := r.channels * r.width
	r.buffer = make([]byte, max(4096/frame, 1)*frame)
}

// format takes the "fmt " chunk: format, channels, rate, bytes a second, bytes a
// frame, bits a sample, and for the extensible kind the size of the rest, valid
// bits, speaker positions and subformat.
func (r *Reader) format(b []byte) error {
	if len(b) < 16 {
		return fmt.Errorf("%w: its format has %d bytes, want at least 16", ErrFormat, len(b))
	}
	format, channels := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
	rate, frame, bits := binary.LittleEndian.Uint32(b[4:]), int(binary.LittleEndian.Uint16(b[12:])), int(binary.LittleEndian.Uint16(b[14:]))
	if format == formatExtensible {
		if len(b) < 40 || string(b[26:40]) != extensibleTail {
			return fmt.Errorf("%w: its extended format is unknown", ErrFormat)
		}
		format = binary.LittleEndian.Uint16(b[24:])
	}
	if channels < 1 || channels > maxChannels {
		return fmt.Errorf("%w: it has %d channels, want 1 to %d", ErrFormat, channels, maxChannels)
	}
	if rate < minRate || rate > maxRate {
		return fmt.Errorf("%w: its rate is %d Hz, want %d to %d", ErrFormat, rate, minRate, maxRate)
	}
	switch {
	case format == formatPCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32):
	case format == formatFloat && bits == 32:
	default:
		return fmt.Errorf("%w: it has format %d with %d bits, want PCM with 8, 16, 24 or 32 or float with 32", ErrFormat, format, bits)
	}
	if frame != channels*bits/8 {
		return fmt.Errorf("%w: %d channels of %d bits do not take %d bytes", ErrFormat, channels, bits, frame)
	}
	r.rate, r.channels, r.width, r.float = int(rate), channels, bits/8, format == formatFloat
	return nil
}

// fill reads all of b.
func (r *Reader) fill(b []byte) error {
	_, err := io.ReadFull(r.in, b)
	return cutShort(err)
}

// cutShort names the end of the input as what it is inside a header. Errors that
// wrap such an end are of the input's own: a download that broke off.
func cutShort(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF { //nolint:errorlint // see above
		return fmt.Errorf("%w: it ends before its samples", ErrFormat)
	}
	return err
}
