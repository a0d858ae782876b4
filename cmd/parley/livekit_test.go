package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"parley/access"
	roomsapi "parley/api/rooms"
	"parley/audio"
	"parley/caller"
	"parley/config"
	"parley/internal/livekittest"
	"parley/shop"
)

func TestAQuestionInALiveKitRoomIsAnswered(t *testing.T) {
	a, _ := startInRooms(t)
	s := a.enter(t, "aisle")
	s.until("the agent's greeting", 15*time.Second, func() bool { return len(s.audible) > 20 })
	t.Logf("from the person's joining: the agent heard after %v", s.audible[0].Sub(s.joined))
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
	end := len(question) // where the question's voice ends
	for !loud(question[end-480 : end]) {
		end -= 480
	}
	var took, answered []time.Duration
	for range 5 {
		s.mu.Lock()
		before := len(s.audible)
		s.mu.Unlock()
		asked := time.Now().Add(time.Duration(end) * time.Second / audio.SpeakRate)
		s.play(question)
		s.until("an answer", 20*time.Second, func() bool { return len(s.audible) > before+60 })
		s.mu.Lock()
		answered = append(answered, s.audible[before].Sub(asked))
		s.mu.Unlock()
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
	slices.Sort(answered)
	t.Logf("time to silence through the room: %v\nfrom the end of speech to the answer: %v", took, answered)
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

// TestKeysInRooms: only a shop's server sends the agent into rooms, and what it says of
// the customer holds there.
func TestKeysInRooms(t *testing.T) {
	var key string
	a, _ := startInRooms(t, func(c *config.Config) {
		keys, err := openKeys(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, key, err = keys.Create("", access.Scopes()); err != nil {
			t.Fatal(err)
		}
	})
	ask := func(key, path, body string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+key)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	for _, c := range []struct {
		key, path, body string
		want            int
	}{
		{"", "/v1/rooms/aisle/token", "{}", http.StatusUnauthorized},
		{key, "/v1/rooms/aisle/agent", `{"customer":"demo"}`, http.StatusUnprocessableEntity},
		{key, "/v1/rooms/aisle/agent", `[`, http.StatusBadRequest},
		{key, "/v1/rooms/" + strings.Repeat("a", 200) + "/agent", `{}`, http.StatusUnprocessableEntity},
		{key, "/v1/rooms/other/agent", `{"customer":"demo","identity":"nobody"}`, http.StatusCreated},
	} {
		if got := ask(c.key, c.path, c.body); got != c.want {
			t.Errorf("%s %s: %d, want %d", c.path, c.body, got, c.want)
		}
	}
	for _, body := range []string{
		`{"role":"boss"}`, `{"role":"staff","customer":"demo"}`, `{"may_interrupt":true}`, `{"role":"staff","may_interrupt":true}`,
	} {
		if got := ask(key, "/v1/rooms/aisle/token", body); got != http.StatusUnprocessableEntity {
			t.Errorf("a token for %s: %d", body, got)
		}
	}
	if got := ask(key, "/v1/rooms/aisle/agent", `{"role":"staff","identity":"x"}`); got != http.StatusUnprocessableEntity {
		t.Errorf("an agent for staff: %d", got)
	}
	var minted struct{ Token string }
	post(t, a.url+"/v1/tokens", key, `{"customer":"`+shop.DemoCustomer+`"}`, &minted)
	for _, role := range []string{"", "shopper", "staff", "guest"} {
		if got := ask(minted.Token, "/v1/rooms/aisle/token", `{"role":"`+role+`"}`); got != http.StatusForbidden {
			t.Errorf("a shopper got a token for %q: %d", role, got)
		}
	}
	s := a.enterFor(t, key, "aisle", `{"customer":"`+shop.DemoCustomer+`","name":"Maya"}`)
	s.until("the greeting", 15*time.Second, func() bool { return len(s.audible) > 20 })
	s.room.LocalParticipant.SendText("Where is my order W10004?", lksdk.StreamTextOptions{Topic: "lk.chat"})
	s.until("the answer about the customer's own order", 20*time.Second, func() bool { return s.said(true, "cancel") })
}

func TestCheckAsksTheLiveKitServer(t *testing.T) {
	server := livekittest.Start(t)
	l := config.LiveKit{URL: server.URL(), APIKey: livekittest.Key, APISecret: livekittest.Secret}
	if f := checkLiveKit(t.Context(), l); f.Outcome != ready {
		t.Errorf("%+v", f)
	}
	wrong := l
	wrong.APISecret = "another"
	if f := checkLiveKit(t.Context(), wrong); f.Outcome != limited || !strings.Contains(f.Detail, "401") {
		t.Errorf("with a wrong secret: %+v", f)
	}
	server.Kill()
	if f := checkLiveKit(t.Context(), l); f.Outcome != limited {
		t.Errorf("without a server: %+v", f)
	}
}

// TestStaffByTheShopsToken: who enters with a token for staff takes the floor, and gives
// it back with the agent's words.
func TestStaffByTheShopsToken(t *testing.T) {
	a, _ := startInRooms(t)
	s := a.enter(t, "aisle")
	s.until("the greeting", 15*time.Second, func() bool { return len(s.audible) > 20 })
	s.quiet(20 * time.Second)
	staff := a.enterFor(t, "", "aisle", `{"role":"staff","name":"Anna"}`)
	staff.play(a.say(t, "Hello, this is Anna from the shop."))
	s.until("the agent leaving the floor", 30*time.Second, func() bool { return s.said(true, "colleague") })
	s.until("the caption of what staff said", 5*time.Second, func() bool {
		for _, c := range s.captions {
			if strings.HasPrefix(c.from, "staff-") && holdsAll(strings.ToLower(c.text), "hello") && c.attributes["lk.transcribed_track_id"] != "" {
				return true
			}
		}
		return false
	})
	staff.room.LocalParticipant.SendText("Parley, please take over.", lksdk.StreamTextOptions{Topic: "lk.chat"})
	s.until("the agent's return", 20*time.Second, func() bool { return s.said(true, "back") })
	s.room.LocalParticipant.SendText("Where is my order W10004?", lksdk.StreamTextOptions{Topic: "lk.chat"})
	s.until("an answer", 20*time.Second, func() bool { return s.said(true, "cancel") })
}

// TestTheAgentGoesAhead: whoever gets a way into a room finds the agent there, unless that
// is not wanted, or somebody in the room brought it, or half of the places are taken.
func TestTheAgentGoesAhead(t *testing.T) {
	a, server := startInRooms(t, func(c *config.Config) { c.Limits.Calls, c.LiveKit.Grace = 4, 30*time.Second })
	rooms := lksdk.NewRoomServiceClient(server.HTTP(), livekittest.Key, livekittest.Secret)
	agents := func(room string) (n int) {
		list, err := rooms.ListParticipants(t.Context(), &lk.ListParticipantsRequest{Room: room})
		if err != nil {
			return 0 // no such room
		}
		for _, p := range list.GetParticipants() {
			if p.GetKind() == lk.ParticipantInfo_AGENT && len(p.GetTracks()) == 1 {
				n++
			}
		}
		return n
	}
	mint := func(room, wish string) {
		t.Helper()
		var ticket struct{ URL, Token string }
		post(t, a.url+"/v1/rooms/"+room+"/token", "", wish, &ticket)
		if ticket.URL == "" || ticket.Token == "" {
			t.Errorf("no way into %s: %+v", room, ticket)
		}
	}
	waits := func(room, wish string) {
		t.Helper()
		mint(room, wish)
		for began := time.Now(); agents(room) != 1; { // the server's list is a little late
			if time.Since(began) > 5*time.Second {
				t.Fatalf("after %s %d agents are in %s", wish, agents(room), room)
			}
		}
	}
	for _, wish := range []string{`{"prepare":false}`, `{"role":"guest"}`, `{"role":"staff"}`} {
		if mint("aisle", wish); a.taken(t) != 0 {
			t.Errorf("after %s the agent is on its way", wish)
		}
	}
	waits("aisle", `{}`)
	s := a.enter(t, "corner")
	s.until("the greeting", 15*time.Second, func() bool { return len(s.audible) > 20 })
	if mint("corner", `{}`); a.taken(t) != 2 {
		t.Error("another agent is on its way to a shopper who has one")
	}
	if mint("busy", `{}`); a.taken(t) != 2 {
		t.Error("an agent that nobody asked for takes one of the last places")
	}
	waits("busy", `{"prepare":true}`)
}

// taken is how many calls the agent has.
func (a *shopAgent) taken(t *testing.T) int {
	t.Helper()
	var status roomsapi.Status
	if err := json.Unmarshal(fetch(t, a.url+"/v1/rooms").body, &status); err != nil || status.Limit == 0 {
		t.Fatalf("%+v, %v", status, err)
	}
	return status.Taken
}

// TestTheMeasuringClientCallsThroughARoom measures the agent through rooms, with and
// without its going ahead.
func TestTheMeasuringClientCallsThroughARoom(t *testing.T) {
	a, _ := startInRooms(t)
	for name, prepared := range map[string]*bool{"ahead": nil, "after": new(false)} {
		report, err := caller.Run(t.Context(), caller.Options{
			URL: a.url + "/v1/rooms/measured-" + name, Shape: caller.LiveKit, Prepared: prepared, Codec: a.engines.opus.Codec(),
			Speeches: []*caller.Speech{a.speech(t, "What can you do?"), a.speech(t, "Wait, where is my order W one zero zero zero two?")},
			Turns:    2, Sessions: 1, BargeIn: 1200 * time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		if !report.OK() || report.Turns.Answered != 2 || report.TimeToSilence.N == 0 || report.RoomToTrack == nil || report.RoomToTrack.N != 1 {
			t.Errorf("%+v, %+v, %q", report.Turns, report.BargeIns, report.Errors)
			continue
		}
		var status roomsapi.Status
		if err := json.Unmarshal(fetch(t, a.url+"/v1/rooms").body, &status); err != nil || !status.Registered || status.Limit == 0 || status.Draining {
			t.Errorf("the rooms stand at %+v, %v", status, err)
		}
		t.Logf("%s: the agent's track after %.0f ms, time to silence %.0f ms", name, report.RoomToTrack.P50, report.TimeToSilence.P50)
	}
	for address, want := range map[string]string{"/v1/rooms/" + strings.Repeat("a", 200): "name", "/v1/nothing": "404"} {
		_, err := caller.Run(t.Context(), caller.Options{
			URL: a.url + address, Shape: caller.LiveKit, Codec: a.engines.opus.Codec(), Speeches: []*caller.Speech{a.speech(t, "Hello?")},
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
