// Package sounds makes what is heard on calls and is no speech: telephones,
// engines, dogs, coughs. Tests judge by them what must not interrupt an agent.
// Everything in it is synthesised, always in the same way.
package sounds

import (
	"math"
	"math/rand/v2"
)

// Rate is the sample rate of all sounds in Hz.
const Rate = 16000

// Level is the level of x in dB below full scale.
func Level(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return 10 * math.Log10(sum/float64(len(x))+1e-12)
}

// At scales x in place to a level over its loud parts.
func At(db float64, x []float32) []float32 {
	var peak float64 = -200
	for i := 0; i+800 <= len(x); i += 800 {
		peak = max(peak, Level(x[i:][:800]))
	}
	gain := float32(math.Pow(10, (db-peak)/20))
	for i := range x {
		x[i] = max(-1, min(1, x[i]*gain))
	}
	return x
}

// length is how long the sounds are, in seconds.
const length = 12

// wave makes a sound of f(seconds).
func wave(f func(t float64) float64) []float32 {
	x := make([]float32, length*Rate)
	for i := range x {
		x[i] = float32(f(float64(i) / Rate))
	}
	return x
}

// noise is white noise through filters of one pole each: low-pass below the first
// and high-pass above the second frequency in Hz, where those are not 0.
func noise(r *rand.Rand, low, high float64) func(float64) float64 {
	var l, h, before float64
	a := 1 - math.Exp(-2*math.Pi*low/Rate)
	b := math.Exp(-2 * math.Pi * high / Rate)
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

// Pink is noise with equal power in each octave (P. Kellet's filter).
func Pink(r *rand.Rand) func(float64) float64 {
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

// Sound is a sound and what it is.
type Sound struct {
	Name string
	PCM  []float32 // at Rate, in [-1, 1]
}

// Others are 12 s each of what is heard on calls and is no speech.
func Others() []Sound {
	r := rand.New(rand.NewPCG(7, 7))
	white := noise(r, 0, 0)
	sounds := []Sound{
		{Name: "ringing phone 440+480 Hz, 2 s on, 4 s off", PCM: wave(every(6, 2, func(t float64) float64 { return sine(440, t) + sine(480, t) }))},
		{Name: "ringing phone, electronic warble", PCM: wave(every(3, 1, func(t float64) float64 { return sine(800+250*math.Copysign(1, sine(20, t)), t) }))},
		{Name: "dial tone 350+440 Hz", PCM: wave(func(t float64) float64 { return sine(350, t) + sine(440, t) })},
		{Name: "busy tone 480+620 Hz, half seconds", PCM: wave(every(1, 0.5, func(t float64) float64 { return sine(480, t) + sine(620, t) }))},
		{Name: "keypad tones", PCM: wave(every(0.5, 0.15, func(t float64) float64 { return sine(770, t) + sine(1336, t) }))},
		{Name: "white noise", PCM: wave(white)},
		{Name: "pink noise", PCM: wave(Pink(r))},
		{Name: "wind", PCM: func() []float32 {
			n := noise(r, 300, 0)
			return wave(func(t float64) float64 { return n(t) * (1 + 0.8*sine(0.4, t)) })
		}()},
		{Name: "engine 60 Hz and noise", PCM: func() []float32 {
			n := noise(r, 250, 0)
			return wave(func(t float64) float64 {
				v := n(t)
				for k := 1.0; k < 8; k++ {
					v += 0.3 / k * sine(60*k*(1+0.02*sine(0.5, t)), t)
				}
				return v
			})
		}()},
		{Name: "claps", PCM: func() []float32 {
			n := noise(r, 4000, 600)
			return wave(every(0.8, 0.06, func(t float64) float64 { return n(t) * math.Exp(-t/0.012) }))
		}()},
		{Name: "knocks", PCM: wave(every(1.5, 0.2, func(t float64) float64 {
			return sine(180, t)*math.Exp(-t/0.025) + 0.3*white(t)*math.Exp(-t/0.004)
		}))},
		{Name: "dog", PCM: func() []float32 {
			n := noise(r, 2500, 300)
			return wave(every(1.1, 0.18, func(t float64) float64 {
				f := 650 - 1500*t // a falling chirp with harmonics, and breath
				var v float64
				for k := 1.0; k < 6; k++ {
					v += sine(f*k, t) / k
				}
				return (v + n(t)) * math.Sin(math.Pi*t/0.18)
			}))
		}()},
		{Name: "horn 400 Hz sawtooth", PCM: wave(every(4, 1.2, func(t float64) float64 { return 2*math.Mod(400*t, 1) - 1 }))},
		{Name: "cough", PCM: func() []float32 {
			n, body := noise(r, 1800, 350), noise(r, 700, 200)
			return wave(every(2.5, 0.45, func(t float64) float64 {
				if t < 0.05 { // the burst, then the rush of air
					return 2 * n(t) * math.Sin(math.Pi*t/0.1)
				}
				return (n(t) + 1.5*body(t)) * math.Exp(-(t-0.05)/0.09)
			}))
		}()},
		{Name: "keyboard", PCM: func() []float32 {
			n := noise(r, 0, 1500)
			return wave(every(0.17, 0.03, func(t float64) float64 { return n(t) * math.Exp(-t/0.005) }))
		}()},
		{Name: "siren", PCM: func() []float32 {
			phase := 0.0
			return wave(func(t float64) float64 {
				phase += (900 + 400*sine(0.3, t)) / Rate
				return math.Sin(2 * math.Pi * phase)
			})
		}()},
	}
	for i := range sounds {
		At(-20, sounds[i].PCM)
	}
	return sounds
}
