package main

import (
	"slices"
	"testing"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"
)

func TestAQuestionInALiveKitRoomIsAnswered(t *testing.T) {
	a, _ := startInRooms(t)
	s := a.enter(t, "aisle")
	s.until("the agent's greeting", 15*time.Second, func() bool { return len(s.audible) > 20 })
	t.Logf("from the beginning of joining: the agent's track published after %v, heard after %v", s.published.Sub(s.joined), s.audible[0].Sub(s.joined))
	s.quiet(20 * time.Second)
	asked := len(s.audible)
	s.play(a.say(t, "Where is my order W one zero zero zero two?"))
	s.until("an answer", 20*time.Second, func() bool { return len(s.audible) > asked+25 })
	s.quiet(30 * time.Second)
	s.until("the captions of both sides", 5*time.Second, func() bool {
		return s.said(false, "order") && s.said(true, "way")
	})
	heard := a.understand(t, &s.heard)
	t.Logf("heard: %s", heard)
	if !holdsAll(heard, "way") {
		t.Errorf("heard %q; the parcel is on its way", heard)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, state := range []string{"listening", "thinking", "speaking"} {
		if !slices.Contains(s.states, state) {
			t.Errorf("the agent's state was never %q, but %q", state, s.states)
		}
	}
	for _, c := range s.captions {
		if c.attributes["lk.segment_id"] == "" || c.attributes["lk.transcribed_track_id"] == "" {
			t.Errorf("a caption without its segment or track: %+v", c)
		}
	}
}

func TestSpeakingOverTheAgentInALiveKitRoomSilencesIt(t *testing.T) {
	a, _ := startInRooms(t)
	s := a.enter(t, "aisle")
	s.until("the greeting", 15*time.Second, func() bool { return len(s.audible) > 20 })
	s.quiet(20 * time.Second)
	question, interruption := a.say(t, "What can you do?"), a.say(t, "Wait, stop, I have another question.")
	onset := 0 // where the interruption's voice begins
	for !loud(interruption[onset : onset+480]) {
		onset += 480
	}
	var took []time.Duration
	for range 5 {
		before := len(s.audible)
		s.play(question)
		s.until("an answer", 20*time.Second, func() bool { return len(s.audible) > before+60 })
		began := time.Now()
		s.play(interruption[onset:])
		s.until("silence after speaking over the agent", 10*time.Second, func() bool {
			return time.Since(s.audible[len(s.audible)-1]) > 300*time.Millisecond
		})
		s.mu.Lock()
		last := s.audible[len(s.audible)-1]
		for i := 1; i < len(s.audible); i++ { // the first long silence after it
			if s.audible[i-1].After(began) && s.audible[i].Sub(s.audible[i-1]) > 250*time.Millisecond {
				last = s.audible[i-1]
				break
			}
		}
		s.mu.Unlock()
		took = append(took, last.Sub(began))
		s.until("the next turn", 20*time.Second, func() bool { return time.Since(s.audible[len(s.audible)-1]) > 2500*time.Millisecond })
	}
	slices.Sort(took)
	t.Logf("time to silence through the room: %v", took)
	if took[len(took)/2] > 300*time.Millisecond {
		t.Errorf("the agent took %v to fall silent, typically", took[len(took)/2])
	}
}

func TestATextInALiveKitRoomIsAnswered(t *testing.T) {
	a, _ := startInRooms(t)
	s := a.enter(t, "aisle")
	s.until("the greeting", 15*time.Second, func() bool { return len(s.audible) > 20 })
	s.room.LocalParticipant.SendText("Where is my order W10004?", lksdk.StreamTextOptions{Topic: "lk.chat"})
	s.until("the answer's caption", 20*time.Second, func() bool { return s.said(true, "cancel") })
}
