package webrtc

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"

	"parley/audio"
)

// maxGarbage is how many packets in a row may be no RTP of the agreed codec before
// nobody listens to that track any more.
const maxGarbage = 500

// remoteTrack is what is used of pion's track.
type remoteTrack interface {
	Read([]byte) (int, interceptor.Attributes, error)
}

// pusher takes packets as they arrive.
type pusher interface{ Push(audio.Packet) }

// hearing is the receiving side of a call. It belongs to the goroutine in read;
// only its count of arrivals is shared.
type hearing struct {
	clockRate int
	arrivals  arrivals

	packet rtp.Packet
	buffer [1500]byte

	// What one track sends follows on what the one before sent: the sequence
	// numbers and timestamps of a new source are shifted by these.
	started   bool
	source    uint32
	seqShift  uint16
	timeShift uint32
	last      audio.Packet
}

// read passes a track's packets on until it ends or ctx does. It does not
// allocate per packet.
func (h *hearing) read(ctx context.Context, track remoteTrack, to pusher) {
	garbage := 0
	for ctx.Err() == nil && garbage < maxGarbage {
		n, _, err := track.Read(h.buffer[:])
		now := time.Now()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
			return
		}
		if err != nil || !h.parse(h.buffer[:n]) {
			// Comfort noise, touch tones, another codec, or nonsense.
			garbage++
			continue
		}
		garbage = 0
		h.arrivals.count(&h.packet.Header, now, h.clockRate)
		if len(h.packet.Payload) == 0 {
			continue // padding that probes the network
		}
		to.Push(h.place(now))
	}
}

func (h *hearing) parse(data []byte) bool {
	return h.packet.Unmarshal(data) == nil && h.packet.Version == 2
}

// place puts the packet that was parsed on the call's own clock.
func (h *hearing) place(now time.Time) audio.Packet {
	header := &h.packet.Header
	if !h.started {
		h.started, h.source = true, header.SSRC
	} else if header.SSRC != h.source {
		h.source = header.SSRC
		h.seqShift = h.last.Seq + 1 - header.SequenceNumber
		passed := now.Sub(h.last.Arrival) * time.Duration(h.clockRate) / time.Second
		h.timeShift = h.last.Timestamp + uint32(passed) - header.Timestamp
	}
	packet := audio.Packet{
		Seq:       header.SequenceNumber + h.seqShift,
		Timestamp: header.Timestamp + h.timeShift,
		Payload:   h.packet.Payload,
		Arrival:   now,
	}
	h.last = packet
	return packet
}
