package openai

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parley/audio"
	"parley/audio/resample"
)

const (
	// minRate and maxRate bound the rates that make sense for speech.
	minRate = 8000
	maxRate = 96000
	// maxChannels bounds the channels that are mixed into one.
	maxChannels = 8
	// firstRead is how much is taken of what came first, sniffed how many of those
	// bytes are looked at.
	firstRead = 4800
	sniffed   = 64
	// maxAfter bounds what is read behind the sound of a WAV (titles and the like)
	// so that the connection can be used again.
	maxAfter = 64 << 10
)

// blank is what may stand before a text.
const blank = " \r\n\t"

var errTooLong = errors.New("the clause does not end")

// notSound says that the answer is not the sound that was asked for.
type notSound struct{ why string }

func (e *notSound) Error() string { return e.why }

// checkType judges the content type of an answer. Types that say nothing pass,
// because much that is compatible says nothing; what follows is looked at again
// by [decoder]. A rate in the type ("audio/pcm;rate=16000") replaces rate.
func checkType(h http.Header, rate int) (int, error) {
	v := h.Get("Content-Type")
	if v == "" {
		return rate, nil
	}
	t, params, err := mime.ParseMediaType(v)
	if err != nil {
		t, _, _ = strings.Cut(strings.ToLower(v), ";")
	}
	switch t {
	case "audio/pcm", "audio/x-pcm", "audio/raw", "audio/l16", "audio/s16le":
		if r, err := strconv.Atoi(params["rate"]); err == nil && r >= minRate && r <= maxRate {
			rate = r
		}
		return rate, nil
	case "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "application/octet-stream", "binary/octet-stream":
		return rate, nil
	}
	return 0, fmt.Errorf("wanted sound as PCM or WAV, got %s", t)
}

// decoder turns a body into pieces of sound at [audio.SpeakRate].
type decoder struct {
	in       io.Reader
	format   Format
	rate     int
	channels int
	started  bool
	left     int64 // bytes of sound that may still come
	bounded  bool  // left is the length that a WAV says, not our own bound
	frames   int   // whole frames given out or waiting
	maxSound time.Duration

	buf  []byte // what has been read
	held int    // bytes at the start of buf that are not a whole frame yet
	conv *resample.Resampler
	done bool
}

func newDecoder(body io.Reader, format Format, rate int, maxSound time.Duration) *decoder {
	return &decoder{in: body, format: format, rate: rate, channels: 1, maxSound: maxSound}
}

// next returns the next piece; io.EOF after the last. A piece may be empty while
// a resampler has too little to go on.
func (d *decoder) next() ([]int16, error) {
	if d.done {
		return nil, io.EOF
	}
	least := d.frame() * d.rate / 50 // 20 ms
	if !d.started {
		if err := d.start(); err != nil {
			return nil, err
		}
		least = d.frame()
	}
	n, err := d.fill(least)
	switch {
	case errors.Is(err, io.EOF):
		d.done = true
	case err != nil:
		return nil, err
	}
	if d.frames += n; time.Duration(d.frames)*time.Second/time.Duration(d.rate) > d.maxSound {
		return nil, errTooLong
	}
	piece := d.take(n)
	if d.conv != nil {
		piece = d.conv.Process(nil, piece)
		if d.done {
			piece = d.conv.Flush(piece)
		}
	}
	if d.done && len(piece) == 0 {
		return nil, io.EOF
	}
	return piece, nil
}

// readMore reads on until head has as many bytes as are looked at.
func readMore(in io.Reader, head []byte) ([]byte, error) {
	more := make([]byte, sniffed-len(head))
	n, err := io.ReadFull(in, more)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil // the answer is that short
	}
	return append(head, more[:n]...), err
}

// frame is the bytes of one sample of all channels.
func (d *decoder) frame() int { return 2 * d.channels }

// start looks at the first bytes and finds out what they are.
func (d *decoder) start() error {
	d.started = true
	head := make([]byte, firstRead)
	n, err := io.ReadAtLeast(d.in, head, 4)
	head = head[:n]
	//nolint:errorlint // an answer cut off on its way wraps the last of these
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if n < sniffed && err == nil && (len(bytes.TrimLeft(head, blank)) < 2 || impostor(head) != "") {
		// A few samples may look like the start of a text by chance. More will tell.
		head, err = readMore(d.in, head)
		if err != nil {
			return err
		}
	}
	d.in = io.MultiReader(bytes.NewReader(head), d.in)
	if isWAV(head) {
		h, err := readHeader(d.in)
		if err != nil {
			return err
		}
		d.rate, d.channels, d.left, d.bounded = h.rate, h.channels, h.length, h.length > 0
	} else if what := impostor(head[:min(len(head), sniffed)]); what != "" {
		return &notSound{"wanted sound, got " + what}
	} else if d.format == WAV {
		return &notSound{"wanted a WAV file, got something else"}
	}
	if d.rate != audio.SpeakRate {
		if d.conv, err = resample.New(d.rate, audio.SpeakRate); err != nil {
			return &notSound{fmt.Sprintf("sound at %d Hz: %v", d.rate, err)}
		}
	}
	d.buf = make([]byte, d.frame()*d.rate/10) // 100 ms
	return nil
}

// fill reads at least that many bytes of sound and returns the number of whole
// frames in buf; io.EOF with the last.
func (d *decoder) fill(least int) (int, error) {
	have := d.held
	var err error
	for have < least && err == nil {
		room := d.buf[have:]
		if d.bounded && int64(len(room)) > d.left {
			room = room[:d.left]
		}
		if len(room) == 0 {
			err = d.after()
			break
		}
		var n int
		n, err = d.in.Read(room)
		have += n
		d.left -= int64(n)
	}
	whole := have / d.frame()
	d.held = have - whole*d.frame()
	return whole, err
}

// after reads what follows the sound of a WAV.
func (d *decoder) after() error {
	if _, err := io.Copy(io.Discard, io.LimitReader(d.in, maxAfter)); err != nil {
		return err
	}
	return io.EOF
}

// take converts n whole frames at the start of buf to mono and moves what is held
// to the start.
func (d *decoder) take(n int) []int16 {
	piece := make([]int16, n)
	for i := range piece {
		at, sum := i*d.frame(), 0
		for c := range d.channels {
			sum += int(int16(binary.LittleEndian.Uint16(d.buf[at+2*c:])))
		}
		piece[i] = int16(sum / d.channels)
	}
	copy(d.buf, d.buf[n*d.frame():n*d.frame()+d.held])
	return piece
}

// isWAV says whether a body begins as a WAV file does.
func isWAV(head []byte) bool { return bytes.HasPrefix(head, []byte("RIFF")) }

// impostor names what a body is if it is plainly not PCM, "" if it may be.
// Speech begins near silence, so the first bytes of PCM are none of these.
func impostor(head []byte) string {
	for prefix, what := range map[string]string{
		"ID3": "MP3", "OggS": "Ogg", "fLaC": "FLAC", "\x1aE\xdf\xa3": "WebM", "RIFX": "a big-endian WAV", "FORM": "AIFF",
	} {
		if bytes.HasPrefix(head, []byte(prefix)) {
			return what
		}
	}
	text := bytes.TrimLeft(head, blank)
	if len(text) < 2 || (text[0] != '{' && text[0] != '<' && text[0] != '[') {
		return ""
	}
	for _, b := range text {
		if b >= 0x7f || b < ' ' && b != '\n' && b != '\r' && b != '\t' {
			return ""
		}
	}
	if text[0] == '<' {
		return "a page of text"
	}
	return "JSON"
}
