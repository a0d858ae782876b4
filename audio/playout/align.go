package playout

import (
	"math"

	"parley/audio"
)

// How word boundaries are found in sound whose words, but not their times, are
// known. All lengths are in samples at audio.SpeakRate.
const (
	hop = audio.SpeakRate / 400 // 2.5 ms: how finely energy is known
	// quietHops is the length of the quiet spot that a boundary is put into.
	quietHops = 4 // 10 ms
	// reach is how far a boundary may move to find one. Speakers and weights differ
	// by less than a short syllable, about 150 ms, within a clause.
	reach = audio.SpeakRate * 80 / 1000
	// trimBelow is the power, relative to that of the loudest hop, under which the
	// ends of a clause are silence: −40 dB.
	trimBelow = 1e-4
	// trimFloor is the power under which they always are: 8 of 32,768, −72 dBFS.
	trimFloor = 8 * 8
)

// Align divides the sound of one clause, at audio.SpeakRate, among its words.
// weights are their relative lengths; those that are no positive number (or over a million) count as
// one. It returns for each word where it starts and, as one more value at the end, where
// the last one ends; silence before the first and after the last belongs to no
// word. The boundaries never go back, and lie within the sound.
//
// Each is first put where the weights want it and then moved to the quietest
// 10 ms within 80 ms, though never past the middle of a neighbouring word.
func Align(pcm []int16, weights []float64) []int64 {
	return alignInto(make([]int64, 0, len(weights)+1), [][]int16{pcm}, weights)
}

// alignInto is Align for sound in pieces; it appends to dst.
func alignInto(dst []int64, pieces [][]int16, weights []float64) []int64 {
	power := powers(pieces)
	var length int64
	for _, p := range pieces {
		length += int64(len(p))
	}
	from, to := trim(power, length)
	if len(weights) == 0 {
		return append(dst, from)
	}
	total := 0.0
	for _, w := range weights {
		total += weight(w)
	}
	base := len(dst)
	dst = append(dst, from)
	done := 0.0
	perWeight := float64(to-from) / total
	for i, w := range weights[:len(weights)-1] {
		before := weight(w) * perWeight
		after := weight(weights[i+1]) * perWeight
		done += weight(w)
		// Where the weights put the boundary after word i.
		wanted := float64(from) + done*perWeight
		low := wanted - min(reach, before/2)
		high := wanted + min(reach, after/2)
		at := quietest(power, int64(low), int64(wanted), int64(high))
		dst = append(dst, min(max(at, dst[base+i]), to))
	}
	return append(dst, to)
}

func weight(w float64) float64 {
	if w > 0 && w < 1e6 {
		return w
	}
	return 1
}

// powers is the mean power of each hop; the last may be shorter.
func powers(pieces [][]int16) []float32 {
	var length int
	for _, p := range pieces {
		length += len(p)
	}
	out := make([]float32, 0, (length+hop-1)/hop)
	var sum int64
	n := 0
	for _, p := range pieces {
		for _, v := range p {
			sum += int64(v) * int64(v)
			if n++; n == hop {
				out = append(out, float32(sum)/hop)
				sum, n = 0, 0
			}
		}
	}
	if n > 0 {
		out = append(out, float32(sum)/float32(n))
	}
	return out
}

// trim finds where sound begins and ends. Sound that is silent all over is not
// trimmed at all.
func trim(power []float32, length int64) (from, to int64) {
	var loudest float32
	for _, p := range power {
		loudest = max(loudest, p)
	}
	limit := max(loudest*trimBelow, trimFloor)
	if loudest <= limit {
		return 0, length
	}
	first, last := 0, len(power)-1
	for power[first] <= limit {
		first++
	}
	for power[last] <= limit {
		last--
	}
	return int64(first) * hop, min(int64(last+1)*hop, length)
}

// quietest finds the middle of the quietest 10 ms whose middle lies between low
// and high, the one nearest to wanted if there are several.
func quietest(power []float32, low, wanted, high int64) int64 {
	const half = quietHops / 2
	first := max(int((low+hop-1)/hop), half)
	last := min(int(high/hop), len(power)-half)
	best, at := float32(math.Inf(1)), wanted
	for i := first; i <= last; i++ {
		var sum float32
		for _, p := range power[i-half : i+half] {
			sum += p
		}
		middle := int64(i) * hop
		if sum < best || sum == best && abs(middle-wanted) < abs(at-wanted) {
			best, at = sum, middle
		}
	}
	return at
}

func abs(v int64) int64 { return max(v, -v) }
