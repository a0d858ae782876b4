package wav

import (
	"encoding/binary"
	"fmt"
	"io"
)

// headerSize is the length of what Write puts before the samples.
const headerSize = 44

// Write writes a WAV file of one channel with 16 bits a sample.
func Write(w io.Writer, pcm []int16, rate int) error {
	if rate < minRate || rate > maxRate {
		return fmt.Errorf("writing a WAV file: the rate is %d Hz, want %d to %d", rate, minRate, maxRate)
	}
	const width = 2
	if int64(len(pcm))*width > unknownSize-headerSize {
		return fmt.Errorf("writing a WAV file: %d samples do not fit", len(pcm))
	}
	size := uint32(len(pcm) * width)
	b := make([]byte, 0, headerSize+int(size))
	le := binary.LittleEndian
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, headerSize-8+size)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, formatPCM)
	b = le.AppendUint16(b, 1)
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*width))
	b = le.AppendUint16(b, width)
	b = le.AppendUint16(b, 8*width)
	b = append(b, "data"...)
	b = le.AppendUint32(b, size)
	for _, s := range pcm {
		b = le.AppendUint16(b, uint16(s))
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("writing a WAV file: %w", err)
	}
	return nil
}
