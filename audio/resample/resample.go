// Package resample changes the sample rate of 16-bit mono sound.
//
// It is a polyphase filter: a windowed sinc (Kaiser window), laid over the input
// at each output sample. What is kept is everything up to 0.425 of the lower
// rate (3.4 kHz at 8 kHz, 10.2 kHz at 24 kHz) within 0.01 dB; what would fold
// back, from half the lower rate on, is held down by 74 dB or more.
//
// The filter is symmetric, so it delays all frequencies alike, by 32 samples at
// the lower of the two rates: 4 ms at 8 kHz, 1.5 ms at 22.05 kHz, see
// [Resampler.Delay].
package resample

import (
	"fmt"
	"slices"
)

// The rates that are taken, and the largest term of their reduced ratio: they
// bound the size of the filter (at most 64 times that many numbers). Among 8,
// 16, 22.05, 24, 44.1 and 48 kHz the largest term is 441.
const (
	minRate = 4000
	maxRate = 192000
	maxTerm = 1280
)

// block is how many samples are taken into the work buffer at a time.
const block = 480

// Resampler changes the rate of one stream. It belongs to one goroutine.
type Resampler struct {
	// The output has up samples where the input has down, in lowest terms.
	up, down int

	// phases are the filter's up branches, each reversed, one after another; each
	// has taps numbers.
	phases []float32
	taps   int

	// delay is the delay in output samples.
	delay int

	// work holds the last taps-1 samples of the input, then up to block new ones.
	work []float32

	// next is where the newest sample under the filter lies for the next output
	// sample, counted in input samples from the first new one, and phase is the
	// branch.
	next, phase int

	// started says that something went in since the last reset.
	started bool
}

// New makes a resampler between two rates in Hz. It computes the filter, which
// takes between microseconds and a millisecond. Rates outside 4 to 192 kHz and
// ratios with terms over 1280 are errors.
func New(from, to int) (*Resampler, error) {
	for _, rate := range [...]int{from, to} {
		if rate < minRate || rate > maxRate {
			return nil, fmt.Errorf("resampling from %d to %d Hz: a rate must lie between %d and %d", from, to, minRate, maxRate)
		}
	}
	divisor := gcd(from, to)
	r := &Resampler{up: to / divisor, down: from / divisor}
	if max(r.up, r.down) > maxTerm {
		return nil, fmt.Errorf("resampling from %d to %d Hz: the ratio %d:%d is too odd", from, to, r.up, r.down)
	}
	if r.up == r.down {
		return r, nil
	}
	r.phases, r.taps, r.delay = design(r.up, r.down)
	r.work = make([]float32, r.taps-1+block)
	return r, nil
}

// All converts a whole recording. The result has no delay; its length is that of
// pcm times to/from, rounded up. With equal rates it is a copy.
func All(pcm []int16, from, to int) ([]int16, error) {
	r, err := New(from, to)
	if err != nil {
		return nil, err
	}
	out := make([]int16, 0, len(pcm)*r.up/r.down+1+r.delay)
	out = r.Flush(r.Process(out, pcm))
	if len(pcm) == 0 {
		return out, nil
	}
	return out[r.delay:], nil
}

// Delay is how many output samples the output is behind the input.
func (r *Resampler) Delay() int { return r.delay }

// Process appends the output that src makes possible to dst and returns the
// extended slice: after n samples in all, n·to/from samples in all, rounded up.
// How the input is cut into calls makes no difference. It does not allocate
// when dst has room.
func (r *Resampler) Process(dst, src []int16) []int16 {
	if r.up == r.down {
		return append(dst, src...)
	}
	if len(src) == 0 {
		return dst
	}
	r.started = true
	dst = slices.Grow(dst, r.count(len(src)))
	for len(src) > 0 {
		n := min(len(src), block)
		fresh := r.work[r.taps-1:][:n]
		for i, s := range src[:n] {
			fresh[i] = float32(s)
		}
		dst = r.filter(dst, n)
		copy(r.work, r.work[n:n+r.taps-1])
		src = src[n:]
	}
	return dst
}

// count is how many output samples n new input samples make possible.
func (r *Resampler) count(n int) int {
	return max((n-r.next)*r.up-r.phase+r.down-1, 0) / r.down
}

// Flush appends what is still in the filter, Delay samples, to dst, and resets.
// It appends nothing when nothing went in.
func (r *Resampler) Flush(dst []int16) []int16 {
	if !r.started {
		return dst
	}
	dst = slices.Grow(dst, r.delay)
	var zeros [block]int16
	for want := len(dst) + r.delay; len(dst) < want; {
		// Rounded up, so that it is at least one and at most a few too many.
		need := ((want-len(dst))*r.down + r.up - 1) / r.up
		dst = r.Process(dst, zeros[:min(need, block)])
		dst = dst[:min(len(dst), want)]
	}
	r.Reset()
	return dst
}

// Reset forgets the input so far.
func (r *Resampler) Reset() {
	clear(r.work)
	r.next, r.phase, r.started = 0, 0, false
}

// filter appends the output for n new samples in work.
func (r *Resampler) filter(dst []int16, n int) []int16 {
	at, phase := r.next, r.phase
	for at < n {
		// The newest sample lies at taps-1+at in work, the oldest taps-1 before.
		dst = append(dst, round(dot(r.phases[phase*r.taps:][:r.taps], r.work[at:][:r.taps])))
		phase += r.down
		at += phase / r.up
		phase %= r.up
	}
	r.next, r.phase = at-n, phase
	return dst
}

// round makes a sample of v, cut off at the ends of the range.
func round(v float32) int16 {
	switch {
	case v >= 32767:
		return 32767
	case v <= -32768:
		return -32768
	}
	// Shifted to be positive, so that cutting off rounds to the nearest.
	return int16(int32(v+32768.5) - 32768)
}

// lanes is the number of independent sums in dot; taps are a multiple of it.
const lanes = 8

// dot is the sum of the products of two slices of one length, a multiple of
// lanes. Independent sums keep the processor's adders busy.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for len(a) >= lanes && len(b) >= lanes {
		x, y := (*[lanes]float32)(a), (*[lanes]float32)(b)
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
		s4 += x[4] * y[4]
		s5 += x[5] * y[5]
		s6 += x[6] * y[6]
		s7 += x[7] * y[7]
		a, b = a[lanes:], b[lanes:]
	}
	return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
}

// gcd is the greatest common divisor of two positive numbers.
func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
