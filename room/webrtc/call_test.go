package webrtc

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"parley/audio"
	"parley/audio/g711"
	"parley/room"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// expectLeft checks that the guest was told once, with the cause, and left alone after.
func expectLeft(t *testing.T, g *guest, cause error) {
	t.Helper()
	wait(t, g.gone, "Left")
	g.serving.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.left) != 1 || !errors.Is(g.left[0], cause) {
		t.Errorf("Left was told %v, want once %v", g.left, cause)
	}
	if g.after != 0 {
		t.Errorf("%d calls came after Left", g.after)
	}
}

func TestBothHearEachOther(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	g.say(700)
	p := newPeer(t, peerOptions{})
	call := p.call(s, g)
	p.say(func() float64 { return 440 })

	wait(t, g.want(audio.HearRate), "a second of sound")
	if got := medianShare(g.last(audio.HearRate/2), 440, audio.HearRate); got < 0.9 {
		t.Errorf("440 Hz is %.2f of what the guest heard", got)
	}
	heard := p.hear(audio.HearRate)
	if got := medianShare(heard[len(heard)-audio.HearRate/2:], 700, audio.HearRate); got < 0.9 {
		t.Errorf("700 Hz is %.2f of what the peer heard", got)
	}
	if stats := s.Stats(); stats != (Stats{Calls: 1}) {
		t.Errorf("the server counts %+v", stats)
	}
	if err := call.Hangup(t.Context(), nil); err != nil {
		t.Error(err)
	}
	expectLeft(t, g, room.ErrHungUp)
	wait(t, p.closed, "the peer to notice")
	if err := call.Hangup(t.Context(), room.ErrLost); err != nil {
		t.Error("hanging up again:", err)
	}
}

// What is sent is continuous: one packet a tick, with a marker where speech begins.
func TestSentPacketsAreContinuous(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	p := newPeer(t, peerOptions{})
	p.call(s, g)
	next := func() *rtp.Packet {
		select {
		case packet := <-p.packets:
			return packet
		case <-time.After(patience):
			t.Fatal("no packet")
			return nil
		}
	}
	last := next()
	silence := g711.MuLaw().Silence
	if !bytes.Equal(last.Payload, silence) {
		t.Error("with nothing to say the payload is not silence")
	}
	markers, spoke := 0, 0
	for i := range 60 {
		switch i {
		case 10:
			g.say(500)
		case 35:
			g.say(0)
		}
		packet := next()
		if packet.SequenceNumber != last.SequenceNumber+1 || packet.Timestamp != last.Timestamp+160 {
			t.Errorf("packet %d follows seq %d time %d with seq %d time %d", i,
				last.SequenceNumber, last.Timestamp, packet.SequenceNumber, packet.Timestamp)
		}
		if packet.Marker {
			markers++
		}
		if !bytes.Equal(packet.Payload, silence) {
			spoke++
		}
		last = packet
	}
	if markers != 1 {
		t.Errorf("%d packets have a marker, want 1", markers)
	}
	if spoke < 20 || spoke > 30 {
		t.Errorf("%d packets carry speech, want about 25", spoke)
	}
}

func TestPeerHangsUp(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	p := newPeer(t, peerOptions{})
	call := p.call(s, g)
	if err := p.connection.Close(); err != nil {
		t.Fatal(err)
	}
	expectLeft(t, g, room.ErrHungUp)
	wait(t, call.Done(), "the call's end")
}

func TestChannelEchoes(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	p := newPeer(t, peerOptions{})
	ordinary, err := p.connection.CreateDataChannel("events", nil)
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan string, 8)
	big := strings.Repeat("ä", 100_000)
	ordinary.OnMessage(func(m pion.DataChannelMessage) { answers <- string(m.Data) })
	ordinary.OnOpen(func() {
		for _, text := range []string{"hello", big, ""} {
			if err := ordinary.SendText(text); err != nil {
				t.Error(err)
			}
		}
	})
	call := p.call(s, g)
	for _, want := range []string{"hello", big, ""} {
		select {
		case got := <-answers:
			if got != want {
				t.Errorf("%d bytes came back, want %d", len(got), len(want))
			}
		case <-time.After(patience):
			t.Fatal("nothing came back")
		}
	}
	if label := (<-g.opened).Label(); label != "events" {
		t.Errorf("the channel is called %q", label)
	}
	if err := call.Hangup(t.Context(), nil); err != nil {
		t.Error(err)
	}
	expectLeft(t, g, room.ErrHungUp)
}

func TestFloodLosesTheChannelOnly(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	g.mute = true
	p := newPeer(t, peerOptions{})
	flood, err := p.connection.CreateDataChannel("flood", nil)
	if err != nil {
		t.Fatal(err)
	}
	lost := make(chan struct{})
	flood.OnClose(func() { close(lost) })
	flood.OnOpen(func() {
		for range 10 * maxUnread {
			_ = flood.SendText("x")
		}
	})
	call := p.call(s, g)
	var ch room.Channel
	select {
	case ch = <-g.opened:
	case <-time.After(patience):
		t.Fatal("no channel")
	}
	wait(t, lost, "the channel to be closed")
	n := 0
	for range ch.Messages() {
		n++
	}
	if n != maxUnread {
		t.Errorf("%d messages were kept, want %d", n, maxUnread)
	}
	select {
	case <-call.Done():
		t.Error("the call ended with the channel")
	default:
	}
}

// A peer that falls silent in every way at once is lost within the promised time.
func TestLostPeer(t *testing.T) {
	network := newBadNetwork()
	s, g := newTestServerOn(t, network), newGuest()
	newPeer(t, peerOptions{}).call(s, g)
	network.cut()
	start := time.Now()
	expectLeft(t, g, room.ErrLost)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestNeverConnected(t *testing.T) {
	s := newTestServer(t, func(c *Config) { c.ConnectTimeout = 50 * time.Millisecond })
	g, p := newGuest(), newPeer(t, peerOptions{})
	if _, _, err := s.Answer(t.Context(), p.offer(nil), g); err != nil {
		t.Fatal(err)
	}
	expectLeft(t, g, ErrNeverConnected)
}

// A client that connects, and then sends nothing, takes a line from nobody for long. One
// that speaks, or writes, stays.
func TestMuteClients(t *testing.T) {
	s := newTestServer(t, func(c *Config) { c.MuteAfter = 300 * time.Millisecond })
	silent, silentGuest := newPeer(t, peerOptions{}), newGuest()
	silent.call(s, silentGuest)
	speaking, speakingGuest := newPeer(t, peerOptions{}), newGuest()
	spoken := speaking.call(s, speakingGuest)
	speaking.say(func() float64 { return 440 })
	writing, writingGuest := newPeer(t, peerOptions{}), newGuest()
	channel, err := writing.connection.CreateDataChannel("events", nil)
	if err != nil {
		t.Fatal(err)
	}
	channel.OnOpen(func() {
		if err := channel.SendText("hello"); err != nil {
			t.Error(err)
		}
	})
	written := writing.call(s, writingGuest)

	expectLeft(t, silentGuest, ErrMute)
	wait(t, silent.closed, "the silent client to notice")
	wait(t, speakingGuest.want(audio.HearRate), "a second of sound")
	for _, call := range []*Call{spoken, written} {
		if err := call.Hangup(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
	expectLeft(t, speakingGuest, room.ErrHungUp)
	expectLeft(t, writingGuest, room.ErrHungUp)
}

// A client that gets through by ICE but has other keys than it said is no caller.
func TestWrongFingerprint(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	p := newPeer(t, peerOptions{})
	offer := p.offer(nil)
	right := lines(offer, "a=fingerprint:")[0]
	wrong := right[:len(right)-2] + "00"
	if wrong == right {
		wrong = right[:len(right)-2] + "01"
	}
	answer, _, err := s.Answer(t.Context(), strings.ReplaceAll(offer, right, wrong), g)
	if err != nil {
		t.Fatal(err)
	}
	p.accept(answer)
	expectLeft(t, g, ErrNeverConnected)
	if g.nexts != 0 {
		t.Error("the guest was asked to speak to a stranger")
	}
}

// Clients need not announce their stream's number.
func TestOfferWithoutSSRC(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	p := newPeer(t, peerOptions{})
	if _, err := p.connection.CreateDataChannel("events", nil); err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(p.offer(nil)) {
		if !strings.HasPrefix(line, "a=ssrc") {
			kept = append(kept, line)
		}
	}
	answer, _, err := s.Answer(t.Context(), strings.Join(kept, ""), g)
	if err != nil {
		t.Fatal(err)
	}
	p.accept(answer)
	wait(t, p.connected, "the connection")
	p.say(func() float64 { return 440 })
	wait(t, g.want(audio.HearRate/2), "half a second of sound")
}

// A client may change its microphone, but not open streams without end.
func TestManyStreams(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	p := newPeer(t, peerOptions{})
	p.call(s, g)
	writer := p.connection.GetSenders()[0].Transport()
	report := []rtcp.Packet{&rtcp.SenderReport{}}
	for ssrc := range uint32(10 * maxStreams) {
		report[0].(*rtcp.SenderReport).SSRC = ssrc + 1
		if _, err := writer.WriteRTCP(report); err != nil {
			break
		}
	}
	expectLeft(t, g, errTooManyStreams)
}

func TestShutdownDrains(t *testing.T) {
	s := newTestServer(t, nil)
	var guests []*guest
	for range 3 {
		g := newGuest()
		newPeer(t, peerOptions{}).call(s, g)
		guests = append(guests, g)
	}
	waiting := newGuest()
	if _, _, err := s.Answer(t.Context(), newPeer(t, peerOptions{}).offer(nil), waiting); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for _, g := range append(guests, waiting) {
		expectLeft(t, g, room.ErrShutdown)
	}
	_, _, err := s.Answer(t.Context(), newPeer(t, peerOptions{}).offer(nil), newGuest())
	if !errors.Is(err, room.ErrShutdown) {
		t.Errorf("an offer after closing gives %v", err)
	}
}

func TestBurstIsBounded(t *testing.T) {
	s := newTestServer(t, func(c *Config) { c.MaxCalls, c.MaxConnecting, c.ConnectTimeout = 12, 10, time.Second })
	offer := newPeer(t, peerOptions{}).offer(nil)
	type result struct {
		g   *guest
		err error
	}
	results := make(chan result)
	const n = 1000
	for range n {
		go func() {
			g := newGuest()
			_, _, err := s.Answer(t.Context(), offer, g)
			results <- result{g, err}
		}()
	}
	var taken []*guest
	for range n {
		switch r := <-results; {
		case r.err == nil:
			taken = append(taken, r.g)
		case !errors.Is(r.err, ErrBusy):
			t.Fatal(r.err)
		}
	}
	if len(taken) != 10 {
		t.Errorf("%d offers were taken, want 10", len(taken))
	}
	for _, g := range taken {
		expectLeft(t, g, ErrNeverConnected)
	}
	// And then there is room again.
	if stats := s.Stats(); stats.Connecting != 0 {
		t.Errorf("the server still counts %+v", stats)
	}
	newPeer(t, peerOptions{}).call(s, newGuest())
}

func TestLossyLink(t *testing.T) {
	network := newBadNetwork()
	s, g := newTestServerOn(t, network), newGuest()
	g.say(700)
	p := newPeer(t, peerOptions{})
	network.spoil(0.05, 0.05, 0.05)
	call := p.call(s, g)
	p.say(func() float64 { return 440 })
	wait(t, g.want(2*audio.HearRate), "two seconds of sound")
	if got := medianShare(g.last(audio.HearRate), 440, audio.HearRate); got < 0.9 {
		t.Errorf("440 Hz is %.2f of what the guest heard", got)
	}
	if err := call.Hangup(t.Context(), nil); err != nil {
		t.Error(err)
	}
	expectLeft(t, g, room.ErrHungUp)
	if network.lost == 0 {
		t.Error("the network lost nothing")
	}
}

func TestTCPOnly(t *testing.T) {
	s := newTestServer(t, func(c *Config) { c.TCP = "127.0.0.1:0" })
	g := newGuest()
	g.say(700)
	p := newPeer(t, peerOptions{network: []pion.NetworkType{pion.NetworkTypeTCP4}})
	call := p.call(s, g)
	p.say(func() float64 { return 440 })
	wait(t, g.want(audio.HearRate/2), "half a second of sound")
	if got := medianShare(g.last(audio.HearRate/4), 440, audio.HearRate); got < 0.9 {
		t.Errorf("440 Hz is %.2f of what the guest heard", got)
	}
	if got := medianShare(p.hear(audio.HearRate / 2)[audio.HearRate/4:], 700, audio.HearRate); got < 0.9 {
		t.Errorf("700 Hz is %.2f of what the peer heard", got)
	}
	if err := call.Hangup(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestRestartICE(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	p := newPeer(t, peerOptions{})
	call := p.call(s, g)
	p.say(func() float64 { return 440 })
	wait(t, g.want(audio.HearRate/4), "sound before")

	before := lines(p.connection.RemoteDescription().SDP, "a=ice-ufrag")
	answer, err := call.Renegotiate(t.Context(), p.offer(&pion.OfferOptions{ICERestart: true}))
	if err != nil {
		t.Fatal(err)
	}
	if after := lines(answer, "a=ice-ufrag"); after[0] == before[0] {
		t.Error("the answer did not restart ICE")
	}
	if len(lines(answer, "a=candidate")) == 0 {
		t.Error("the answer has no candidates")
	}
	p.accept(answer)
	wait(t, g.want(audio.HearRate/2), "sound after")
	if got := medianShare(g.last(audio.HearRate/4), 440, audio.HearRate); got < 0.9 {
		t.Errorf("440 Hz is %.2f of what the guest heard", got)
	}
}

func TestRenegotiateAddsAChannel(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	p := newPeer(t, peerOptions{})
	call := p.call(s, g)
	var e *OfferError
	if _, err := call.Renegotiate(t.Context(), "v=0\r\n"); !errors.As(err, &e) {
		t.Errorf("garbage gives %v", err)
	}
	if _, err := p.connection.CreateDataChannel("later", nil); err != nil {
		t.Fatal(err)
	}
	answer, err := call.Renegotiate(t.Context(), p.offer(nil))
	if err != nil {
		t.Fatal(err)
	}
	p.accept(answer)
	select {
	case ch := <-g.opened:
		if ch.Label() != "later" {
			t.Errorf("the channel is called %q", ch.Label())
		}
	case <-time.After(patience):
		t.Fatal("no channel")
	}
	again := p.offer(nil)
	if err := call.Hangup(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := call.Renegotiate(t.Context(), again); !errors.Is(err, room.ErrHungUp) {
		t.Errorf("renegotiating after the end gives %v", err)
	}
}

// Whoever has the keys can still send nonsense in them.
func TestGarbageRTP(t *testing.T) {
	s, g := newTestServer(t, nil), newGuest()
	p := newPeer(t, peerOptions{})
	p.call(s, g)
	for i := range 200 {
		packet := &rtp.Packet{Header: rtp.Header{Version: uint8(i % 4), SequenceNumber: uint16(i * 7919), Timestamp: uint32(i) * 2654435761}}
		if i%3 == 0 {
			packet.Padding, packet.PaddingSize = true, byte(i)
		}
		packet.Payload = bytes.Repeat([]byte{byte(i)}, i*5%1100)
		_ = p.track.WriteRTP(packet)
	}
	p.say(func() float64 { return 440 })
	for deadline := time.Now().Add(patience); ; {
		wait(t, g.want(audio.HearRate/4), "sound after the garbage")
		got := medianShare(g.last(audio.HearRate/4), 440, audio.HearRate)
		if got > 0.9 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("440 Hz is %.2f of what the guest heard", got)
		}
	}
}
