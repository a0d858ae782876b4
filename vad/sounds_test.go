package vad_test

import (
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"parley/audio/wav"
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
		levels[i] = level(speech[i*block:][:block])
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

// level is the level of x in dB below full scale.
func level(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return 10 * math.Log10(sum/float64(len(x))+1e-12)
}

// at scales x in place to a level over its loud parts.
func at(db float64, x []float32) []float32 {
	var peak float64 = -200
	for i := 0; i+800 <= len(x); i += 800 {
		peak = max(peak, level(x[i:][:800]))
	}
	gain := float32(math.Pow(10, (db-peak)/20))
	for i := range x {
		x[i] = max(-1, min(1, x[i]*gain))
	}
	return x
}

// wave makes the given seconds of f(seconds).
func wave(seconds float64, f func(t float64) float64) []float32 {
	x := make([]float32, int(seconds*vad.Rate))
	for i := range x {
		x[i] = float32(f(float64(i) / vad.Rate))
	}
	return x
}

// noise is white noise through filters of one pole each: low-pass below the first
// and high-pass above the second frequency in Hz, where those are not 0.
func noise(r *rand.Rand, low, high float64) func(float64) float64 {
	var l, h, before float64
	a := 1 - math.Exp(-2*math.Pi*low/vad.Rate)
	b := math.Exp(-2 * math.Pi * high / vad.Rate)
	return func(float64) float64 {
		v := r.NormFloat64() * 0.3
		if low > 0 {
			l += a * (v - l)
			v = l
		}
		if high > 0 {
			h = b * (h + v - before)
			before = v
			v = h
		}
		return v
	}
}

// pink is noise with equal power in each octave (P. Kellet's filter).
func pink(r *rand.Rand) func(float64) float64 {
	var b0, b1, b2 float64
	return func(float64) float64 {
		w := r.NormFloat64() * 0.3
		b0 = 0.99765*b0 + w*0.0990460
		b1 = 0.96300*b1 + w*0.2965164
		b2 = 0.57000*b2 + w*1.0526913
		return (b0 + b1 + b2 + w*0.1848) * 0.2
	}
}

func sine(hz, t float64) float64 { return math.Sin(2 * math.Pi * hz * t) }

// every repeats a sound of the given length, silent for the rest of each period.
func every(period, length float64, f func(t float64) float64) func(float64) float64 {
	return func(t float64) float64 {
		if in := math.Mod(t, period); in < length {
			return f(in)
		}
		return 0
	}
}

type sound struct {
	name string
	pcm  []float32
}

// otherSounds are 12 s each of what is heard on calls and is no speech.
func otherSounds() []sound {
	r := rand.New(rand.NewPCG(7, 7))
	white := noise(r, 0, 0)
	const s = 12
	sounds := []sound{
		{name: "ringing phone 440+480 Hz, 2 s on, 4 s off", pcm: wave(s, every(6, 2, func(t float64) float64 { return sine(440, t) + sine(480, t) }))},
		{name: "ringing phone, electronic warble", pcm: wave(s, every(3, 1, func(t float64) float64 { return sine(800+250*math.Copysign(1, sine(20, t)), t) }))},
		{name: "dial tone 350+440 Hz", pcm: wave(s, func(t float64) float64 { return sine(350, t) + sine(440, t) })},
		{name: "busy tone 480+620 Hz, half seconds", pcm: wave(s, every(1, 0.5, func(t float64) float64 { return sine(480, t) + sine(620, t) }))},
		{name: "keypad tones", pcm: wave(s, every(0.5, 0.15, func(t float64) float64 { return sine(770, t) + sine(1336, t) }))},
		{name: "white noise", pcm: wave(s, white)},
		{name: "pink noise", pcm: wave(s, pink(r))},
		{name: "wind", pcm: func() []float32 {
			n := noise(r, 300, 0)
			return wave(s, func(t float64) float64 { return n(t) * (1 + 0.8*sine(0.4, t)) })
		}()},
		{name: "engine 60 Hz and noise", pcm: func() []float32 {
			n := noise(r, 250, 0)
			return wave(s, func(t float64) float64 {
				v := n(t)
				for k := 1.0; k < 8; k++ {
					v += 0.3 / k * sine(60*k*(1+0.02*sine(0.5, t)), t)
				}
				return v
			})
		}()},
		{name: "claps", pcm: func() []float32 {
			n := noise(r, 4000, 600)
			return wave(s, every(0.8, 0.06, func(t float64) float64 { return n(t) * math.Exp(-t/0.012) }))
		}()},
		{name: "knocks", pcm: wave(s, every(1.5, 0.2, func(t float64) float64 {
			return sine(180, t)*math.Exp(-t/0.025) + 0.3*white(t)*math.Exp(-t/0.004)
		}))},
		{name: "dog", pcm: func() []float32 {
			n := noise(r, 2500, 300)
			return wave(s, every(1.1, 0.18, func(t float64) float64 {
				f := 650 - 1500*t // a falling chirp with harmonics, and breath
				var v float64
				for k := 1.0; k < 6; k++ {
					v += sine(f*k, t) / k
				}
				return (v + n(t)) * math.Sin(math.Pi*t/0.18)
			}))
		}()},
		{name: "horn 400 Hz sawtooth", pcm: wave(s, every(4, 1.2, func(t float64) float64 { return 2*math.Mod(400*t, 1) - 1 }))},
		{name: "cough", pcm: func() []float32 {
			n, body := noise(r, 1800, 350), noise(r, 700, 200)
			return wave(s, every(2.5, 0.45, func(t float64) float64 {
				if t < 0.05 { // the burst, then the rush of air
					return 2 * n(t) * math.Sin(math.Pi*t/0.1)
				}
				return (n(t) + 1.5*body(t)) * math.Exp(-(t-0.05)/0.09)
			}))
		}()},
		{name: "keyboard", pcm: func() []float32 {
			n := noise(r, 0, 1500)
			return wave(s, every(0.17, 0.03, func(t float64) float64 { return n(t) * math.Exp(-t/0.005) }))
		}()},
		{name: "siren", pcm: func() []float32 {
			phase := 0.0
			return wave(s, func(t float64) float64 {
				phase += (900 + 400*sine(0.3, t)) / vad.Rate
				return math.Sin(2 * math.Pi * phase)
			})
		}()},
	}
	for i := range sounds {
		at(-20, sounds[i].pcm)
	}
	return sounds
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
	room := pink(r)
	for i := range pcm {
		pcm[i] = float32(room(0))
	}
	at(l.loud-l.snr, pcm)
	for i, v := range at(l.loud, slices.Clone(phrase)) {
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
