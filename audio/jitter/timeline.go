package jitter

import "time"

// Bounds of what is believed about sequence numbers and timestamps.
const (
	// maxDropout and maxMisorder are those of RFC 3550, appendix A.1: numbers may
	// run ahead or behind by so much and still belong to the stream.
	maxDropout  = 3000
	maxMisorder = 100
	// maxLead is how far the stream's clock may run ahead of the time that has
	// passed since packets began to come. It lets a burst through that piled up in
	// a stalled network, and keeps a sender from making hours out of one packet.
	maxLead = 10 * time.Second
	// maxStall is how far the stream's clock may stay behind the time that passed
	// between two packets. Beyond it the network stood still or the sender stops
	// its clock when muted; nothing is to be gained from calling the sound that
	// comes then old, so the clock is set forward.
	maxStall = 400 * time.Millisecond
	// maxSpan is the longest packet: 120 ms of Opus (RFC 6716, section 2.1.4).
	maxSpan = 120 * time.Millisecond
	// movedPackets bounds the loss that is believed of a sender whose timestamps
	// make no sense.
	movedPackets = 10
)

// place is where a packet belongs in the stream.
type place struct {
	verdict  Verdict // Kept, Double or Stray
	newest   bool
	missing  int // packets between this, the newest, and the newest before it
	seq      int64
	ts       int64
	transit  time.Duration // of the newest: how much later it came than the one before, measured by its timestamp
	lateness time.Duration // of others: how much later it came than the newest did, measured by its timestamp
}

// timeline unwraps sequence numbers and timestamps to 64 bits. Both only ever
// grow with newer packets, whatever the sender does: when it starts afresh, or
// its timestamps jump or stand still, the same line goes on with the time that
// has passed by the clock on the wall.
type timeline struct {
	rate    int64
	started bool

	// Of the newest packet:
	rawSeq  uint16
	rawTS   uint32
	seq     int64
	ts      int64
	arrival time.Time

	span  int64 // length of a packet
	delta int64 // between the timestamps of the last two neighbours
	lead  int64 // how far ts is ahead of the wall, at most, since it was last in step

	strayed   bool
	strayNext uint16 // the number that would prove the last stray right

	restarts, moves int64
}

func newTimeline(rate int64) timeline {
	return timeline{rate: rate, span: rate / 50}
}

func (t *timeline) place(seq uint16, ts uint32, arrival time.Time) place {
	if !t.started {
		t.started = true
		t.rawSeq, t.rawTS, t.arrival = seq, ts, arrival
		t.seq, t.ts = int64(seq), 0
		return place{newest: true, seq: t.seq, ts: t.ts}
	}
	dseq := int64(int16(seq - t.rawSeq))
	dts := int64(int32(ts - t.rawTS))
	switch {
	case dseq > 0 && dseq <= maxDropout:
		return t.forward(seq, ts, arrival, dseq, dts)
	case dseq == 0 && dts == 0:
		return place{verdict: Double}
	case dseq < 0 && dseq >= -maxMisorder && dts <= 0 && dts >= -t.units(maxLead):
		return place{seq: t.seq + dseq, ts: t.ts + dts, lateness: arrival.Sub(t.arrival) - t.duration(dts)}
	case t.strayed && seq == t.strayNext:
		t.restarts++
		return t.forward(seq, ts, arrival, 1, -1)
	}
	t.strayed, t.strayNext = true, seq+1
	return place{verdict: Stray}
}

// forward takes a packet that is dseq packets and, if that can be believed, dts
// units ahead of the newest.
func (t *timeline) forward(seq uint16, ts uint32, arrival time.Time, dseq, dts int64) place {
	elapsed := max(0, t.units(arrival.Sub(t.arrival)))
	// A clock that runs a little fast is forgiven at one part in a hundred; real
	// ones are off by less than one in a thousand.
	lead := max(0, t.lead-elapsed/100)
	room := t.units(maxLead) - lead + elapsed
	p := place{newest: true, missing: int(dseq - 1)}
	if dts >= 0 && dts <= room && elapsed-dts <= t.units(maxStall) {
		p.transit = arrival.Sub(t.arrival) - t.duration(dts)
		t.learn(dseq, dts)
	} else {
		t.moves++
		t.delta = 0
		dts = min(max(elapsed, min(dseq, movedPackets)*t.span), room)
	}
	t.lead = max(0, lead+dts-elapsed)
	t.seq += dseq
	t.ts += dts
	t.rawSeq, t.rawTS, t.strayed = seq, ts, false
	if arrival.After(t.arrival) {
		t.arrival = arrival
	}
	p.seq, p.ts = t.seq, t.ts
	return p
}

// learn finds the length of a packet: the distance of neighbours, when it was
// the same twice.
func (t *timeline) learn(dseq, dts int64) {
	if dseq != 1 {
		return
	}
	if dts == t.delta && dts > 0 && dts <= t.units(maxSpan) {
		t.span = dts
	}
	t.delta = dts
}

// units turns a duration of up to a day into units of the clock rate. It counts
// in microseconds, since nanoseconds times 48,000 overflow after two days.
func (t *timeline) units(d time.Duration) int64 {
	const day = 24 * time.Hour
	return min(max(d, -day), day).Microseconds() * t.rate / 1e6
}

// duration is the way back.
func (t *timeline) duration(units int64) time.Duration {
	return time.Duration(units*1e6/t.rate) * time.Microsecond
}
