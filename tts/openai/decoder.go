package openai

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/audio"
	"parley/audio/resample"
	"parley/audio/wav"
)

const (
	// minRate and maxRate bound the rates that make sense for speech.
	minRate = 8000
	maxRate = 96000
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
	rate     int // of a body without a header
	maxSound time.Duration

	sound *wav.Reader // nil before the first piece
	buf   []int16
	taken int // samples so far
	conv  *resample.Resampler
	done  bool
}

func newDecoder(body io.Reader, format Format, rate int, maxSound time.Duration) *decoder {
	return &decoder{in: body, format: format, rate: rate, maxSound: maxSound}
}

// next returns the next piece; io.EOF after the last. A piece may be empty while
// a resampler has too little to go on.
func (d *decoder) next() ([]int16, error) {
	if d.done {
		return nil, io.EOF
	}
	least := d.rate / 50 // 20 ms
	if d.sound == nil {
		if err := d.start(); err != nil {
			return nil, err
		}
		least = 1
	}
	n, err := d.fill(least)
	switch {
	case errors.Is(err, io.EOF):
		d.done = true
	case err != nil:
		return nil, err
	}
	if d.taken += n; time.Duration(d.taken)*time.Second/time.Duration(d.rate) > d.maxSound {
		return nil, errTooLong
	}
	var piece []int16
	if d.conv == nil {
		piece = slices.Clone(d.buf[:n])
	} else {
		piece = d.conv.Process(nil, d.buf[:n])
		if d.done {
			piece = d.conv.Flush(piece)
		}
	}
	if d.done && len(piece) == 0 {
		return nil, io.EOF
	}
	return piece, nil
}

// fill reads at least that many samples into buf and returns their number; io.EOF
// with the last.
func (d *decoder) fill(least int) (n int, err error) {
	for n < least && err == nil {
		var more int
		more, err = d.sound.Read(d.buf[n:])
		n += more
	}
	if errors.Is(err, io.EOF) {
		if _, failed := io.Copy(io.Discard, io.LimitReader(d.in, maxAfter)); failed != nil {
			return n, failed
		}
	}
	return n, err
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

// start looks at the first bytes and finds out what they are.
func (d *decoder) start() error {
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
	if d.sound, err = d.open(head); err != nil {
		return err
	}
	d.rate = d.sound.Rate()
	if d.rate < minRate || d.rate > maxRate {
		return &notSound{fmt.Sprintf("the WAV has a rate of %d Hz", d.rate)}
	}
	if d.rate != audio.SpeakRate {
		if d.conv, err = resample.New(d.rate, audio.SpeakRate); err != nil {
			return &notSound{fmt.Sprintf("sound at %d Hz: %v", d.rate, err)}
		}
	}
	d.buf = make([]int16, d.rate/10) // 100 ms
	return nil
}

// open makes the reader for what begins with head.
func (d *decoder) open(head []byte) (*wav.Reader, error) {
	if isWAV(head) {
		sound, err := wav.NewReader(d.in)
		if errors.Is(err, wav.ErrFormat) {
			err = &notSound{err.Error()}
		}
		return sound, err
	}
	if what := impostor(head[:min(len(head), sniffed)]); what != "" {
		return nil, &notSound{"wanted sound, got " + what}
	}
	if d.format == WAV {
		return nil, &notSound{"wanted a WAV file, got something else"}
	}
	return wav.NewRaw(d.in, d.rate), nil
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
