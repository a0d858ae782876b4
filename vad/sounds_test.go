package vad_test

import (
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"parley/audio/wav"
	"parley/internal/sounds"
	"parley/models/modeltest"
	"parley/vad"
)

// What follows makes the sounds that sounds are judged by: speech cut into
// phrases, and things that are not speech. All are at vad.Rate, in [-1, 1].

// readWav returns a recording at vad.Rate, 20 s of it at most.
func readWav(t testing.TB, path string) []float32 {
	t.Helper()
	pcm, rate, err := wav.ReadFile(path, 120*48000)
	if err != nil {
		t.Fatal(err)
	}
	in := make([]float32, len(pcm))
	for i, s := range pcm {
		in[i] = float32(s) / 32768
	}
	return resample(in[:min(len(in), 20*rate)], rate, vad.Rate)
}

// resample brings x from one rate to another with a Hann-windowed sinc.
func resample(x []float32, from, to int) []float32 {
	if from == to {
		return x
	}
	out := make([]float32, len(x)*to/from)
	const half = 8
	step := float64(from) / float64(to)
	cut := 0.9 * min(1, 1/step) // of the lower Nyquist frequency
	reach := half / cut
	for i := range out {
		at := float64(i) * step
		var sum float64
		for k := max(0, int(math.Ceil(at-reach))); k <= min(len(x)-1, int(at+reach)); k++ {
			d := (float64(k) - at) * cut
			w := cut
			if d != 0 {
				w = cut * math.Sin(math.Pi*d) / (math.Pi * d)
			}
			sum += w * (0.5 + 0.5*math.Cos(math.Pi*d/half)) * float64(x[k])
		}
		out[i] = float32(sum)
	}
	return out
}

// espeak returns text as espeak-ng speaks it, or nil where that is not installed.
func espeak(t testing.TB, voice, text string) []float32 {
	t.Helper()
	path, err := exec.LookPath("espeak-ng")
	if err != nil {
		return nil
	}
	file := filepath.Join(t.TempDir(), "espeak.wav")
	if out, err := exec.CommandContext(t.Context(), path, "-v", voice, "-w", file, text).CombinedOutput(); err != nil {
		t.Fatalf("espeak-ng: %v\n%s", err, out)
	}
	return readWav(t, file)
}

// phrases cuts speech where it pauses for 200 ms or more, and returns all that
// last 400 ms or more. Each begins with the first 5 ms that are 20 dB above the
// recording's quiet parts and within 20 dB of its loud ones. That is where the
// voice begins, unless the speaker draws breath as loudly as the first reader does.
func phrases(speech []float32) [][]float32 {
	const block = vad.Rate / 200
	levels := make([]float64, len(speech)/block)
	for i := range levels {
		levels[i] = sounds.Level(speech[i*block:][:block])
	}
	quiet, loud := percentile(levels, 0.05), percentile(levels, 0.95)
	least := max(quiet+20, loud-20)
	var out [][]float32
	start, last := -1, 0
	flush := func() {
		if start >= 0 && (last+1-start)*5 >= 400 {
			out = append(out, speech[start*block:(last+1)*block])
		}
		start = -1
	}
	for i, l := range levels {
		if l >= least {
			if start < 0 {
				start = i
			}
			last = i
		} else if start >= 0 && (i-last)*5 >= 200 {
			flush()
		}
	}
	flush()
	return out
}

func percentile(values []float64, q float64) float64 {
	sorted := append([]float64(nil), values...)
	slices.Sort(sorted)
	return sorted[int(q*float64(len(sorted)-1))]
}

// talk is phrases of one speaker.
type talk struct {
	name    string
	phrases [][]float32
}

// talks returns phrases of people and of a machine.
func talks(t testing.TB) []talk {
	out := []talk{
		{"reader 1", phrases(readWav(t, modeltest.Path(t, "speech-samples/beckett.wav")))},
		{"reader 2", phrases(readWav(t, modeltest.Path(t, "speech-samples/two_cities.wav")))},
	}
	text := "Where is my order?\n\nI want to return the headphones.\n\nYes, please.\n\nStop, that is wrong.\n\n" +
		"No, I said.\n\nCan you tell me when it will arrive?\n\nHello, are you there?\n\nThank you very much."
	for _, voice := range []string{"en-us", "en-gb+f3"} {
		if pcm := espeak(t, voice, text); pcm != nil {
			out = append(out, talk{"espeak " + voice, phrases(pcm)})
		}
	}
	return out
}

// line is how a voice comes through: how loud its loud parts are, in dB below full
// scale, how far below them the noise of the room is, and whether it is a
// telephone's 8 kHz.
type line struct {
	name      string
	loud, snr float64
	telephone bool
	talking   bool // another phrase was said 3 s before
	times     int  // that each phrase is said, each time at another place in a window
}

func lines() []line {
	return []line{
		{name: "clear", loud: -25, snr: 40, times: 3},
		{name: "noisy", loud: -25, snr: 15, times: 2},
		{name: "far away", loud: -45, snr: 25, times: 1},
		{name: "later on", loud: -25, snr: 40, talking: true, times: 1},
		{name: "telephone", loud: -25, snr: 30, telephone: true, times: 1},
	}
}

// call is a phrase as it is heard through l, from sample start on.
func (l line) call(phrase []float32, start int, r *rand.Rand) []float32 {
	pcm := make([]float32, start+len(phrase)+vad.Rate/4)
	room := sounds.Pink(r)
	for i := range pcm {
		pcm[i] = float32(room(0))
	}
	sounds.At(l.loud-l.snr, pcm)
	for i, v := range sounds.At(l.loud, slices.Clone(phrase)) {
		pcm[start+i] += v
	}
	if l.telephone {
		pcm = resample(resample(pcm, vad.Rate, 8000), 8000, vad.Rate)
	}
	return pcm
}

// whole turns samples into what comes out of a decoder.
func whole(pcm []float32) []int16 {
	out := make([]int16, len(pcm))
	for i, v := range pcm {
		out[i] = int16(max(-32768, min(32767, v*32768)))
	}
	return out
}
