// Package audio holds what every part of the sound path agrees on: the sample
// rates inside the program, the length of a tick, and the small interfaces of a
// codec. Engines (Opus, G.711) live in subfolders.
//
// All PCM is 16-bit signed, mono, in machine order as []int16. Two rates are
// used inside the program and nothing else: what is heard is at [HearRate],
// what is spoken is at [SpeakRate]. Codecs and engines convert at their edge.
package audio

import "time"

const (
	// HearRate is the rate in Hz of everything that comes from a caller: voice
	// activity detection, end-of-turn models and recognisers all take 16 kHz.
	HearRate = 16000

	// SpeakRate is the rate in Hz of everything that goes to a caller. 24 kHz is
	// what speech providers send and what Opus takes without resampling.
	SpeakRate = 24000

	// Tick is the length of one packet and the period of the playout.
	Tick = 20 * time.Millisecond

	// HearTick is the number of samples in one Tick at HearRate.
	HearTick = HearRate / 50

	// SpeakTick is the number of samples in one Tick at SpeakRate.
	SpeakTick = SpeakRate / 50
)

// Encoder turns PCM at [SpeakRate] into packets. It keeps state between calls
// and belongs to one goroutine.
type Encoder interface {
	// Encode appends one packet made of exactly SpeakTick samples to dst and
	// returns the extended slice. It does not allocate when dst has room (1,500
	// bytes are always enough).
	Encode(dst []byte, pcm []int16) ([]byte, error)
	// Close frees what the encoder holds. It is an error to use it afterwards.
	Close() error
}

// AheadEncoder is an [Encoder] that can make packets before they are asked for,
// several at once for less.
type AheadEncoder interface {
	Encoder
	// Expect says what Encode will probably be given next: any number of whole
	// SpeakTicks, of which the encoder prepares as many as it likes. What Encode
	// returns is the same with and without it, whatever it is given then. It does
	// not allocate once it has been called a few times.
	Expect(pcm []int16) error
	// Ahead is how many packets are prepared. While there are some, Expect does
	// nothing.
	Ahead() int
}

// Decoder turns packets into PCM at [HearRate]. It keeps state between calls and
// belongs to one goroutine.
type Decoder interface {
	// Decode appends the samples of one packet to dst and returns the extended
	// slice: HearTick samples for a 20 ms packet, other lengths for other packets.
	// A payload that is no packet of this codec is an error and leaves the decoder
	// usable.
	Decode(dst []int16, payload []byte) ([]int16, error)
	// Conceal appends n samples in place of a lost packet. next is the packet that
	// follows the lost one when it is already here, because it may carry a copy of
	// what was lost (Opus in-band FEC); it is nil otherwise. Conceal does not
	// consume next: it still has to be decoded.
	Conceal(dst []int16, n int, next []byte) ([]int16, error)
	// Close frees what the decoder holds. It is an error to use it afterwards.
	Close() error
}

// Codec is a way to put sound into packets, as agreed in an SDP.
type Codec struct {
	// Name is the encoding name of the SDP without the rate: "opus", "PCMU", "PCMA".
	Name string
	// ClockRate is the rate of the RTP timestamps in Hz: 48000 for Opus whatever
	// is inside, 8000 for G.711.
	ClockRate int
	// Silence is one packet of 20 ms of silence, sent while there is nothing to
	// say. It must not be changed.
	Silence []byte
	// Pause is the packet after which a sender sends nothing for a while (DTX), so that
	// the far end takes what does not come for silence and not for lost; nil where a
	// codec has no such thing. It must not be changed.
	Pause []byte
	// Tail is how many ticks of silence have to be encoded after the last sound
	// before Silence may take over: what the encoder still holds of the sound. None
	// where there is nothing, because an encoder's own silence is not always silent:
	// Opus rings on for some 50 ms with an offset that its high-pass filter makes.
	Tail int
	// NewEncoder makes an encoder for one call.
	NewEncoder func() (Encoder, error)
	// NewHearing makes the decoder that feeds voice activity detection: packets
	// go through it in the order in which they arrive, so it is cheap and starts
	// at once. Its Conceal may be plain silence.
	NewHearing func() (Decoder, error)
	// NewRecording makes the decoder that feeds recognition: packets go through
	// it in the order in which they were sent, with real loss concealment.
	NewRecording func() (Decoder, error)
}

// Packet is one RTP packet's part that matters to sound.
type Packet struct {
	// Seq and Timestamp are those of the RTP header.
	Seq       uint16
	Timestamp uint32
	// Payload is the codec's packet. The receiver of a Packet keeps it only as
	// long as its documentation says; the sender may reuse the memory after that.
	Payload []byte
	// Arrival is when it was read from the network, on the monotonic clock.
	Arrival time.Time
}

// Listener takes what a caller says. It is called from one goroutine at a time
// and never blocks for longer than a voice-activity window takes to compute.
type Listener interface {
	// Hear takes sound as it arrives, gaps and all, for deciding whether someone
	// speaks. at is the position of the first sample on the caller's clock, in
	// samples at HearRate since the call's first packet. It reports whether the
	// same sound is also wanted in order through Record: when the answer turns
	// from false to true, Record starts some hundred milliseconds in the past.
	Hear(pcm []int16, at int64) (record bool)
	// Record takes the same sound put in order, with lost parts concealed, for
	// recognition. Positions are on the same clock as in Hear.
	Record(pcm []int16, at int64)
}
