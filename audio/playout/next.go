package playout

import "parley/audio"

const (
	// enough is how much of an open clause must be here to begin with it: a tick,
	// and what is needed to fade out should nothing follow.
	enough = audio.SpeakTick + fade
	// enoughAgain is the same after it ran out: more, so that a synthesis that is a
	// little too slow makes few long pauses and not many short ones.
	enoughAgain = 3 * audio.SpeakTick
)

// gain is the loudness, and the ramp to another.
type gain struct {
	value, goal, step float32
	left              int // samples of the ramp
}

// set makes the loudness v at once.
func (g *gain) set(v float32) { g.value, g.goal, g.left = v, v, 0 }

// ramp makes the loudness v over the next n samples: the last of them has it.
func (g *gain) ramp(v float32, n int) {
	if n <= 0 {
		g.set(v)
	} else if v != g.goal {
		g.goal, g.left, g.step = v, n, (v-g.value)/float32(n)
	}
}

// apply makes pcm as loud as it is to be.
func (g *gain) apply(pcm []int16) {
	for g.left > 0 && len(pcm) > 0 {
		g.left--
		g.value = g.goal - g.step*float32(g.left)
		pcm[0] = int16(float32(pcm[0]) * g.value)
		pcm = pcm[1:]
	}
	if g.value == 1 {
		return
	}
	for i, v := range pcm {
		pcm[i] = int16(float32(v) * g.value)
	}
}

// Next fills dst, usually audio.SpeakTick samples, with what goes out next. It
// reports false, and leaves dst alone, when that is nothing. It is meant for one
// goroutine, once each audio.Tick, and does not allocate.
func (p *Playout) Next(dst []int16) (audible bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = p.now()
	n := 0
	if p.tailLen > 0 {
		n = copy(dst, p.tail[:p.tailLen])
		p.fadeOut(dst[:n])
		p.tailLen = 0
	}
	if p.held && !p.silent && (len(p.queue) == 0 || !p.queue[0].Protected) {
		if p.midway() {
			n = p.peek(dst[:min(fade, len(dst))])
			p.fadeOut(dst[:n])
			p.queue[0].turn.sent += int64(n)
		}
		p.stop()
	}
	if p.announce && (p.silent || !p.held) {
		p.announce = false
		p.tell(Event{Kind: Silent}, n)
	}
	// A hold may also take effect in here, when a protected clause ends.
	ended := false
	for n < len(dst) && len(p.queue) > 0 {
		c := p.queue[0]
		if p.held && !c.Protected {
			if !p.silent {
				p.stop()
			}
			if p.announce {
				p.announce = false
				p.tell(Event{Kind: Silent}, n)
			}
			break
		}
		took, more := p.play(c, dst, n)
		n += took
		if !more {
			ended = true
			break
		}
	}
	if n < len(dst) {
		p.sounding = false
		if p.flowing && !p.held && (ended || len(p.queue) == 0) {
			p.flowing = false
			p.ranOut()
		}
	}
	if n == 0 {
		return false
	}
	clear(dst[n:])
	return true
}

// play fills dst from its sample n on with a clause and says how much it was,
// and whether there is more to say after it.
func (p *Playout) play(c *clause, dst []int16, n int) (took int, more bool) {
	left, room := c.length-c.cursor, len(dst)-n
	dry := false
	if !c.finished {
		switch {
		case p.sounding && c.cursor > 0:
			dry = left < int64(room+fade)
		case c.cursor > 0 && left < enoughAgain, left < enough:
			return 0, false
		}
	}
	goal := p.loudness(c)
	if c.broken {
		p.gain.set(0)
		p.gain.ramp(goal, fade)
		c.broken = false
	} else if !p.sounding {
		p.gain.set(goal)
	} else {
		p.gain.ramp(goal, fade)
	}
	took = int(min(left, int64(room)))
	if took > 0 {
		p.started(c, n)
		out := dst[n : n+took]
		from := c.cursor
		c.take(out)
		c.turn.sent += int64(took)
		p.words(c, from, n)
		p.sounding, p.flowing = true, true
		if dry {
			ramp := min(took, fade)
			p.gain.apply(out[:took-ramp])
			p.fadeOut(out[took-ramp:])
			c.broken = true
			return took, false
		}
		p.gain.apply(out)
	}
	if c.cursor == c.length && c.finished {
		c.done = true
		p.words(c, c.length, n+took)
		p.remove(c)
		p.tell(Event{Kind: ClauseDone, Turn: c.Turn, Clause: c.id}, n+took)
		p.settle(c.turn, n+took)
	}
	return took, true
}

// loudness is what a clause is to be played with now.
func (p *Playout) loudness(c *clause) float32 {
	g := float32(1)
	if p.ducked {
		g = duckGain
	}
	if p.held && c.Protected {
		g = min(g, protectedGain)
	}
	return g
}

// fadeOut makes pcm softer until its last sample is nothing.
func (p *Playout) fadeOut(pcm []int16) {
	p.gain.ramp(0, len(pcm))
	p.gain.apply(pcm)
	p.gain.set(0)
	p.sounding = false
}

// midway says that a clause sounds and has not come to its end.
func (p *Playout) midway() bool {
	return p.sounding && len(p.queue) > 0 && p.queue[0].cursor > 0
}

// peek copies what would come next, over as many clauses as it takes.
func (p *Playout) peek(dst []int16) (n int) {
	for _, c := range p.queue {
		n += c.peek(dst[n:])
		if n == len(dst) || !c.finished {
			break
		}
	}
	return n
}

// started tells of the first sound of a clause and of its turn.
func (p *Playout) started(c *clause, offset int) {
	if !c.firstAt.IsZero() {
		return
	}
	c.firstAt = p.at.Add(duration(int64(offset)))
	if c.turn.firstAt.IsZero() {
		c.turn.firstAt = c.firstAt
		p.tell(Event{Kind: FirstSound, Turn: c.Turn, Clause: c.id}, offset)
	}
}

// words tells of the words that have started now that the cursor is past from,
// the position of the sample offset in the tick.
func (p *Playout) words(c *clause, from int64, offset int) {
	for c.told < len(c.Words) && (c.starts[c.told] < c.cursor || c.done) {
		late := max(0, c.starts[c.told]-from)
		if c.done {
			late = 0
		}
		p.tell(Event{Kind: WordStarted, Turn: c.Turn, Clause: c.id, Word: c.told}, offset+int(late))
		c.told++
	}
}

// remove takes a clause out of the queue and gives up its sound.
func (p *Playout) remove(c *clause) {
	for i, other := range p.queue {
		if other == c {
			copy(p.queue[i:], p.queue[i+1:])
			p.queue[len(p.queue)-1] = nil
			p.queue = p.queue[:len(p.queue)-1]
			break
		}
	}
	p.stored -= c.length
	c.pieces, c.gone = nil, true
}

// ranOut counts that the sound of a turn that goes on has run out.
func (p *Playout) ranOut() {
	for i := len(p.turns) - 1; i >= 0; i-- {
		if t := p.turns[i]; !t.done && !t.firstAt.IsZero() {
			t.gaps++
			return
		}
	}
}
