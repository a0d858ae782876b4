// Package jitter puts the packets of one RTP stream back into the order in which
// they were sent.
//
// A [Buffer] takes packets as they arrive and gives them out as [Item]s: packets
// in order, stretches that were lost, and stretches that the sender left out
// because it was silent. A packet that is next in order is given out at once:
// only a gap makes the buffer wait, for as long as late packets of this stream
// have been seen to take. It is therefore no playout buffer with a constant
// delay; it is made for a reader that wants order and may wait for it, such as a
// recogniser.
//
// A gap in the sequence numbers is a loss; a jump of the timestamp without one is
// silence (RFC 3550, section 5.1; RFC 3551, section 4.1).
package jitter

import (
	"time"

	"parley/audio"
)

const (
	// MaxPayload is the longest payload in bytes that is kept. What fits into an
	// Ethernet frame is shorter.
	MaxPayload = 1500

	// slots is how many packets the newest may be ahead of the oldest kept one:
	// 1.28 s of 20 ms packets, well over the longest delay. A power of two.
	slots = 64
	// firstCap is the room that a slot starts with: 20 ms of G.711 are 160 bytes,
	// of Opus speech 40 to 120.
	firstCap = 256
)

// Options sets how long a Buffer waits at a gap. The zero value is good.
type Options struct {
	// MinDelay is waited at any gap, 20 ms if zero: one packet, so that two
	// neighbours that changed places are never a loss.
	MinDelay time.Duration
	// MaxDelay is never exceeded, 200 ms if zero.
	MaxDelay time.Duration
}

// Verdict says what became of a packet.
type Verdict uint8

// The fates of a packet.
const (
	// Kept packets will be given out by Pop.
	Kept Verdict = iota
	// Double packets were here before.
	Double
	// Late packets came after their place had been given up as lost.
	Late
	// Stray packets do not fit the stream: a sender that starts afresh has its
	// first packet called stray, and is believed from the second on.
	Stray
	// Oversize packets have a payload of more than MaxPayload bytes.
	Oversize
)

// Placed is what Push found out about a packet.
type Placed struct {
	Verdict Verdict
	// Newest says that the packet was kept and is ahead of all packets before it,
	// by Missing packets more than one.
	Newest  bool
	Missing int
	// Timestamp is the packet's place on the stream's clock, in units of the clock
	// rate since the first packet. It only means something for Kept and Late.
	Timestamp int64
}

// Kind is what an Item stands for.
type Kind uint8

// The kinds of items.
const (
	// Sound is a packet.
	Sound Kind = iota
	// Lost is a stretch whose packets did not come in time.
	Lost
	// Silence is a stretch for which the sender sent nothing.
	Silence
)

// Item is the next stretch of the stream.
type Item struct {
	Kind Kind
	// Timestamp is where the stretch starts, as in Placed.
	Timestamp int64
	// Samples is its length in units of the clock rate. For Sound it is the length
	// that packets of this stream usually have; only a decoder knows better. For
	// the same reason the length of Silence is exact only when packets have all
	// the same length.
	Samples int64
	// Packets is how many packets are lost in a Lost stretch.
	Packets int
	// Payload is a Sound's packet. It stays valid until the next Push.
	Payload []byte
	// Next is the packet after a Lost stretch if it follows without a silence
	// between: it may carry a copy of what was lost. Pop gives it again as Sound.
	// It stays valid until the next Push.
	Next []byte
}

// Stats counts what has happened so far.
type Stats struct {
	Received int64 // all packets
	Doubles  int64
	Late     int64 // came after they had been given up
	Strays   int64
	Oversize int64
	Evicted  int64 // pushed out by newer ones: Pop was not called
	Lost     int64 // packets given up, the late ones among them
	Restarts int64 // the sender began afresh
	Moves    int64 // timestamps jumped or stood still, and the clock was set anew
	// Jitter is the interarrival jitter of RFC 3550, section 6.4.1.
	Jitter time.Duration
	// Delay is how long Pop waits at a gap now.
	Delay time.Duration
	// Waiting is the number of packets in the buffer.
	Waiting int
}

type slot struct {
	used    bool
	seq     int64
	ts      int64
	arrival time.Time
	payload []byte
}

// Buffer is a jitter buffer for one stream. It is not safe for use by several
// goroutines at once. Its memory is bounded (under 100 kB at worst, 17 kB for
// usual packets), and neither Push nor Pop allocates once slots have grown to
// the size of the stream's packets.
type Buffer struct {
	line  timeline
	delay delay
	stats Stats

	slots  [slots]slot
	count  int
	first  int64 // lowest sequence number in slots, if count > 0
	newest int64 // highest, if count > 0

	started bool
	next    int64  // the sequence number to give out next
	nextTS  int64  // where the stretch after the last item starts
	seen    uint64 // bit i: packet next-1-i was here
}

// New makes a buffer for a stream whose timestamps run at clockRate Hz.
func New(clockRate int, opts Options) *Buffer {
	b := &Buffer{line: newTimeline(int64(clockRate)), delay: newDelay(opts)}
	memory := make([]byte, slots*firstCap)
	for i := range b.slots {
		b.slots[i].payload = memory[i*firstCap : i*firstCap : (i+1)*firstCap]
	}
	return b
}

// Push takes a packet that has just arrived. It copies the payload.
func (b *Buffer) Push(p audio.Packet) Placed {
	b.stats.Received++
	if len(p.Payload) > MaxPayload {
		b.stats.Oversize++
		return Placed{Verdict: Oversize}
	}
	at := b.line.place(p.Seq, p.Timestamp, p.Arrival)
	placed := Placed{Verdict: at.verdict, Timestamp: at.ts}
	switch at.verdict {
	case Stray:
		b.stats.Strays++
		return placed
	case Double:
		b.stats.Doubles++
		return placed
	}
	if !b.started {
		b.started, b.next, b.nextTS = true, at.seq, at.ts
	}
	if !at.newest && b.known(at.seq) {
		b.stats.Doubles++
		placed.Verdict = Double
		return placed
	}
	if at.newest {
		b.delay.inOrder(at.transit)
	} else {
		b.delay.late(at.lateness)
	}
	if at.seq < b.next || (b.count > 0 && b.newest-at.seq >= slots) {
		if back := b.next - 1 - at.seq; back >= 0 && back < 64 {
			b.seen |= 1 << back
		}
		b.stats.Late++
		placed.Verdict = Late
		return placed
	}
	b.keep(at, p)
	placed.Newest, placed.Missing = at.newest, at.missing
	return placed
}

// known says whether the packet is in the buffer or was lately given out.
func (b *Buffer) known(seq int64) bool {
	if back := b.next - 1 - seq; back >= 0 {
		return back < 64 && b.seen&(1<<back) != 0
	}
	s := &b.slots[seq&(slots-1)]
	return s.used && s.seq == seq
}

func (b *Buffer) keep(at place, p audio.Packet) {
	// The newest packet pushes out what is too far behind it, so that two packets
	// never want the same slot.
	for b.count > 0 && at.seq-b.first >= slots {
		b.stats.Evicted++
		b.free(&b.slots[b.first&(slots-1)])
	}
	s := &b.slots[at.seq&(slots-1)]
	s.used, s.seq, s.ts, s.arrival = true, at.seq, at.ts, p.Arrival
	if cap(s.payload) < len(p.Payload) {
		s.payload = make([]byte, 0, MaxPayload)
	}
	s.payload = append(s.payload[:0], p.Payload...)
	if b.count == 0 {
		b.first, b.newest = at.seq, at.seq
	} else {
		b.first, b.newest = min(b.first, at.seq), max(b.newest, at.seq)
	}
	b.count++
}

// free empties the slot of the first packet and finds the new first.
func (b *Buffer) free(s *slot) {
	s.used = false
	b.count--
	if b.count == 0 {
		return
	}
	for b.first++; !b.slots[b.first&(slots-1)].used; b.first++ {
	}
}

// Pop gives the next stretch of the stream, if it is known by now what it is.
// Call it until it says no, after each Push and every few milliseconds (a packet
// time is often enough) besides.
func (b *Buffer) Pop(now time.Time) (Item, bool) {
	for b.count > 0 {
		s := &b.slots[b.first&(slots-1)]
		between := s.ts - b.nextTS
		if missing := b.first - b.next; missing > 0 {
			if now.Sub(s.arrival) < b.delay.current() {
				return Item{}, false
			}
			b.stats.Lost += missing
			b.advance(missing, false)
			// Of a gap that is longer than the missing packets the rest is silence.
			// Which came first cannot be known; a voice is more likely to have gone
			// on than to have come back.
			length := min(missing*b.line.span, between)
			if length <= 0 {
				continue
			}
			item := Item{Kind: Lost, Timestamp: b.nextTS, Samples: length, Packets: int(missing)}
			if length == between {
				item.Next = s.payload
			}
			b.nextTS += length
			return item, true
		}
		if len(s.payload) == 0 { // padding: a number, but no sound
			b.advance(1, true)
			b.free(s)
			continue
		}
		if between > 0 {
			item := Item{Kind: Silence, Timestamp: b.nextTS, Samples: between}
			b.nextTS = s.ts
			return item, true
		}
		b.advance(1, true)
		b.free(s)
		b.nextTS = max(b.nextTS, s.ts+b.line.span)
		return Item{Kind: Sound, Timestamp: s.ts, Samples: b.line.span, Payload: s.payload}, true
	}
	return Item{}, false
}

// advance moves next on by n packets that were here or were not.
func (b *Buffer) advance(n int64, here bool) {
	b.next += n
	if n >= 64 {
		b.seen = 0
	} else {
		b.seen <<= n
	}
	if here {
		b.seen |= 1
	}
}

// Span is the usual length of a packet in units of the clock rate: 20 ms until
// the stream has shown another.
func (b *Buffer) Span() int64 { return b.line.span }

// Delay is how long Pop waits at a gap now.
func (b *Buffer) Delay() time.Duration { return b.delay.current() }

// Waiting is the number of packets in the buffer.
func (b *Buffer) Waiting() int { return b.count }

// Stats tells what has happened so far.
func (b *Buffer) Stats() Stats {
	s := b.stats
	s.Restarts, s.Moves = b.line.restarts, b.line.moves
	s.Jitter, s.Delay, s.Waiting = b.delay.jitter, b.delay.current(), b.count
	return s
}
