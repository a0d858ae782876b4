package webrtc

import (
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	pion "github.com/pion/webrtc/v4"

	"parley/audio"
)

// nat is a network between a client and a server: what comes to its inner address is
// sent on from its outer one, and back.
type nat struct {
	inner, outer *net.UDPConn
	server       *net.UDPAddr
	loops        sync.WaitGroup

	mu     sync.Mutex
	client *net.UDPAddr
}

// newNAT opens a network to a server's port.
func newNAT(t *testing.T, server net.Addr) *nat {
	t.Helper()
	n := &nat{server: server.(*net.UDPAddr)}
	for _, conn := range []**net.UDPConn{&n.inner, &n.outer} {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		*conn = c
	}
	n.loops.Go(func() {
		n.pass(n.inner, func(packet []byte, from *net.UDPAddr) {
			n.mu.Lock()
			n.client = from
			n.mu.Unlock()
			_, _ = n.outer.WriteToUDP(packet, n.server)
		})
	})
	n.loops.Go(func() {
		n.pass(n.outer, func(packet []byte, _ *net.UDPAddr) {
			n.mu.Lock()
			to := n.client
			n.mu.Unlock()
			if to != nil {
				_, _ = n.inner.WriteToUDP(packet, to)
			}
		})
	})
	t.Cleanup(n.cut)
	return n
}

func (n *nat) pass(in *net.UDPConn, on func([]byte, *net.UDPAddr)) {
	buffer := make([]byte, 2048)
	for {
		size, from, err := in.ReadFromUDP(buffer)
		if err != nil {
			return // it was cut
		}
		on(buffer[:size], from)
	}
}

// cut takes the network away.
func (n *nat) cut() {
	_ = n.inner.Close()
	_ = n.outer.Close()
	n.loops.Wait()
}

var candidateAddress = regexp.MustCompile(`(a=candidate:\S+ \d+ udp \d+) \S+ \d+`)

// hide leaves the client's own addresses out of an offer: it is behind the network.
func hide(offer string) string {
	var kept []string
	for line := range strings.SplitSeq(offer, "\r\n") {
		if !strings.HasPrefix(line, "a=candidate:") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\r\n")
}

// through makes an answer name the network's address as the server's.
func (n *nat) through(answer string) string {
	host, port, _ := net.SplitHostPort(n.inner.LocalAddr().String())
	return candidateAddress.ReplaceAllString(answer, "$1 "+host+" "+port)
}

// TestNetworkChange takes a client's network away in mid-call, as a walk out of the
// Wi-Fi does. From another address it restarts ICE, and the call goes on.
func TestNetworkChange(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	g.say(700)
	p := newPeer(t, peerOptions{})
	wifi := newNAT(t, s.UDPAddr())
	answer, call, err := s.Answer(t.Context(), hide(p.offer(nil)), g)
	if err != nil {
		t.Fatal(err)
	}
	p.accept(wifi.through(answer))
	wait(t, p.connected, "the connection")
	p.say(func() float64 { return 440 })
	wait(t, g.want(audio.HearRate/4), "sound over the first network")
	p.hear(audio.HearRate / 4)

	wifi.cut()
	mobile := newNAT(t, s.UDPAddr())
	for len(p.packets) > 0 {
		<-p.packets
	}
	answer, err = call.Renegotiate(t.Context(), hide(p.offer(&pion.OfferOptions{ICERestart: true})))
	if err != nil {
		t.Fatal(err)
	}
	p.accept(mobile.through(answer))
	heard := p.hear(audio.HearRate)
	if got := medianShare(heard[len(heard)-audio.HearRate/2:], 700, audio.HearRate); got < 0.9 {
		t.Errorf("700 Hz is %.2f of what the peer heard over the second network", got)
	}
	wait(t, g.want(audio.HearRate), "sound over the second network")
	if got := medianShare(g.last(audio.HearRate/2), 440, audio.HearRate); got < 0.9 {
		t.Errorf("440 Hz is %.2f of what the guest heard", got)
	}
	if err := call.Hangup(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
