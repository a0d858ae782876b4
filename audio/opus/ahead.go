package opus

import (
	"errors"
	"fmt"
	"slices"

	"parley/audio"
)

// maxAhead is how many packets are made ahead, 100 ms. After 20 ms of other work
// the processor has forgotten libopus, and a packet alone costs three times what
// it does among others. More of them would save little more, and hold up the other
// encoders of the instance for longer.
const maxAhead = 5

// ahead is what an encoder has made for ticks that have not been asked for yet.
type ahead struct {
	pcm     [maxAhead * audio.SpeakTick]int16
	packets []byte
	ends    [maxAhead]int // of each packet in packets
	n, used int           // packets made, and asked for since

	// before is the encoder's block as it was before the first of them, and quiet
	// what was true of it: a block holds no address of itself.
	before []byte
	quiet  bool
}

// take gives the next packet, if it was made of pcm.
func (a *ahead) take(pcm []int16) (packet []byte, ok bool) {
	if a.used == a.n || !slices.Equal(pcm, a.pcm[a.used*audio.SpeakTick:(a.used+1)*audio.SpeakTick]) {
		return nil, false
	}
	from := 0
	if a.used > 0 {
		from = a.ends[a.used-1]
	}
	packet = a.packets[from:a.ends[a.used]]
	a.used++
	return packet, true
}

// forget drops what there is.
func (a *ahead) forget() { a.n, a.used = 0, 0 }

// Ahead implements [audio.AheadEncoder].
func (e *Encoder) Ahead() int { return e.ahead.n - e.ahead.used }

// Expect implements [audio.AheadEncoder].
func (e *Encoder) Expect(pcm []int16) error {
	a := &e.ahead
	if a.used < a.n {
		return nil // there is enough
	}
	ticks := min(len(pcm)/audio.SpeakTick, maxAhead)
	if ticks == 0 {
		return nil
	}
	in, err := e.lock()
	if err != nil {
		return err
	}
	defer in.mu.Unlock()
	block, ok := in.memory.Read(uint32(e.ptr), uint32(in.encoderSize))
	if !ok {
		return errors.New("encoding Opus ahead: the encoder's block cannot be read")
	}
	a.forget()
	a.before, a.quiet, a.packets = append(a.before[:0], block...), e.quiet, a.packets[:0]
	for i := range ticks {
		tick := pcm[i*audio.SpeakTick : (i+1)*audio.SpeakTick]
		if allZero(tick) {
			break // it may be that it need not be encoded
		}
		if a.packets, err = e.encode(in, a.packets, tick); err != nil {
			return err
		}
		copy(a.pcm[i*audio.SpeakTick:], tick)
		a.ends[i] = len(a.packets)
		a.n = i + 1
	}
	return nil
}

// rewind makes the encoder what it was after the packets that were asked for. It
// is as if the others had never been made. The instance is locked.
func (e *Encoder) rewind(in *instance) error {
	a := &e.ahead
	if a.used == a.n {
		return nil
	}
	used := a.used
	a.forget()
	if !in.memory.Write(uint32(e.ptr), a.before) {
		return fmt.Errorf("encoding Opus: %d bytes of the encoder cannot be put back", len(a.before))
	}
	e.quiet = a.quiet
	var err error
	for i := range used {
		if a.packets, err = e.encode(in, a.packets[:0], a.pcm[i*audio.SpeakTick:(i+1)*audio.SpeakTick]); err != nil {
			return err
		}
	}
	return nil
}
