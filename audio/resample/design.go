package resample

import "math"

const (
	// halfWidth is half the length of the filter in samples of the lower rate.
	halfWidth = 32

	// attenuation of the stopband in dB, for which the window is chosen.
	attenuation = 76

	// kaiserBeta is the window's parameter for it (Kaiser 1974: 0.1102·(A − 8.7)
	// for A over 50).
	kaiserBeta = 0.1102 * (attenuation - 8.7)

	// transition is the width of the band between pass and stop, as a part of the
	// lower rate, for this length and attenuation (Kaiser: (A − 7.95) / (14.36·N)).
	transition = (attenuation - 7.95) / (14.36 * 2 * halfWidth)

	// cutoff is the middle of that band: it ends at half the lower rate.
	cutoff = 0.5 - transition/2
)

// design computes the filter for a ratio up:down in lowest terms. Thought of at
// the rate that both rates divide (up times the input rate), output sample k lies
// at k·down and input sample i at i·up. The filter's middle lies at a multiple of
// down, so that the delay is a whole number of output samples.
func design(up, down int) (phases []float32, taps, delay int) {
	scale := max(up, down)
	half := halfWidth * scale
	delay = (half + down - 1) / down
	middle := delay * down
	taps = (middle+half)/up + 1
	taps = (taps + lanes - 1) / lanes * lanes

	right := make([]float64, half+1)
	window := newKaiser()
	// sin(step·n) by rotation, which is exact enough over so few steps.
	step := 2 * math.Pi * cutoff / float64(scale)
	sinStep, cosStep := math.Sincos(step)
	sin, cos := sinStep, cosStep
	right[0] = 2 * cutoff * window.at(0)
	for n := 1; n <= half; n++ {
		right[n] = sin / (math.Pi * float64(n) / float64(scale)) * window.at(float64(n)/float64(half))
		sin, cos = sin*cosStep+cos*sinStep, cos*cosStep-sin*sinStep
	}

	phases = make([]float32, up*taps)
	for phase := range up {
		branch := phases[phase*taps:][:taps]
		var sum float64
		for back := range taps {
			if n := abs(phase + back*up - middle); n <= half {
				sum += right[n]
			}
		}
		// Each branch passes a constant unchanged: no hum from their alternation.
		for back := range taps {
			if n := abs(phase + back*up - middle); n <= half {
				branch[taps-1-back] = float32(right[n] / sum)
			}
		}
	}
	return phases, taps, delay
}

// kaiser is the Kaiser window's right half.
type kaiser struct {
	// coefficients of the power series of the modified Bessel function I0 in
	// (x/2)²: 1/(k!)². Those left out are below 1e-9 of the sum for kaiserBeta.
	coefficients [22]float64
	norm         float64
}

func newKaiser() *kaiser {
	k := new(kaiser)
	c := 1.0
	for i := range k.coefficients {
		if i > 0 {
			c /= float64(i) * float64(i)
		}
		k.coefficients[i] = c
	}
	k.norm = 1
	k.norm = 1 / k.at(0)
	return k
}

// at returns the window at t, from 0 in the middle to 1 at the end.
func (k *kaiser) at(t float64) float64 {
	quarter := kaiserBeta * kaiserBeta / 4 * max(1-t*t, 0)
	var sum float64
	for i := len(k.coefficients) - 1; i >= 0; i-- {
		sum = sum*quarter + k.coefficients[i]
	}
	return sum * k.norm
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
