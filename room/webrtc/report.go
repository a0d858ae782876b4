package webrtc

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// reportInterval is how often the client is told how its sound arrives, and what
// it should have had of ours (RFC 3550, 6.2: five seconds for small sessions).
const reportInterval = 5 * time.Second

// arrivals counts a client's packets as RFC 3550 (A.1, A.3, A.8) asks for. The
// reading goroutine writes it, the sending goroutine reads it.
type arrivals struct {
	mu       sync.Mutex
	ssrc     uint32
	any      bool
	first    uint32 // extended sequence numbers
	highest  uint32
	received uint32
	// expectedBefore and receivedBefore are those of the last report.
	expectedBefore, receivedBefore uint32
	jitter                         float64 // in clock units
	transit                        float64
	epoch                          time.Time
}

// some says whether any packet has come.
func (a *arrivals) some() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.any
}

// count takes a packet that came in at now.
func (a *arrivals) count(header *rtp.Header, now time.Time, clockRate int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.any || a.ssrc != header.SSRC {
		// The mutex is locked: start over field by field.
		a.any, a.ssrc, a.epoch = true, header.SSRC, now
		a.first, a.highest = uint32(header.SequenceNumber), uint32(header.SequenceNumber)
		a.received, a.expectedBefore, a.receivedBefore = 1, 0, 0
		a.jitter, a.transit = 0, -float64(header.Timestamp)
		return
	}
	a.received++
	if ahead := int16(header.SequenceNumber - uint16(a.highest)); ahead > 0 {
		a.highest += uint32(ahead)
	}
	transit := now.Sub(a.epoch).Seconds()*float64(clockRate) - float64(header.Timestamp)
	difference := transit - a.transit
	a.transit = transit
	// A timestamp that wraps or jumps says nothing about the network.
	if difference < 0 {
		difference = -difference
	}
	if difference < float64(clockRate) {
		a.jitter += (difference - a.jitter) / 16
	}
}

// report is the block about the client's stream, false if nothing has come yet.
func (a *arrivals) report() (rtcp.ReceptionReport, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.any {
		return rtcp.ReceptionReport{}, false
	}
	expected := a.highest - a.first + 1
	expectedNow, receivedNow := expected-a.expectedBefore, a.received-a.receivedBefore
	a.expectedBefore, a.receivedBefore = expected, a.received
	report := rtcp.ReceptionReport{
		SSRC:               a.ssrc,
		LastSequenceNumber: a.highest,
		Jitter:             uint32(a.jitter),
	}
	// Packets that were doubled on the way can make the loss negative: say none.
	if expectedNow > receivedNow {
		report.FractionLost = uint8(min(255, uint64(expectedNow-receivedNow)*256/uint64(expectedNow)))
	}
	if expected > a.received {
		report.TotalLost = min(expected-a.received, 0x7fffff)
	}
	return report, true
}

// sent counts what goes to the client.
type sent struct {
	ssrc           uint32
	packets, bytes uint32
}

func (s *sent) count(payload int) {
	s.packets++
	s.bytes += uint32(payload)
}

// reporter composes the reports of a call.
type reporter struct {
	sent sent
	last time.Time
	out  [1]rtcp.Packet
}

// due says whether it is time for a report. The first is due at once: browsers
// line up sound and clock by it.
func (r *reporter) due(now time.Time) bool {
	if r.sent.packets == 0 || now.Sub(r.last) < reportInterval {
		return false
	}
	r.last = now
	return true
}

// compose makes a report; timestamp is that of now.
func (r *reporter) compose(now time.Time, timestamp uint32, heard *arrivals) []rtcp.Packet {
	report := &rtcp.SenderReport{
		SSRC:        r.sent.ssrc,
		NTPTime:     ntp(now),
		RTPTime:     timestamp,
		PacketCount: r.sent.packets,
		OctetCount:  r.sent.bytes,
	}
	if block, ok := heard.report(); ok {
		report.Reports = []rtcp.ReceptionReport{block}
	}
	r.out[0] = report
	return r.out[:]
}

// ntp is a time in the 32.32 fixed point format of NTP, whose era began in 1900.
func ntp(t time.Time) uint64 {
	const secondsTo1970 = 2208988800
	seconds := uint64(t.Unix() + secondsTo1970)
	return seconds<<32 | uint64(t.Nanosecond())<<32/1e9
}
