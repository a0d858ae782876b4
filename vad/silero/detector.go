package silero

import (
	"math"

	"parley/vad"
	"parley/vad/internal/fft"
)

// Detector is one conversation's way through a [Model]. It belongs to one
// goroutine and never allocates.
type Detector struct {
	m *Model

	heard [heardLen]float32 // the last window, with the context before it
	state state

	// Working room; nothing here outlives a call.
	next          state
	framed        [framedLen]float32
	fft1, fft2    [frameLen]complex128
	spectrum      [frames * binsPadded]float32 // the padding stays zero
	conv0         [frames * 128]float32
	conv1         [2 * 64]float32
	conv2         [64]float32
	inputAndState [2 * units]float32
	gates         [4 * units]float32
}

// state is the memory of the recurrent cell: what it puts out and what it keeps.
type state struct {
	h, c [units]float32
}

func (m *Model) newDetector() *Detector { return &Detector{m: m} }

// Reset forgets all that came before.
func (d *Detector) Reset() {
	d.heard = [heardLen]float32{}
	d.state = state{}
}

// Probability returns the probability in [0, 1] that the next [vad.Window]
// samples, in [-1, 1], are speech. A longer window is cut, a shorter one panics;
// values out of range are clipped and NaN counts as silence.
func (d *Detector) Probability(window []float32) float32 {
	copy(d.heard[:contextLen], d.heard[vad.Window:])
	clip(d.heard[contextLen:], window[:vad.Window])
	copy(d.framed[:], d.heard[:])
	p := d.forward()
	d.state = d.next
	return p
}

// Peek judges a window as Probability would and leaves the state as it was. When
// the window begins with sound that the last Probability ended with, the sound
// before it is known and stands in front of it; else it is taken to follow the
// last window.
func (d *Detector) Peek(window []float32) float32 {
	clip(d.framed[contextLen:], window[:vad.Window])
	at := overlap(d.heard[contextLen:], d.framed[contextLen:heardLen])
	copy(d.framed[:contextLen], d.heard[at:])
	return d.forward()
}

// overlap returns where in last, counted from its start, next begins:
// last[at:] is the beginning of next. It is len(last) when they have nothing in
// common.
func overlap(last, next []float32) (at int) {
next:
	for at := range last {
		for i, v := range last[at:] {
			if v != next[i] {
				continue next
			}
		}
		return at
	}
	return len(last)
}

// clip copies src to dst, limiting each value to [-1, 1]; NaN becomes 0.
func clip(dst, src []float32) {
	for i, v := range src {
		if !(v >= -1 && v <= 1) {
			switch {
			case v > 1:
				v = 1
			case v < -1:
				v = -1
			default:
				v = 0
			}
		}
		dst[i] = v
	}
}

// forward judges the first heardLen samples of d.framed, starting from d.state,
// and leaves the new state in d.next.
func (d *Detector) forward() float32 {
	m := d.m
	d.transform()

	// Rows: frames; the frames before the first and after the last are zeros, and
	// the taps that would meet them are left out.
	const b = binsPadded
	l := &m.conv[0]
	for t := range frames {
		first, last := max(t-1, 0), min(t+2, frames)
		m.gemv(d.conv0[t*128:][:128], l.w[(first-t+1)*b:], l.columns, d.spectrum[first*b:last*b], l.bias)
	}
	relu(d.conv0[:])
	l = &m.conv[1]
	m.gemv(d.conv1[:64], l.w[128:], l.columns, d.conv0[:2*128], l.bias)
	m.gemv(d.conv1[64:], l.w, l.columns, d.conv0[128:], l.bias)
	relu(d.conv1[:])
	l = &m.conv[2]
	m.gemv(d.conv2[:], l.w, l.columns, d.conv1[:], l.bias)
	relu(d.conv2[:])
	l = &m.conv[3]
	m.gemv(d.inputAndState[:units], l.w, l.columns, d.conv2[:], l.bias)
	relu(d.inputAndState[:units])

	copy(d.inputAndState[units:], d.state.h[:])
	m.gemv(d.gates[:], m.cell.w, m.cell.columns, d.inputAndState[:], m.cell.bias)
	sum := m.outAdd
	in, forget := d.gates[:units], d.gates[units:2*units]
	cell, out := d.gates[2*units:3*units], d.gates[3*units:]
	for i := range d.next.h {
		c := sigmoid(forget[i])*d.state.c[i] + sigmoid(in[i])*tanh(cell[i])
		h := sigmoid(out[i]) * tanh(c)
		d.next.c[i], d.next.h[i] = c, h
		if h > 0 {
			sum += h * m.out[i]
		}
	}
	return sigmoid(sum)
}

// transform fills d.spectrum with the magnitudes of the four frames of
// d.framed, after mirroring its end. Frames are real, so one complex transform
// takes two of them.
func (d *Detector) transform() {
	f := &d.framed
	for i := range mirrorLen {
		f[heardLen+i] = f[heardLen-2-i]
	}
	for t := 0; t < frames; t += 2 {
		a, b := f[t*frameStep:][:frameLen], f[(t+1)*frameStep:][:frameLen]
		for i, w := range d.m.hann {
			d.fft1[i] = complex(float64(a[i])*w, float64(b[i])*w)
		}
		x := d.m.plan.Transform(d.fft1[:], d.fft2[:])
		ma, mb := d.spectrum[t*binsPadded:][:bins], d.spectrum[(t+1)*binsPadded:][:bins]
		for k := range bins {
			pa, pb := fft.Power2(x[k], x[(frameLen-k)%frameLen])
			ma[k], mb[k] = float32(math.Sqrt(pa)), float32(math.Sqrt(pb))
		}
	}
}

func relu(x []float32) {
	for i, v := range x {
		x[i] = max(v, 0)
	}
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

// tanh is written with the exponential function, which is faster than math.Tanh;
// the difference is below the precision of a float32.
func tanh(x float32) float32 { return float32(2/(1+math.Exp(-2*float64(x))) - 1) }
