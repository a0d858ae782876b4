package receive

const (
	// passedKept is how many packets are kept for the recording decoder to catch up
	// with: 100 ms, after which an Opus or G.711 decoder sounds as if it had heard
	// all that came before.
	passedKept = 5
	// unsureFor is for how many packets after a loss the hearing decoder, which
	// does not conceal well, is not trusted with the recording.
	unsureFor = 10
)

// passed are the newest packets that the recording decoder has not seen because
// they were recorded as they had been heard. Their memory is used again and again.
type passed struct {
	payloads [passedKept][]byte
	next, n  int
}

// add keeps a copy of a payload, in place of the oldest when there are enough.
func (p *passed) add(payload []byte) {
	p.payloads[p.next] = append(p.payloads[p.next][:0], payload...)
	p.next = (p.next + 1) % passedKept
	p.n = min(p.n+1, passedKept)
}

// catchUp gives the recording decoder what it has not seen, before it is needed.
func (r *Receiver) catchUp() {
	p := &r.passed
	for ; p.n > 0; p.n-- {
		payload := p.payloads[(p.next-p.n+passedKept)%passedKept]
		if pcm, err := r.recording.Decode(r.pcm[:0], payload); err == nil {
			r.pcm = pcm
		}
	}
}
