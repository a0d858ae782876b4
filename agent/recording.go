package agent

import (
	"sync"

	"parley/audio"
)

// maxRecording bounds what is kept of one person's uninterrupted speech, in
// samples: a minute. Whoever speaks longer is recognised in parts.
const maxRecording = 60 * audio.HearRate

// recording keeps the caller's speech in order until it has been recognised.
// The room's goroutine appends and the conversation's goroutine reads.
type recording struct {
	mu   sync.Mutex
	base int64 // position of pcm[0] on the caller's clock
	pcm  []int16
}

// append adds samples that begin at position at. What overlaps is ignored and a
// hole is filled with silence, so that positions stay true.
func (r *recording) append(pcm []int16, at int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	end := r.base + int64(len(r.pcm))
	switch {
	case len(r.pcm) == 0 || at > end+audio.HearRate || at < r.base:
		r.base, r.pcm = at, r.pcm[:0] // a new stretch of speech
	case at < end:
		if skip := end - at; skip < int64(len(pcm)) {
			pcm = pcm[skip:]
		} else {
			return
		}
	default:
		for ; end < at; end++ {
			r.pcm = append(r.pcm, 0)
		}
	}
	if over := len(r.pcm) + len(pcm) - maxRecording; over > 0 {
		over = min(over, len(r.pcm))
		r.pcm = append(r.pcm[:0], r.pcm[over:]...)
		r.base += int64(over)
	}
	r.pcm = append(r.pcm, pcm...)
}

// slice copies what is there between two positions.
func (r *recording) slice(from, to int64) []int16 {
	r.mu.Lock()
	defer r.mu.Unlock()
	end := r.base + int64(len(r.pcm))
	from, to = max(from, r.base), min(to, end)
	if from >= to {
		return nil
	}
	return append([]int16(nil), r.pcm[from-r.base:to-r.base]...)
}

// forget drops all before a position, and the memory if nothing is left.
func (r *recording) forget(before int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	drop := before - r.base
	if drop <= 0 {
		return
	}
	if drop >= int64(len(r.pcm)) {
		r.pcm, r.base = nil, 0
		return
	}
	r.pcm = append([]int16(nil), r.pcm[drop:]...)
	r.base = before
}
