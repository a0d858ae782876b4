package api

import (
	"testing"
	"testing/synctest"
	"time"

	"parley/room"
)

// call makes a call and gives the token to take its conversation up.
func (d *desk) call(t *testing.T, query string) (id, token string) {
	t.Helper()
	w := d.do(t.Context(), "POST", "/v1/realtime/calls"+query, "application/sdp", "o")
	check(t, w.Result(), 201, "answer", "")
	token = w.Header().Get("Parley-Resume")
	if len(token) < 20 {
		t.Fatalf("the token %q can be guessed", token)
	}
	return w.Header().Get("Location")[len("/v1/realtime/calls/"):], token
}

func (d *desk) lose(t *testing.T, cause error) {
	t.Helper()
	if err := d.lobby.last().Hangup(t.Context(), cause); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func TestALostCallIsTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 4, same)
		id, token := d.call(t, "")
		check(t, d.do(t.Context(), "POST", "/v1/conversations/"+id+"/messages", "", `{"text":"remember this"}`).Result(), 200, "remember this", "")
		d.lose(t, room.ErrLost)
		<-time.After(resumeWithin - time.Second)

		again, next := d.call(t, "?resume="+token)
		if again != id || next == token {
			t.Fatalf("taken up was %s by %s, which led to %s and %s", id, token, again, next)
		}
		check(t, d.do(t.Context(), "GET", "/v1/conversations/"+id+"/transcript", "", "").Result(), 200, "remember this", "")
		check(t, d.do(t.Context(), "POST", "/v1/realtime/calls?resume="+token, "application/sdp", "o").Result(), 404, "taken it up", "no-conversation")

		// The wait of before does not end the new call, nor the next wait.
		<-time.After(time.Minute)
		d.lose(t, room.ErrLost)
		<-time.After(resumeWithin - time.Second)
		if d.host.Find(id) == nil {
			t.Fatal("the second wait was too short")
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if d.host.Find(id) != nil {
			t.Error("a conversation that nobody takes up goes on")
		}
		check(t, d.do(t.Context(), "POST", "/v1/realtime/calls?resume="+next, "application/sdp", "o").Result(), 404, "has ended", "no-conversation")
		if len(d.resumes) != 0 {
			t.Errorf("%d tokens of what has ended are kept", len(d.resumes))
		}
		d.close(t)
	})
}

func TestACallThatIsNotKnownToBeLostIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 4, same)
		id, token := d.call(t, "")
		first := d.lobby.last()
		again, _ := d.call(t, "?resume="+token)
		select {
		case <-first.Done():
		default:
			t.Error("the first call goes on beside the second")
		}
		if again != id || d.host.Find(id) == nil || d.host.Count() != 1 {
			t.Errorf("%s was taken up as %s, of %d", id, again, d.host.Count())
		}
		// Hung up, it is over at once.
		d.lose(t, room.ErrHungUp)
		if d.host.Find(id) != nil {
			t.Error("a conversation goes on after its caller has hung up")
		}
		d.close(t)
	})
}

func TestATokenToResumeIsForWhoBegan(t *testing.T) {
	g := newGate(t, same)
	defer g.close(t)
	ann, bob := g.mint(t, `{"customer":"ann"}`), g.mint(t, `{"customer":"bob"}`)
	w := g.ask("POST", "/v1/realtime/calls", ann, `{"type":"offer","sdp":"o"}`)
	check(t, w.Result(), 201, "", "")
	token := w.Header().Get("Parley-Resume")
	check(t, g.ask("POST", "/v1/realtime/calls?resume="+token, bob, `{"type":"offer","sdp":"o"}`).Result(), 404, "", "no-conversation")
	check(t, g.ask("POST", "/v1/realtime/calls?resume=GUESSED", ann, `{"type":"offer","sdp":"o"}`).Result(), 404, "", "no-conversation")
	check(t, g.ask("POST", "/v1/realtime/calls?resume="+token, g.mint(t, `{"customer":"ann"}`), `{"type":"offer","sdp":"o"}`).Result(), 201, "", "")
}
