package jitter

import "time"

// How the wait at a gap follows the stream. The shape is that of NetEQ in WebRTC
// (a histogram of delays that forgets, and a high quantile of it), made simpler:
// here only packets that came out of order count, since no others are waited for.
const (
	bucket      = 10 * time.Millisecond
	buckets     = 25 // up to 250 ms; later ones count as that
	forget      = 0.97
	quantile    = 0.95
	jitterTimes = 3 // before anything came late: so many times the jitter
	// calm is after how many packets in order, 30 s of them, old late ones no
	// longer count.
	calm = 1500
	// maxTransit bounds what one packet adds to the jitter, so that a stall of
	// seconds is not remembered for long.
	maxTransit = 250 * time.Millisecond
)

// delay decides how long a gap is waited at.
type delay struct {
	min, max time.Duration
	jitter   time.Duration // RFC 3550, section 6.4.1
	late95   time.Duration
	inARow   int
	weights  [buckets]float32
}

func newDelay(o Options) delay {
	d := delay{min: o.MinDelay, max: o.MaxDelay}
	if d.min <= 0 {
		d.min = 20 * time.Millisecond
	}
	if d.max <= 0 {
		d.max = 200 * time.Millisecond
	}
	d.max = max(d.min, d.max)
	return d
}

// inOrder takes a packet that came after the one before it, by so much later
// than its timestamp says.
func (d *delay) inOrder(transit time.Duration) {
	off := min(max(transit, -transit), maxTransit)
	d.jitter += (off - d.jitter) / 16
	if d.inARow++; d.inARow == calm {
		d.weights, d.late95 = [buckets]float32{}, 0
	}
}

// late takes a packet that came after one sent later, and how long waiting for
// it would have had to last.
func (d *delay) late(by time.Duration) {
	d.inARow = 0
	at := min(max(int(by/bucket), 0), buckets-1)
	var total float32
	for i := range d.weights {
		d.weights[i] *= forget
		total += d.weights[i]
	}
	d.weights[at]++
	total++
	var sum float32
	for i, w := range d.weights {
		if sum += w; sum >= quantile*total {
			d.late95 = time.Duration(i+1) * bucket
			return
		}
	}
}

func (d *delay) current() time.Duration {
	return min(max(d.min, d.late95, jitterTimes*d.jitter), d.max)
}
