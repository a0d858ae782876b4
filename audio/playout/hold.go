package playout

// State is what the playout was doing.
type State struct {
	// Turn is whose sound is being sent or waits to be, 0 for none.
	Turn int64
	// Sounding says that the last tick ended in sound.
	Sounding bool
	Held     bool
	Ducked   bool
}

// State tells what the playout is doing.
func (p *Playout) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state()
}

func (p *Playout) state() State {
	s := State{Sounding: p.sounding, Held: p.held, Ducked: p.ducked}
	if len(p.queue) > 0 {
		s.Turn = p.queue[0].Turn
	}
	return s
}

// Duck makes all sound softer by 15 dB, or as loud as before, with a ramp.
func (p *Playout) Duck(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ducked = on
}

// Hold makes the next tick fade out, from however loud it is, and all after it
// silent. Nothing is thrown away. A protected clause that is being said becomes
// softer by 12 dB and goes on; silence follows it. Hold lasts until Resume, or
// until the turn that it stopped is flushed. It returns what it found.
func (p *Playout) Hold() (was State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was = p.state()
	if p.held {
		return was
	}
	p.held, p.silent, p.announce = true, false, true
	p.stopped = nil
	// Held with nothing to say, it is what is being prepared that must not start.
	p.holdTurn = p.newest
	if len(p.queue) > 0 {
		p.holdTurn = p.queue[0].Turn
	}
	return was
}

// Resume ends a hold: the word that was cut is said again from its start, with a
// ramp, and all that follows. If no tick has come since Hold nothing was cut, and
// it is as if neither had been called.
func (p *Playout) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.held {
		return
	}
	if c := p.stopped; c != nil && len(p.queue) > 0 && p.queue[0] == c {
		c.rewind()
		c.broken = true
	}
	p.release()
	p.announce = false
}

// stop lets a hold take effect.
func (p *Playout) stop() {
	p.silent = true
	if len(p.queue) > 0 && p.queue[0].cursor > 0 {
		p.stopped = p.queue[0]
	}
}

func (p *Playout) release() { p.held, p.silent, p.stopped = false, false, nil }

// Flush throws away what is left to say of a turn and of those before it, and
// lets nothing be added to them. What sounds is faded out in the next tick.
// Protected clauses stay and are said. Later turns are not touched, so that a
// late call does no harm. It says what was heard.
func (p *Playout) Flush(turn int64) Account { return p.flush(turn, false) }

// FlushAll is Flush for protected clauses as well.
func (p *Playout) FlushAll(turn int64) Account { return p.flush(turn, true) }

func (p *Playout) flush(id int64, all bool) Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flushed = max(p.flushed, id)
	dropped := func(c *clause) bool { return c.Turn <= id && (all || !c.Protected) }
	if p.midway() && dropped(p.queue[0]) {
		p.tailLen = p.peek(p.tail[:])
		p.queue[0].turn.sent += int64(p.tailLen)
		p.sounding, p.flowing = false, false
		p.announce = true
	}
	for i := len(p.queue) - 1; i >= 0; i-- {
		if c := p.queue[i]; dropped(c) {
			p.remove(c)
		}
	}
	for _, t := range p.turns {
		if t.id <= id && !t.done {
			t.cut, t.ended = true, true
			t.done = !t.waiting()
		}
	}
	if p.held && p.holdTurn <= id {
		p.release()
	}
	return p.account(id)
}
