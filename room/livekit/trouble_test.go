package livekit

import (
	"math/rand"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"parley/internal/livekittest"
)

// A token that expires in the middle of a call ends nothing, not even when the
// connection is lost later: the server gives new ones in time.
func TestATokenThatExpiresInTheCall(t *testing.T) {
	d := openDesk(t, 4, func(c *Config) { c.Grace = 10 * time.Second })
	d.dispatchFor("aisle", "ann")
	const life = 3 * time.Second
	token, err := auth.NewAccessToken(livekittest.Key, livekittest.Secret).SetIdentity("ann").
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "aisle"}).SetValidFor(life).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	expires := time.Now().Add(life)
	v := d.join(token)
	d.until("the greeting", v.knows("Hello there."))
	d.until("the token's end", func() bool { return time.Now().After(expires) })
	v.write("still here")
	d.until("an answer", v.knows("You said still here"))
	v.room.Simulate(lksdk.SimulateSignalReconnect)
	d.until("an answer after the connection was lost", func() bool {
		v.write("back again")
		return v.knows("You said back again")()
	})
	if n := d.conversations(); n != 1 {
		t.Errorf("%d conversations", n)
	}
}

// Two workers that are both given a room: whoever took the job first stays.
func TestTwoWorkersInOneRoom(t *testing.T) {
	d := openDesk(t, 4, nil)
	second := openDeskAt(t, d.server, 4, func(c *Config) { c.AgentName = "second" })
	client := lksdk.NewAgentDispatchServiceClient(d.server.HTTP(), livekittest.Key, livekittest.Secret)
	for _, name := range []string{"second", "parley"} {
		if _, err := client.CreateDispatch(t.Context(), &lk.CreateAgentDispatchRequest{Room: "aisle", AgentName: name, Metadata: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	v := d.visit("aisle", "ann")
	d.until("a conversation at each", func() bool { return d.conversations() == 1 && second.conversations() == 1 })
	d.until("one agent's leaving", func() bool { n, _ := v.agents(); return n == 1 && d.host.Count()+second.host.Count() == 1 })
	v.write("one of you")
	d.until("the answer", v.knows("You said one of you"))
}

// A microphone that never sends, and one that sends garbage, disturb nobody.
func TestTracksOfNothing(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatchFor("aisle", "ann")
	v, guest := d.visit("aisle", "ann"), d.visit("aisle", "bob")
	d.until("the greeting", v.knows("Hello there."))
	publish := func(who *visitor) *pion.TrackLocalStaticRTP {
		track, err := pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: pion.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "microphone", "microphone")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := who.room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Name: "microphone", Source: lk.TrackSource_MICROPHONE}); err != nil {
			t.Fatal(err)
		}
		return track
	}
	publish(v)
	noise := publish(guest)
	r := rand.New(rand.NewSource(3))
	for i := range 300 {
		payload := make([]byte, r.Intn(300))
		r.Read(payload)
		_ = noise.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(r.Intn(1 << 16)), Timestamp: r.Uint32()}, Payload: payload})
		if i%100 == 0 {
			v.write("hello")
			d.until("an answer", v.knows("You said hello"))
		}
	}
	guest.room.Disconnect()
	v.room.Disconnect()
	d.until("the end", func() bool { return d.host.Count() == 0 })
}

// Garbage in every packet that the client reads, and streams of one person's that carry
// on another's.
func TestPacketsOfNothing(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatchFor("aisle", "ann")
	v, eve := d.visit("aisle", "ann"), d.visit("aisle", "eve")
	d.until("the greeting", v.knows("Hello there."))
	d.until("the agent", func() bool { n, _ := eve.agents(); return n == 1 })
	_, agent := eve.agents()
	r := rand.New(rand.NewSource(4))
	for range 100 {
		noise := make([]byte, r.Intn(1000))
		r.Read(noise)
		for _, topic := range []string{"photo", chatTopic, transcriptionTopic, string(noise)} {
			eve.file(topic, string(noise), noise, new(r.Uint64()), r.Intn(2) == 0)
		}
		for _, method := range []string{methodSay, methodSilence, methodLook, string(noise)} {
			eve.send(&lk.DataPacket{DestinationIdentities: []string{agent}, Value: &lk.DataPacket_RpcRequest{RpcRequest: &lk.RpcRequest{
				Id: string(noise), Method: method, Payload: string(noise), ResponseTimeoutMs: r.Uint32(), Version: uint32(r.Intn(3)),
			}}})
		}
		// In the name of another, which the server does not let pass.
		forged := &lk.DataPacket{ParticipantIdentity: "ann", Value: &lk.DataPacket_RpcRequest{RpcRequest: &lk.RpcRequest{
			Id: "x", Method: methodSay, Payload: `{"text":"I am Ann"}`, Version: 1,
		}}}
		eve.send(forged)
	}
	v.write("sense")
	d.until("the answer", v.knows("You said sense"))
	if v.knows("You said I am Ann")() {
		t.Error("somebody spoke as the shopper")
	}
	var leaving sync.WaitGroup
	for _, who := range []*visitor{v, eve} {
		leaving.Go(who.room.Disconnect)
	}
	leaving.Wait()
	d.until("the end", func() bool { return d.host.Count() == 0 })
}
