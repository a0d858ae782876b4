package webrtc

import (
	"math"
	"slices"
	"sync"

	"parley/audio"
	"parley/room"
)

// guest is a conversation that hears everything, says a tone when told to, and
// answers every message with itself.
type guest struct {
	mu      sync.Mutex
	heard   []int16
	tone    float64 // Hz, 0 for silence
	phase   float64
	nexts   int
	left    []error
	after   int // calls after Left
	enough  chan struct{}
	wanted  int
	gone    chan struct{}
	serving sync.WaitGroup
	mute    bool // do not answer messages
	opened  chan room.Channel
}

func newGuest() *guest {
	return &guest{gone: make(chan struct{}), enough: make(chan struct{}), wanted: math.MaxInt, opened: make(chan room.Channel, 16)}
}

func (g *guest) Hear(pcm []int16, _ int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count()
	g.heard = append(g.heard, pcm...)
	if len(g.heard) >= g.wanted {
		g.wanted = math.MaxInt
		close(g.enough)
	}
	return false
}

func (g *guest) Record([]int16, int64) {}

func (g *guest) Next(dst []int16) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count()
	g.nexts++
	if g.tone == 0 {
		return false
	}
	for i := range dst {
		dst[i] = int16(8000 * math.Sin(g.phase))
		g.phase += 2 * math.Pi * g.tone / audio.SpeakRate
	}
	return true
}

func (g *guest) Open(ch room.Channel) {
	g.opened <- ch
	if g.mute {
		return
	}
	g.serving.Go(func() {
		for message := range ch.Messages() {
			_ = ch.Send(message)
		}
	})
}

func (g *guest) Left(cause error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = append(g.left, cause)
	if len(g.left) == 1 {
		close(g.gone)
	}
}

// count notes calls that come after Left; g.mu is held.
func (g *guest) count() {
	if len(g.left) > 0 {
		g.after++
	}
}

// say makes the guest say a tone from now on.
func (g *guest) say(hz float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tone = hz
}

// want returns a channel that is closed once n more samples have been heard.
func (g *guest) want(n int) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.enough = make(chan struct{})
	g.wanted = len(g.heard) + n
	return g.enough
}

// last returns the last n samples heard.
func (g *guest) last(n int) []int16 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]int16(nil), g.heard[max(0, len(g.heard)-n):]...)
}

// share is the part of a signal's power, 0 to 1, that lies at a frequency (Goertzel).
func share(pcm []int16, hz, rate float64) float64 {
	coefficient := 2 * math.Cos(2*math.Pi*hz/rate)
	var s1, s2, total float64
	for _, sample := range pcm {
		x := float64(sample)
		total += x * x
		s1, s2 = x+coefficient*s1-s2, s1
	}
	if total == 0 {
		return 0
	}
	power := s1*s1 + s2*s2 - coefficient*s1*s2
	return power / (total * float64(len(pcm)) / 2)
}

// medianShare is the median of share in windows of 40 ms: what a signal with some
// holes in it, for which a busy machine or a bad network is to blame, is mostly made of.
func medianShare(pcm []int16, hz, rate float64) float64 {
	size := int(rate / 25)
	var shares []float64
	for ; len(pcm) >= size; pcm = pcm[size:] {
		shares = append(shares, share(pcm[:size], hz, rate))
	}
	slices.Sort(shares)
	return shares[len(shares)/2]
}
