package playout

import "parley/audio"

// Preview fills dst with what Next will give from now on if nothing happens in
// between, and returns for how many samples that is known: whole ticks, and none
// unless sound is going out at full loudness. It changes nothing. It is meant for
// preparing packets; whoever does so compares with what Next gives in the end.
func (p *Playout) Preview(dst []int16) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sounding || p.held || p.ducked || p.tailLen > 0 || p.gain.left > 0 || p.gain.value != 1 {
		return 0
	}
	for i, c := range p.queue {
		left := c.length - c.cursor
		if !c.finished && i > 0 && left < enough {
			break // it will be waited for
		}
		took := c.peek(dst[n:])
		if !c.finished {
			// Its last samples may have to fade out.
			n += int(min(int64(took), max(left-fade, 0)))
			break
		}
		if n += took; n == len(dst) {
			break
		}
	}
	return n / audio.SpeakTick * audio.SpeakTick
}
