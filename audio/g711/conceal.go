package g711

// Concealment after the idea of ITU-T G.711 appendix I: voiced speech repeats
// itself every pitch period, so a gap is filled with the last period, again and
// again, ever quieter. Lengths are in samples at 8 kHz.
const (
	// minLag and maxLag are the periods looked for: 200 to 66 Hz. Higher voices
	// are found at a multiple of their period.
	minLag = 40
	maxLag = 120

	// window is how much of the past is compared with itself.
	window = 160

	// remembered is what the search reaches back to.
	remembered = maxLag + window

	// fadeAfter and goneAfter are when the repetition begins to fade and when it
	// is silent: a word does not hum on.
	fadeAfter = rate / 100
	goneAfter = rate * 6 / 100

	// overlap is how long the first packet after a gap blends with the repetition.
	overlap = rate / 250
)

// past remembers what was last decoded, and continues it.
type past struct {
	samples [remembered]int16

	// lost counts the samples filled in since the last packet.
	lost int

	// period is what is repeated: lag samples of it.
	period [maxLag]float32
	lag    int

	// jump is the step between the last real sample and the repetition, taken
	// back over the first samples so that the join does not click.
	jump float32
}

// join takes the samples of a packet, and blends the first of them with the
// repetition when packets before were lost.
func (p *past) join(pcm []int16) {
	if p.lost > 0 {
		n := min(overlap, len(pcm))
		for i := range n {
			fresh := float32(i+1) / float32(n+1)
			pcm[i] = int16(fresh*float32(pcm[i]) + (1-fresh)*p.at(p.lost+i))
		}
		p.lost = 0
	}
	if len(pcm) >= remembered {
		copy(p.samples[:], pcm[len(pcm)-remembered:])
		return
	}
	copy(p.samples[:], p.samples[len(pcm):])
	copy(p.samples[remembered-len(pcm):], pcm)
}

// goOn fills pcm with what may have been there.
func (p *past) goOn(pcm []int16) {
	if p.lost == 0 {
		p.prepare()
	}
	for i := range pcm {
		pcm[i] = int16(p.at(p.lost + i))
	}
	// Beyond goneAfter all is silence; the count must not overflow.
	p.lost = min(p.lost+len(pcm), goneAfter)
}

// at is the i-th sample after the last real one.
func (p *past) at(i int) float32 {
	if i >= goneAfter {
		return 0
	}
	v := p.period[i%p.lag]
	if quarter := p.lag / 4; i < quarter {
		v += p.jump * (1 - float32(i)/float32(quarter))
	}
	if i >= fadeAfter {
		v *= float32(goneAfter-i) / (goneAfter - fadeAfter)
	}
	return min(max(v, -32768), 32767)
}

// prepare finds the period and makes it repeatable.
func (p *past) prepare() {
	p.lag = p.search()
	end := p.samples[remembered-p.lag:]
	for i, s := range end {
		p.period[i] = float32(s)
	}
	// The end of the period glides into what came before its beginning.
	quarter := p.lag / 4
	before := p.samples[remembered-p.lag-quarter : remembered-p.lag]
	for i, s := range before {
		fresh := float32(i+1) / float32(quarter+1)
		at := p.lag - quarter + i
		p.period[at] = (1-fresh)*p.period[at] + fresh*float32(s)
	}
	p.jump = float32(p.samples[remembered-1]) - float32(p.samples[remembered-p.lag-1])
}

// search returns the lag at which the last samples resemble those before most:
// the highest normalised correlation.
func (p *past) search() int {
	best, bestScore := minLag, float32(0)
	last := p.samples[remembered-window:]
	for lag := minLag; lag <= maxLag; lag++ {
		earlier := p.samples[remembered-window-lag:][:window]
		var product, energy float32 = 0, 1
		for i, s := range last {
			e := float32(earlier[i])
			product += float32(s) * e
			energy += e * e
		}
		// Compared as squares, which keeps their order for positive products.
		if score := product * product / energy; product > 0 && score > bestScore {
			best, bestScore = lag, score
		}
	}
	return best
}
