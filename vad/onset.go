package vad

import (
	"math"
	"time"
)

// Quietest is what [Energy] returns for digital silence, in dB.
const Quietest = -120.0

// Energy returns the level of pcm in dB below full scale: 0 for a square wave of
// full scale, −3 for a sine, [Quietest] for digital silence or no samples. A
// constant offset counts for nothing.
func Energy(pcm []int16) float64 {
	if len(pcm) == 0 {
		return Quietest
	}
	var sum, squares int64
	for _, v := range pcm {
		sum += int64(v)
		squares += int64(v) * int64(v)
	}
	n := float64(len(pcm))
	mean := float64(sum) / n
	power := (float64(squares)/n - mean*mean) / (32768 * 32768)
	if power <= 1e-12 {
		return Quietest
	}
	return 10 * math.Log10(power)
}

const (
	// onsetMargin is how far above the noise a frame must be, in dB. Frames of
	// steady noise at 16 kHz vary by well under 2 dB; a voice on a usable call is
	// 15 dB and more above the noise.
	onsetMargin = 10
	// onsetQuietest is the level below which nothing is a voice, and therefore the
	// lowest that the noise is taken to be is onsetMargin less.
	onsetQuietest = -50
	// The noise is the quietest frame within onsetBlocks blocks of onsetBlock
	// frames: 1.2 to 1.5 s, longer than speech goes on without a gap, and no longer
	// than a new noise should be taken for a voice.
	onsetBlocks = 5
	onsetBlock  = 15
)

// Onset says when sound rises well above the noise of the room, within the
// packet in which it does, long before a [Detector] can know whether it is a
// voice. It is often wrong, so nothing but a passing softening of the agent's
// voice may hang on it. It belongs to one goroutine and never allocates. The zero
// value is ready.
//
// The noise is tracked by minimum statistics (R. Martin, "Noise power spectral
// density estimation based on optimal smoothing and minimum statistics", 2001),
// here of whole frames instead of single frequencies: even while someone speaks
// the quietest frame in a second is one of noise.
type Onset struct {
	minima [onsetBlocks]float64 // the quietest frame of each block, the current one last
	frames int                  // in the current block
	blocks int                  // in minima, the current one included
	loud   bool
	silent bool // the last frame was digital silence
}

// OnsetDelay is the most that passes until a new steady noise is noise.
const OnsetDelay = onsetBlocks * onsetBlock * 20 * time.Millisecond

// Push takes the next frame of 20 ms and says whether it is well above the noise.
// The rise is where the answer turns from false to true. The first frame of all
// is taken for noise, and so is a single one between digital silence: a sender that
// suppresses its silence lets the noise of its room be heard for a frame now and then.
func (o *Onset) Push(pcm []int16) (loud bool) {
	e := Energy(pcm)
	single := o.silent
	o.silent = e == Quietest
	e = max(e, onsetQuietest-onsetMargin)
	if o.blocks == 0 || o.frames == onsetBlock {
		if o.blocks == onsetBlocks {
			copy(o.minima[:], o.minima[1:])
		} else {
			o.blocks++
		}
		o.minima[o.blocks-1] = e
		o.frames = 0
	}
	o.frames++
	last := &o.minima[o.blocks-1]
	*last = min(*last, e)
	// A frame that falls between loud and quiet is what the last one was, so that
	// a voice that wavers around the margin is one rise.
	margin := float64(onsetMargin)
	if o.loud {
		margin /= 2
	}
	o.loud = e-o.Noise() >= margin && !single
	return o.loud
}

// Noise is the level of the noise as it is now known, in dB as of [Energy].
func (o *Onset) Noise() float64 {
	if o.blocks == 0 {
		return onsetQuietest - onsetMargin
	}
	least := o.minima[0]
	for _, m := range o.minima[1:o.blocks] {
		least = min(least, m)
	}
	return least
}

// Reset forgets the noise.
func (o *Onset) Reset() { *o = Onset{} }
