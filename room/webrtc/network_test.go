package webrtc

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/audio"
	"parley/audio/g711"
)

// badNetwork is a UDP socket that loses, doubles and reorders what it receives,
// always in the same way.
type badNetwork struct {
	net.PacketConn
	dead atomic.Bool

	mu                     sync.Mutex
	random                 *rand.Rand
	loss, doubled, swapped float64
	lost                   int
	ready                  []delivery
	kept                   *delivery // the next packet overtakes it
}

type delivery struct {
	data []byte
	from net.Addr
}

func newBadNetwork() *badNetwork {
	return &badNetwork{random: rand.New(rand.NewPCG(1, 2))}
}

func (b *badNetwork) listen(network, address string) (conn net.PacketConn, err error) {
	b.PacketConn, err = net.ListenPacket(network, address)
	return b, err
}

// cut ends all traffic, either way.
func (b *badNetwork) cut() { b.dead.Store(true) }

// spoil sets the parts, 0 to 1, of packets that are lost, doubled and swapped.
func (b *badNetwork) spoil(loss, doubled, swapped float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.loss, b.doubled, b.swapped = loss, doubled, swapped
}

func (b *badNetwork) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		if packet, ok := b.next(); ok {
			return copy(p, packet.data), packet.from, nil
		}
		n, from, err := b.PacketConn.ReadFrom(p)
		if err != nil {
			return n, from, err
		}
		if !b.dead.Load() {
			b.take(delivery{append([]byte(nil), p[:n]...), from})
		}
	}
}

func (b *badNetwork) next() (delivery, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ready) == 0 {
		return delivery{}, false
	}
	packet := b.ready[0]
	b.ready = b.ready[1:]
	return packet, true
}

// take decides what becomes of a packet.
func (b *badNetwork) take(packet delivery) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lose, double, overtaken := b.random.Float64() < b.loss, b.random.Float64() < b.doubled, b.random.Float64() < b.swapped
	switch {
	case lose:
		b.lost++
		return
	case overtaken && b.kept == nil:
		b.kept = &packet
		return
	case double:
		b.ready = append(b.ready, packet)
	}
	b.ready = append(b.ready, packet)
	if b.kept != nil {
		b.ready = append(b.ready, *b.kept)
		b.kept = nil
	}
}

func (b *badNetwork) WriteTo(p []byte, to net.Addr) (int, error) {
	if b.dead.Load() {
		return len(p), nil
	}
	return b.PacketConn.WriteTo(p, to)
}

func newTestServerOn(t *testing.T, network *badNetwork) *Server {
	t.Helper()
	s, err := newServer(Config{UDP: "127.0.0.1:0", LostAfter: 3 * time.Second, Codecs: []audio.Codec{g711.MuLaw()}, Log: slog.New(slog.DiscardHandler)}, network.listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}
