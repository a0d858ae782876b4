package wav

import (
	"encoding/binary"
	"fmt"
	"io"
)

// headerSize is the length of what Write puts before the samples.
const headerSize = 44

// Write writes a WAV file of one channel with 16 bits a sample.
func Write(w io.Writer, pcm []int16, rate int) error { return write(w, pcm, 1, rate) }

// WriteStereo writes a WAV file of two channels with 16 bits a sample. Both have to be
// of one length.
func WriteStereo(w io.Writer, left, right []int16, rate int) error {
	if len(left) != len(right) {
		return fmt.Errorf("writing a WAV file: the channels have %d and %d samples", len(left), len(right))
	}
	pcm := make([]int16, 0, 2*len(left))
	for i := range left {
		pcm = append(pcm, left[i], right[i])
	}
	return write(w, pcm, 2, rate)
}

// write writes samples of which those of all channels at one moment follow each other.
func write(w io.Writer, pcm []int16, channels, rate int) error {
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
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*width))
	b = le.AppendUint16(b, uint16(channels*width))
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
