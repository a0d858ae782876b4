package receive

import (
	"time"

	"parley/audio/jitter"
)

// drain takes what the jitter buffer has to give, and records it or keeps it.
func (r *Receiver) drain(now time.Time) {
	r.wake(now)
	for {
		item, ok := r.buffer.Pop(now)
		if !ok {
			return
		}
		e := entry{
			kind: item.Kind,
			at:   r.position(item.Timestamp), end: r.position(item.Timestamp + item.Samples),
			payload: item.Payload,
		}
		if r.live && e.at < r.until {
			r.record(e, item.Next)
			continue
		}
		r.live = false
		r.ring.push(e)
	}
}

// wake starts to record when the listener has begun to want it: first what has
// been kept from before.
func (r *Receiver) wake(now time.Time) {
	if !r.roused || now.Before(r.retryAt) {
		return
	}
	if r.live {
		r.roused = false
		return
	}
	if r.recording == nil {
		d, err := r.codec.NewRecording()
		if err != nil {
			// It may only not be ready yet; what is kept for the pre-roll gives some
			// time to try again before anything is missed.
			r.retryAt = now.Add(retryAfter)
			if r.stats.Failures++; r.stats.Failures == 1 {
				r.log.Error("a caller's words cannot be decoded", "codec", r.codec.Name, "error", err)
			}
			return
		}
		r.recording = d
	}
	r.roused, r.live = false, true
	r.guessed = 0
	if start, ok := r.ring.start(); ok {
		r.recEnd = max(r.recEnd, start)
	} else {
		r.recEnd = max(r.recEnd, r.heardEnd-r.ring.length)
	}
	for {
		e, next, ok := r.ring.pop()
		if !ok {
			return
		}
		r.record(e, next)
	}
}

// settle stops to record when all that was wanted has been.
func (r *Receiver) settle() {
	if r.recEnd >= r.until {
		r.live = false
	}
}

// record brings one item to the listener. next is the payload after a lost one,
// or nil.
func (r *Receiver) record(e entry, next []byte) {
	switch e.kind {
	case jitter.Silence:
		r.recordSilence(min(e.end, r.until))
	case jitter.Lost:
		r.recordLost(min(e.end, r.until), next)
	case jitter.Sound:
		r.recordSilence(e.at) // if the packet before it was shorter than usual
		if e.at == r.freshAt {
			// Nothing is missing: what has just been heard need not be decoded again.
			r.passed.add(e.payload)
			r.guessed = 0
			r.deliver(r.fresh, e.at)
			break
		}
		r.catchUp()
		pcm, err := r.recording.Decode(r.pcm[:0], e.payload)
		if err != nil || len(pcm) == 0 {
			r.stats.GarbageRecorded++
			r.recordLost(e.end, nil)
			break
		}
		r.pcm = pcm
		r.guessed = 0
		r.deliver(pcm, e.at)
	}
	r.settle()
}

// recordLost fills up to a position with what the decoder can make up, and with
// silence when it has made up too much already. What the next packet can bring
// back is real and always taken.
func (r *Receiver) recordLost(to int64, next []byte) {
	span := r.span()
	var repaired int64
	if next != nil {
		repaired = min(span, to-r.recEnd)
	}
	for r.recEnd < to-repaired && r.guessed < maxConceal {
		n := min(span, to-repaired-r.recEnd)
		r.guessed += n
		if !r.conceal(n, nil) {
			break
		}
	}
	r.recordSilence(to - repaired)
	if r.recEnd < to {
		if !r.conceal(to-r.recEnd, next) {
			r.recordSilence(to)
		}
	}
}

// conceal records n samples that the decoder makes up and says whether it did.
func (r *Receiver) conceal(n int64, next []byte) bool {
	r.catchUp()
	pcm, err := r.recording.Conceal(r.pcm[:0], int(n), next)
	if err != nil || int64(len(pcm)) != n {
		return false
	}
	r.pcm = pcm
	r.stats.Concealed += n
	r.deliver(pcm, r.recEnd)
	return true
}

// deliver records pcm, which belongs at a position, without what has been
// recorded already.
func (r *Receiver) deliver(pcm []int16, at int64) {
	if early := r.recEnd - at; early > 0 {
		if early >= int64(len(pcm)) {
			return
		}
		pcm = pcm[early:]
	}
	r.stats.Recorded += int64(len(pcm))
	r.listener.Record(pcm, r.recEnd)
	r.recEnd += int64(len(pcm))
}

// recordSilence records silence up to a position.
func (r *Receiver) recordSilence(to int64) {
	if to-r.recEnd > maxFill {
		r.recEnd = to - maxFill
	}
	for r.recEnd < to {
		n := min(to-r.recEnd, int64(len(r.zeros)))
		r.stats.Silence += n
		r.deliver(r.zeros[:n], r.recEnd)
	}
}
