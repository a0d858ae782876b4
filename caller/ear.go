package caller

import (
	"time"

	"parley/audio"
)

// AudibleLevel is the level (RMS over a packet, in dBFS) above which a packet that
// came from the agent is audible. Decoded silence and comfort noise are well below,
// the quietest ends of words of a normal voice above.
const AudibleLevel = -50.0

const (
	// sustained is how many audible packets make a sound the beginning of speech:
	// 60 ms. One or two are a click.
	sustained = 3
	// clickGap is how long those few may be apart.
	clickGap = 100 * time.Millisecond
	// quiet is how long nothing audible may come before the agent is silent. Stops
	// between the words of one sentence are shorter.
	quiet = 250 * time.Millisecond
	// endOfAnswer is how long the agent is silent when it has said all. Pauses
	// between its sentences are shorter.
	endOfAnswer = 1200 * time.Millisecond
)

// ear follows when the agent is audible. Its times are those at which packets were
// read from the network.
type ear struct {
	// last is when the newest audible packet came, onset when the first of the
	// present speech did; speaking says that there is one.
	last, onset time.Time
	speaking    bool
	// starts counts speeches.
	starts int
	run    int
}

// packet notes a packet that came at at.
func (e *ear) packet(at time.Time, audible bool) {
	if !audible {
		e.settle(at)
		return
	}
	if !e.speaking {
		if e.run == 0 || at.Sub(e.last) > clickGap {
			e.onset, e.run = at, 0
		}
		e.run++
		if e.run >= sustained {
			e.speaking, e.run = true, 0
			e.starts++
		}
	}
	e.last = at
}

// settle lets time go on: an agent that sends nothing is silent too.
func (e *ear) settle(now time.Time) {
	if e.speaking && now.Sub(e.last) >= quiet {
		e.speaking = false
	}
}

// silentFor is how long nothing audible has come; long ago for an agent that was
// never heard.
func (e *ear) silentFor(now time.Time) time.Duration { return now.Sub(e.last) }

// hearing judges packets of one call. It belongs to the goroutine that reads them.
type hearing struct {
	codec   audio.Codec
	decoder audio.Decoder
	pcm     []int16
}

func newHearing(codec audio.Codec) (*hearing, error) {
	decoder, err := codec.NewHearing()
	if err != nil {
		return nil, err
	}
	return &hearing{codec: codec, decoder: decoder, pcm: make([]int16, 0, 6*audio.HearTick)}, nil
}

// stockSilence is the longest Opus packet that is taken for silence unread: a table
// of contents and two bytes at most cannot carry a sound that is heard.
const stockSilence = 3

// hear decodes a packet. pcm is valid until the next call and empty when the
// packet is silence that need not be decoded, or is no packet at all.
func (h *hearing) hear(payload []byte, needPCM bool) (pcm []int16, audible bool) {
	if string(payload) == string(h.codec.Silence) || h.codec.ClockRate == 48000 && len(payload) <= stockSilence {
		if !needPCM {
			return nil, false
		}
		clear(h.pcm[:audio.HearTick])
		return h.pcm[:audio.HearTick], false
	}
	decoded, err := h.decoder.Decode(h.pcm[:0], payload)
	if err != nil {
		return nil, false
	}
	h.pcm = decoded[:0]
	return decoded, level(decoded) > AudibleLevel
}

func (h *hearing) close() { _ = h.decoder.Close() }
