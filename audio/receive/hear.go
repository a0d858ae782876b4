package receive

import (
	"math"

	"parley/audio"
)

// hear decodes the newest packet, which belongs at the given position, and lets
// it be heard. missing packets between it and the newest before it are not here
// (yet); when they come, they are not heard any more. What is heard has no gaps:
// a short loss is concealed as well as the hearing decoder can, anything else is
// silence.
func (r *Receiver) hear(p audio.Packet, at int64, missing int) {
	if r.lastAt.IsZero() {
		r.heardEnd = at
	}
	gap := at - r.heardEnd
	if missing > 0 && gap == int64(missing)*r.span() && gap <= maxHearConceal {
		if pcm, err := r.hearing.Conceal(r.pcm[:0], int(gap), p.Payload); err == nil && int64(len(pcm)) == gap {
			r.pcm = pcm
			r.tell(pcm)
			r.stats.Invented += gap
		}
	}
	if missing > 0 {
		r.unsure = unsureFor
	}
	pcm, err := r.hearing.Decode(r.fresh[:0], p.Payload)
	if err != nil || len(pcm) == 0 {
		// Not counted as an arrival either, so that time goes on in Tick for a peer
		// that sends nothing but garbage.
		r.stats.Garbage++
		return
	}
	r.fresh = pcm
	if r.unsure > 0 {
		r.unsure--
	} else {
		r.freshAt = at
	}
	r.lastEnd, r.lastAt = at+int64(len(pcm)), p.Arrival
	r.hearSilence(at)
	if early := r.heardEnd - at; early > 0 {
		// Silence was made up for a part of what this packet brings.
		early = min(early, int64(len(pcm)))
		r.stats.Overtaken += early
		pcm = pcm[early:]
	}
	if len(pcm) > 0 {
		r.stats.Heard += int64(len(pcm))
		r.tell(pcm)
	}
}

// hearSilence lets silence be heard up to a position and says whether there was
// any. Over a gap that is longer than can be right it jumps.
func (r *Receiver) hearSilence(to int64) bool {
	if to <= r.heardEnd {
		return false
	}
	if to-r.heardEnd > maxFill {
		r.heardEnd = to - maxFill
	}
	for r.heardEnd < to {
		n := min(to-r.heardEnd, int64(len(r.zeros)))
		r.stats.Invented += n
		r.tell(r.zeros[:n])
	}
	return true
}

// tell lets the listener hear what follows, and minds its answer.
func (r *Receiver) tell(pcm []int16) {
	at := r.heardEnd
	r.heardEnd += int64(len(pcm))
	if r.listener.Hear(pcm, at) {
		if r.until != math.MaxInt64 {
			r.until, r.roused = math.MaxInt64, true
		}
	} else if r.until == math.MaxInt64 {
		r.until = r.heardEnd
	}
}
