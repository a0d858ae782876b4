package receive

import "parley/audio/jitter"

const (
	// maxEntries bounds the ring whatever the length of a packet: 600 ms are 30
	// usual ones, or 60 of 10 ms.
	maxEntries = 64
	// entryCap is the room for a packet that an entry starts with.
	entryCap = 256
)

// entry is a jitter.Item with positions in place of timestamps.
type entry struct {
	kind    jitter.Kind
	at, end int64
	payload []byte
}

// ring keeps the last items, still encoded. It forgets the oldest.
type ring struct {
	length  int64 // samples to keep
	entries [maxEntries]entry
	head, n int
}

func newRing(length int64) ring {
	r := ring{length: length}
	memory := make([]byte, maxEntries*entryCap)
	for i := range r.entries {
		r.entries[i].payload = memory[i*entryCap : i*entryCap : (i+1)*entryCap]
	}
	return r
}

// push keeps a copy of e.
func (r *ring) push(e entry) {
	for r.n > 0 && (r.n == maxEntries || r.entries[r.head].end <= e.end-r.length) {
		r.head, r.n = (r.head+1)%maxEntries, r.n-1
	}
	kept := &r.entries[(r.head+r.n)%maxEntries]
	payload := kept.payload[:0]
	if cap(payload) < len(e.payload) {
		payload = make([]byte, 0, jitter.MaxPayload)
	}
	e.payload = append(payload, e.payload...)
	*kept = e
	r.n++
}

// start is where the sound in the ring begins.
func (r *ring) start() (at int64, ok bool) {
	if r.n == 0 {
		return 0, false
	}
	first, last := &r.entries[r.head], &r.entries[(r.head+r.n-1)%maxEntries]
	if first.kind == jitter.Sound {
		return first.at, true
	}
	return max(first.at, last.end-r.length), true // of a long silence only the end
}

// pop takes the oldest, and what helps to repair it if it is lost: the payload
// after it. Both stay valid until the next push.
func (r *ring) pop() (e entry, next []byte, ok bool) {
	if r.n == 0 {
		return entry{}, nil, false
	}
	e = r.entries[r.head]
	r.head, r.n = (r.head+1)%maxEntries, r.n-1
	if r.n > 0 {
		if after := &r.entries[r.head]; after.kind == jitter.Sound && after.at <= e.end {
			next = after.payload
		}
	}
	return e, next, true
}
