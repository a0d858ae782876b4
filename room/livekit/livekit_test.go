package livekit

import (
	"context"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"parley/internal/livekittest"
)

func TestSomebodyWithoutAMicrophoneIsAnsweredAndLeft(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatch("aisle")
	v := d.visit("aisle", "ann")
	d.until("the greeting", v.knows("Hello there."))
	v.write("good morning")
	d.until("the answer", v.knows("You said good morning"))
	v.room.Disconnect()
	d.until("the end of the conversation", func() bool { return d.host.Count() == 0 })
}

func TestOthersInARoomAreNotTakenForItsShopper(t *testing.T) {
	d := openDesk(t, 4, func(c *Config) { c.Grace = 5 * time.Second })
	other := d.visit("aisle", "eve")
	d.dispatchFor("aisle", "ann")
	d.until("the conversation", func() bool { return d.conversations() == 1 })
	other.write("what did she buy")
	v := d.visit("aisle", "ann")
	d.until("the greeting", v.knows("Hello there."))
	other.write("what did she buy")
	v.write("it is me")
	d.until("the answer", v.knows("You said it is me"))
	if v.knows("what did she buy")() {
		t.Error("somebody else was answered")
	}
}

func TestPastItsLimitAWorkerRefuses(t *testing.T) {
	d := openDesk(t, 1, nil)
	first := d.visit("one", "ann")
	d.dispatch("one")
	d.until("the first greeting", first.knows("Hello there."))
	second := d.visit("two", "bob")
	d.dispatch("two")
	first.write("are you there")
	d.until("an answer in the first room", first.knows("You said are you there"))
	if n := d.conversations(); n != 1 || second.knows("Hello")() {
		t.Fatalf("%d conversations have begun, where there is room for one", n)
	}
	first.room.Disconnect()
	d.until("the end of the first", func() bool { return d.host.Count() == 0 })
	third := d.visit("three", "cat")
	d.until("a greeting when there is room again", func() bool { // the server learns of it by the next report
		if d.host.Count() == 0 {
			d.dispatch("three")
		}
		return third.knows("Hello there.")()
	})
}

func TestAPersonWhoComesBackFindsTheSameConversation(t *testing.T) {
	visits := 100
	if testing.Short() {
		visits = 10
	}
	d := openDesk(t, 4, func(c *Config) { c.Grace = 3 * time.Second })
	d.dispatch("aisle")
	for range visits {
		d.visit("aisle", "ann").room.Disconnect()
	}
	v := d.visit("aisle", "ann")
	v.write("once more")
	d.until("the answer", v.knows("You said once more"))
	if n := d.conversations(); n != 1 {
		t.Errorf("%d conversations for one person in one room", n)
	}
	v.room.Disconnect()
	d.until("the end", func() bool { return d.host.Count() == 0 })
}

func TestARoomThatIsDeletedEndsTheConversation(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatch("aisle")
	d.dispatch("other")
	v, other := d.visit("aisle", "ann"), d.visit("other", "bob")
	d.until("the greetings", func() bool { return v.knows("Hello")() && other.knows("Hello")() })
	d.until("figures of both rooms", func() bool {
		s := d.worker.Status()
		return s.Registered && !s.Draining && s.Limit == 4 && s.Taken == 2 && len(s.Calls) == 2 && s.Calls[0].Turns > 0 && s.Calls[1].Turns > 0 && s.Calls[0].Room != s.Calls[1].Room
	})
	rooms := lksdk.NewRoomServiceClient(d.server.HTTP(), livekittest.Key, livekittest.Secret)
	if _, err := rooms.DeleteRoom(t.Context(), &lk.DeleteRoomRequest{Room: "aisle"}); err != nil {
		t.Fatal(err)
	}
	d.until("the end of one", func() bool { return d.host.Count() == 1 && len(d.worker.Status().Calls) == 1 })
	other.write("still here")
	d.until("an answer in the other room", other.knows("You said still here"))
}

// An agent that was sent ahead and to whom nobody comes takes the room with it, so that
// who comes later begins a new one; with others in the room it stays.
func TestARoomToWhichNobodyCame(t *testing.T) {
	d := openDesk(t, 4, func(c *Config) { c.Grace = 2 * time.Second })
	rooms := lksdk.NewRoomServiceClient(d.server.HTTP(), livekittest.Key, livekittest.Secret)
	there := func(name string) bool {
		list, err := rooms.ListRooms(t.Context(), &lk.ListRoomsRequest{Names: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.GetRooms()) == 1
	}
	d.dispatchFor("deserted", "ann")
	d.dispatchFor("meeting", "ann")
	d.visit("meeting", "bob")
	d.until("the agent's coming", func() bool { return d.conversations() == 2 })
	if !there("deserted") || !there("meeting") {
		t.Error("the agent came into no room")
	}
	d.until("its leaving", func() bool { return d.host.Count() == 0 })
	d.until("the end of the room", func() bool { return !there("deserted") })
	if !there("meeting") {
		t.Error("the room of others was removed")
	}
}

func TestGarbageDoesNotDisturbAConversation(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatch("aisle")
	v := d.visit("aisle", "ann")
	d.until("the greeting", v.knows("Hello there."))
	r := rand.New(rand.NewSource(1))
	send := func(p *lk.DataPacket) {
		if err := v.room.LocalParticipant.PublishDataPacket(packet{p}, lksdk.WithDataPublishReliable(true)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 200 {
		noise := make([]byte, r.Intn(2000))
		r.Read(noise)
		topic := []string{"", chatTopic, transcriptionTopic}[i%3]
		send(&lk.DataPacket{Value: &lk.DataPacket_User{User: &lk.UserPacket{Payload: noise, Topic: &topic}}})
		send(&lk.DataPacket{Value: &lk.DataPacket_StreamChunk{StreamChunk: &lk.DataStream_Chunk{StreamId: fmt.Sprint(i), ChunkIndex: r.Uint64(), Content: noise}}})
		send(&lk.DataPacket{Value: &lk.DataPacket_StreamTrailer{StreamTrailer: &lk.DataStream_Trailer{StreamId: fmt.Sprint(i), Attributes: map[string]string{"a": "b"}}}})
	}
	// A text that is too long, and one that never ends.
	v.write(strings.Repeat("x", maxChat+1))
	v.begin()
	v.write("sense")
	d.until("the answer", v.knows("You said sense"))
}

func TestAServerThatRestartsGetsItsWorkerBack(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatch("aisle")
	v := d.visit("aisle", "ann")
	d.until("the greeting", v.knows("Hello there."))
	d.server.Kill()
	d.until("the loss", func() bool { return !d.worker.Registered() })
	began := time.Now()
	if err := d.server.Begin(); err != nil {
		t.Fatal(err)
	}
	d.until("registration", d.worker.Registered)
	t.Logf("registered again %v after the server's start began", time.Since(began).Round(time.Millisecond))
	d.dispatch("other")
	other := d.visit("other", "bob")
	d.until("a greeting in a new room", other.knows("Hello there."))
	// The client's own reconnection brings both back into the first room, or it ends.
	v.write("after the restart")
	d.until("an answer in the old room, or its end", func() bool { return v.knows("after the restart")() || d.host.Count() == 1 })
	t.Logf("the old room's conversation goes on: %v", d.host.Count() == 2)
}

func TestAWorkerThatStopsLetsItsCallsFinish(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatch("aisle")
	v := d.visit("aisle", "ann")
	d.until("the greeting", v.knows("Hello there."))
	stopped := make(chan struct{})
	go func() { d.stop(); close(stopped) }()
	d.until("draining", func() bool {
		d.worker.mu.Lock()
		defer d.worker.mu.Unlock()
		return d.worker.draining
	})
	v.write("one more thing")
	d.until("an answer while draining", v.knows("You said one more thing"))
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	v.room.Disconnect()
	select {
	case <-stopped:
	case <-ctx.Done():
		t.Error("the worker did not stop when its last call was over")
	}
	d.until("the end of the conversation", func() bool { return d.host.Count() == 0 })
}
