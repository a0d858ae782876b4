package standin

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"parley/audio"
)

const (
	// firstPiece and piece are the sound sent in one write. Few writes are cheap,
	// a short first one is heard soon.
	firstPiece = 100 * time.Millisecond
	piece      = 400 * time.Millisecond
	// maxSpeech bounds the text of one request, as OpenAI does.
	maxSpeech = 4096
)

// bytesIn is the number of bytes of PCM in d, a whole number of samples.
func bytesIn(d time.Duration) int { return int(int64(d)*audio.SpeakRate/int64(time.Second)) * 2 }

// speak streams sound as long as the text takes to say.
func (s *Server) speak(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	s.speeches.Add(1)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		refuse(w, http.StatusBadRequest, "The body cannot be read.")
		return
	}
	var req struct {
		Model  string `json:"model"`
		Input  string `json:"input"`
		Voice  string `json:"voice"`
		Format string `json:"response_format"`
	}
	runes := 0
	if err = json.Unmarshal(body, &req); err == nil {
		runes = utf8.RuneCountInString(strings.TrimSpace(req.Input))
	}
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, "The body is not JSON of the right shape.")
		return
	case req.Model == "" || req.Voice == "":
		refuse(w, http.StatusBadRequest, "you must provide a model and a voice parameter")
		return
	case runes == 0 || runes > maxSpeech:
		refuse(w, http.StatusBadRequest, "input must have 1 to 4096 characters")
		return
	case req.Format != "pcm" && req.Format != "wav":
		refuse(w, http.StatusBadRequest, "the stand-in only has pcm and wav")
		return
	}
	left := bytesIn(time.Duration(runes) * s.o.PerRune)
	if !s.until(r.Context(), start.Add(s.o.FirstAudio)) {
		return
	}
	if req.Format == "wav" {
		w.Header().Set("Content-Type", "audio/wav")
		_, _ = w.Write(wavHeader(left))
	} else {
		w.Header().Set("Content-Type", "audio/pcm")
	}
	rc := http.NewResponseController(w)
	due, at := start.Add(s.o.FirstAudio), 0
	for size := bytesIn(firstPiece); left > 0; size = bytesIn(piece) {
		n := min(size, left, len(s.voice)-at)
		if _, err := w.Write(s.voice[at : at+n]); err != nil {
			s.left.Add(1)
			return
		}
		_ = rc.Flush()
		left -= n
		at = (at + n) % len(s.voice)
		played := time.Duration(n/2) * time.Second / audio.SpeakRate
		due = due.Add(time.Duration(float64(played) / s.o.Speed))
		if left > 0 && !s.until(r.Context(), due) {
			return
		}
	}
}

// loop is the length of the sound that is repeated: whole numbers of swells,
// glides and waves, so that its end goes over into its start without a click.
const loop = 4 * time.Second

// Voice renders a voice-like sound at [audio.SpeakRate]: harmonics of a gliding
// pitch, weighted like a vowel, swelling and sinking four times a second. It is
// audible from its first sample to its last, so that any gap in what is played is
// the player's.
func Voice(length time.Duration) []int16 {
	pcm := make([]int16, bytesIn(length)/2)
	var weights []float64 // of the harmonics, from the first; they add up to 1
	phase := 0.0
	for i := range pcm {
		t := float64(i) / audio.SpeakRate
		pitch := 125 + 20*math.Sin(2*math.Pi*0.75*t)
		if i%(audio.SpeakRate/100) == 0 {
			weights = harmonics(pitch, weights[:0])
		}
		// cos(hx) from the two before it (Chebyshev), so that one cosine a sample is
		// enough.
		x := math.Cos(phase)
		before, last, sum := 1.0, x, 0.0
		for _, w := range weights {
			sum += w * last
			before, last = last, 2*x*last-before
		}
		phase += 2 * math.Pi * pitch / audio.SpeakRate
		envelope := 0.65 + 0.35*math.Cos(2*math.Pi*4*t)
		// Harmonics that start together peak together; tanh keeps that peak in range
		// without making the rest quiet.
		pcm[i] = int16(20000 * envelope * math.Tanh(3*sum))
	}
	return pcm
}

// harmonics appends the weights of the harmonics of a pitch up to 4 kHz.
func harmonics(pitch float64, dst []float64) []float64 {
	sum := 0.0
	for f := pitch; f < 4000; f += pitch {
		dst = append(dst, vowel(f))
		sum += dst[len(dst)-1]
	}
	for i := range dst {
		dst[i] /= sum
	}
	return dst
}

// vowel is the weight of a frequency in an open vowel: formants near 700, 1200
// and 2600 Hz over a falling slope (Peterson and Barney, 1952).
func vowel(f float64) float64 {
	bump := func(center, width float64) float64 { d := (f - center) / width; return math.Exp(-d * d) }
	return 0.15/(1+f/500) + bump(700, 150) + 0.5*bump(1200, 180) + 0.2*bump(2600, 250)
}

// littleEndian writes samples as s16le.
func littleEndian(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// wavHeader is the header of a mono 16-bit WAV at [audio.SpeakRate].
func wavHeader(data int) []byte {
	b := []byte("RIFF____WAVEfmt ")
	binary.LittleEndian.PutUint32(b[4:], uint32(36+data))
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, audio.SpeakRate)
	b = binary.LittleEndian.AppendUint32(b, audio.SpeakRate*2)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, uint32(data))
}
