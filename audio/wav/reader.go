// Package wav reads and writes WAV files (RIFF WAVE) of speech.
//
// It takes what microphones, editors and speech servers produce, and is made for
// input that nobody has checked: sizes in the file are never believed further
// than the bytes that follow, and memory grows only with those.
package wav

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrFormat is wrapped by the errors for input that is no WAV file, or one of a
// kind that is not read.
var ErrFormat = errors.New("not a usable WAV file")

// ErrTooLong is wrapped by the error of Read for more samples than allowed.
var ErrTooLong = errors.New("the WAV file is too long")

const (
	// unknownSize is what is written for a size that is not known yet.
	unknownSize = 0xffffffff

	// maxFormat bounds the "fmt " chunk, which has 16 to 40 bytes.
	maxFormat = 1 << 10

	// maxSkipped bounds all that is skipped before the samples (cover pictures,
	// cue lists, padding).
	maxSkipped = 16 << 20

	maxChannels = 8
	minRate     = 1000
	maxRate     = 384000
)

// Formats of samples (Microsoft's mmreg.h).
const (
	formatPCM        = 1
	formatFloat      = 3
	formatExtensible = 0xfffe
)

// extensibleTail is the end of the subformat GUIDs that only repeat one of the
// formats above in their first two bytes.
const extensibleTail = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

// Reader reads the samples of a WAV file, or of sound without a header, while it
// arrives. It belongs to one goroutine.
type Reader struct {
	in *bufio.Reader

	rate, channels, width int
	float                 bool

	// left is how many bytes of samples are still to come, at most.
	left int64

	// buffer holds bytes read but not yet returned, from its beginning; have is
	// how many.
	buffer []byte
	have   int
	err    error
}

// NewReader reads everything before the first sample.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewReader(in)}
	if err := r.header(); err != nil {
		return nil, fmt.Errorf("reading a WAV file: %w", err)
	}
	return r, nil
}

// NewRaw reads sound that is only samples: one channel, 16 bits, little endian,
// until the input ends.
func NewRaw(in io.Reader, rate int) *Reader {
	r := &Reader{in: bufio.NewReader(in), rate: rate, channels: 1, width: 2}
	r.expect(unknownSize, unknownSize, 0)
	return r
}

// Rate returns the sample rate in Hz, 1,000 to 384,000.
func (r *Reader) Rate() int { return r.rate }

// Channels returns how many channels are mixed into one, 1 to 8.
func (r *Reader) Channels() int { return r.channels }

// Read fills pcm with as many samples as are there, at least one, and returns
// their number; it waits only when there are none. More channels than one are
// averaged. At the end it returns io.EOF; a file that ends before the size that
// it states ends there, and half a sample at the end is left out.
func (r *Reader) Read(pcm []int16) (int, error) {
	if len(pcm) == 0 {
		return 0, nil
	}
	frame := r.channels * r.width
	for r.have < frame {
		if r.err != nil {
			return 0, r.err
		}
		if r.left < int64(frame-r.have) {
			r.err = io.EOF
			return 0, r.err
		}
		var n int
		n, r.err = r.in.Read(r.buffer[r.have:min(int64(len(r.buffer)), int64(r.have)+r.left)])
		r.have += n
		r.left -= int64(n)
		if r.err != nil && !errors.Is(r.err, io.EOF) {
			r.err = fmt.Errorf("reading the samples: %w", r.err)
		}
	}
	n := min(r.have/frame, len(pcm))
	for i := range pcm[:n] {
		pcm[i] = r.mix(r.buffer[i*frame:][:frame])
	}
	r.have = copy(r.buffer, r.buffer[n*frame:r.have])
	return n, nil
}

// Read reads a whole file of at most limit samples. It returns the samples mixed
// into one channel and their rate in Hz.
func Read(in io.Reader, limit int) (pcm []int16, rate int, err error) {
	r, err := NewReader(in)
	if err != nil {
		return nil, 0, err
	}
	var block [4096]int16
	for {
		n, err := r.Read(block[:])
		if errors.Is(err, io.EOF) {
			return pcm, r.Rate(), nil
		}
		if err != nil {
			return nil, 0, err
		}
		if n > limit-len(pcm) {
			return nil, 0, fmt.Errorf("%w: it has more than %d samples", ErrTooLong, limit)
		}
		pcm = append(pcm, block[:n]...)
	}
}

// mix makes one sample of a frame.
func (r *Reader) mix(frame []byte) int16 {
	if r.channels == 1 {
		return r.sample(frame)
	}
	sum := 0
	for ; len(frame) > 0; frame = frame[r.width:] {
		sum += int(r.sample(frame))
	}
	return int16(sum / r.channels)
}

// sample takes one number from the beginning of b.
func (r *Reader) sample(b []byte) int16 {
	switch r.width {
	case 1:
		return (int16(b[0]) - 128) << 8
	case 2:
		return int16(binary.LittleEndian.Uint16(b))
	case 3:
		return int16(binary.LittleEndian.Uint16(b[1:]))
	}
	if r.float {
		return fromFloat(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return int16(binary.LittleEndian.Uint16(b[2:]))
}

// fromFloat takes a number of which 1 is full scale.
func fromFloat(f float32) int16 {
	switch v := float64(f) * 32768; {
	case v >= 32767:
		return 32767
	case v <= -32768:
		return -32768
	case v == v:
		return int16(math.Round(v))
	default: // not a number
		return 0
	}
}
