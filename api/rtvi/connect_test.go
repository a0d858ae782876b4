package rtvi

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"

	"parley/access"
	"parley/room"
)

func TestStart(t *testing.T) {
	s := open(t)
	for body, want := range map[string]int{
		``: 200, `{}`: 200, `{"transport":"webrtc","enableDefaultIceServers":true,"body":{"x":[1]}}`: 200, ` { "other": 1 } `: 200,
		`{"transport":"daily"}`: 422, `{"createDailyRoom":true}`: 422, `[]`: 400, `null`: 400, `{`: 400, `{"transport":1}`: 400, "{\"x\":\"\xff\"}": 400,
		`{"x":"` + strings.Repeat("x", maxBody) + `"}`: 413,
	} {
		status, answer := s.request(t, http.MethodPost, "/start", "", body)
		if status != want {
			t.Errorf("%.60s is answered with %d %v, want %d", body, status, answer, want)
		}
		if want == 200 && fmt.Sprint(answer["iceConfig"]) != "map[iceServers:[map[urls:[stun:stun.example:3478]]]]" {
			t.Errorf("the client is told %v", answer)
		}
	}
}

func TestOffersThatCannotBeUsed(t *testing.T) {
	s := open(t)
	c := s.start(t, "")
	for body, want := range map[string]int{
		``: 400, `[]`: 400, `{"type":"answer","sdp":"v=0"}`: 400, `{"type":"offer"}`: 400, `{"type":"offer","sdp":"hello"}`: 400, `{"type":"offer","sdp":1}`: 400,
		`{"type":"offer","sdp":"v=0","pc_id":7}`: 400, `{"type":"offer","sdp":"v=0","pc_id":"pc-made-up","restart_pc":true}`: 400,
		`{"type":"offer","sdp":"` + strings.Repeat("x", maxBody) + `"}`: 413,
	} {
		for _, path := range []string{"/api/offer", c.path()} {
			if status, answer := s.request(t, http.MethodPost, path, "", body); status != want {
				t.Errorf("%.60s at %s is answered with %d %v, want %d", body, path, status, answer, want)
			}
		}
		if status, answer := s.request(t, http.MethodPost, "/sessions/made-up/api/offer", "", body); status != want && status != http.StatusNotFound || status == 200 {
			t.Errorf("%.60s is answered with %d %v without a session", body, status, answer)
		}
	}
	for body, want := range map[string]int{
		``: 400, `{}`: 404, `{"pc_id":"pc-made-up","candidates":[{"candidate":"x"}]}`: 404, `{"pc_id":"x","candidates":{}}`: 400, `{"pc_id":"x","candidates":[{"sdp_mline_index":-1}]}`: 400,
		`{"pc_id":"x","candidates":[` + strings.Repeat(`{},`, maxCandidates) + `{}]}`: 422,
	} {
		if status, answer := s.request(t, http.MethodPatch, c.path(), "", body); status != want {
			t.Errorf("%.60s is answered with %d %v, want %d", body, status, answer, want)
		}
	}
	// Of what led to no call, nothing is left.
	s.protocol.mu.Lock()
	defer s.protocol.mu.Unlock()
	if len(s.protocol.peers) == 0 {
		t.Error("no offer was looked at")
	}
	for _, one := range s.protocol.peers {
		select {
		case <-one.conversation.Done():
		case <-time.After(limit):
			t.Error("a conversation is left")
		}
	}
}

// TestACallIsTheOnesWhoBeganIt: what one customer has begun, another can neither join
// nor end, nor tell from what there is not.
func TestACallIsTheOnesWhoBeganIt(t *testing.T) {
	const key = "a-key-of-the-shop-0123456789"
	s := open(t, key)
	maya, other := s.token(t, key, "maya"), s.token(t, key, "other")
	c := s.call(t, maya)
	c.greet("2.1.0")
	conversation := s.protocol.findPeer(c.id, "customer:maya").conversation

	if status, _ := s.request(t, http.MethodPost, "/start", "", ""); status != http.StatusUnauthorized {
		t.Errorf("without a token a session begins with %d", status)
	}
	if status, _ := s.request(t, http.MethodPatch, "/api/offer", other, map[string]any{"pc_id": c.id}); status != http.StatusNotFound {
		t.Errorf("candidates of another are answered with %d", status)
	}
	if status, _ := s.request(t, http.MethodPost, c.path(), other, map[string]any{"sdp": "v=0", "type": "offer", "pc_id": c.id}); status != http.StatusNotFound {
		t.Errorf("an offer to another's session is answered with %d", status)
	}
	// Another's pc_id is as one that there is not: it begins a conversation.
	intruder := s.start(t, other)
	intruder.id = c.id
	intruder.connect(true)
	if intruder.id == c.id {
		t.Fatal("another has taken the call")
	}
	select {
	case <-conversation.Done():
		t.Error("another has ended the call")
	default:
	}
	c.send("1", "send-text", map[string]any{"content": "hello"})
	c.until(0, "bot-transcription", "You said hello.")
	// The same customer reaches it with another token.
	if status, answer := s.request(t, http.MethodPatch, "/api/offer", s.token(t, key, "maya"), map[string]any{"pc_id": c.id, "candidates": []any{}}); status != http.StatusOK {
		t.Errorf("the customer's other token is answered with %d %v", status, answer)
	}
}

// TestMessagesAreCounted as requests are: over a limit they are refused, and say so.
// What keeps the connection alive costs nothing.
func TestMessagesAreCounted(t *testing.T) {
	const key = "a-key-of-the-shop-0123456789"
	s := openWithin(t, access.NewLimits(access.Bounds{}, access.Bounds{Requests: 12}, access.Bounds{}), key)
	c := s.call(t, s.token(t, key, "maya"))
	for range 30 {
		check(t, c.channel.SendText("ping: 1"))
	}
	c.greet("2.1.0")
	for range 12 {
		c.send("much", "send-text", map[string]any{"content": "hello", "options": map[string]any{"run_immediately": false}})
	}
	if m := c.until(0, "error-response", "limit"); m.ID != "much" {
		t.Errorf("the refusal has the id %q", m.ID)
	}
}

func TestSessionsEnd(t *testing.T) {
	p, now := New(Config{}), time.Now()
	id, err := p.newSession("a", nil, now)
	check(t, err)
	good := func(id, who string, at time.Time) bool { _, ok := p.useSession(id, who, at); return ok }
	if !good(id, "a", now.Add(sessionLife)) || !good(id, "a", now.Add(2*sessionLife)) {
		t.Error("a session that is used has ended")
	}
	if good(id, "b", now.Add(2*sessionLife)) || good("x", "a", now) || good(id, "a", now.Add(3*sessionLife+1)) {
		t.Error("a session is good for others, or for ever")
	}
	for len(p.sessions) < maxSessions {
		_, err := p.newSession("a", nil, now)
		check(t, err)
	}
	if _, err := p.newSession("a", nil, now); err == nil || !strings.Contains(err.Error(), "Try again") {
		t.Errorf("one more session: %v", err)
	}
	if _, err := p.newSession("a", nil, now.Add(sessionLife+time.Second)); err != nil || len(p.sessions) > 2 {
		t.Errorf("%d sessions are kept past their time: %v", len(p.sessions), err)
	}
}

func TestPeersThatHaveEndedAreForgotten(t *testing.T) {
	p, now := New(Config{}), time.Now()
	for i := range maxEnded + 5 {
		one := &peer{id: fmt.Sprint(i), ended: now}
		p.peers[one.id] = one
		p.ended = append(p.ended, one)
	}
	p.forgetEnded(now)
	if len(p.peers) != maxEnded || len(p.ended) != maxEnded || p.peers["4"] != nil || p.peers["5"] == nil {
		t.Errorf("%d are known", len(p.peers))
	}
	p.forgetEnded(now.Add(keepEnded + 1))
	if len(p.peers) != 0 {
		t.Errorf("%d are known for ever", len(p.peers))
	}
}

// TestALostCallWaits for its client, and no longer than it says.
func TestALostCallWaits(t *testing.T) {
	for _, cause := range []error{room.ErrLost, errors.New("it never came about")} {
		s := open(t)
		c := s.call(t, "")
		c.greet("2.1.0")
		one := s.protocol.findPeer(c.id, "key:")
		lose := func() {
			one.mu.Lock()
			seat := one.seat
			one.mu.Unlock()
			call, err := s.protocol.hall.Call(t.Context(), one.conversation.ID())
			check(t, err)
			check(t, call.Hangup(t.Context(), cause))
			<-seat.gone
		}
		lose()
		if one.over() {
			t.Error("the conversation has ended with its connection")
		}
		c.connect(true) // the client comes back
		mark := c.mark()
		c.send("1", "send-text", map[string]any{"content": "hello again"})
		c.until(mark, "bot-transcription", "hello again")

		s.protocol.linger = time.Millisecond
		lose()
		select {
		case <-one.conversation.Done():
		case <-time.After(limit):
			t.Error("it waits for ever")
		}
	}
}

// FuzzBodies sends anything to the addresses of the signalling: it is answered with
// what a client understands, and leaves nothing behind.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{``, `{}`, `{"sdp":"v=0","type":"offer","pc_id":null,"restart_pc":false}`, `{"pc_id":"x","candidates":[{"candidate":"candidate:1 1 udp 1 127.0.0.1 9 typ host","sdp_mid":"0","sdp_mline_index":0}]}`, `{"transport":"webrtc"}`} {
		for way := range 4 {
			f.Add(way, body)
		}
	}
	s := open(f)
	handler := s.Config.Handler
	f.Fuzz(func(t *testing.T, way int, body string) {
		method, path := http.MethodPost, "/start"
		switch way & 3 {
		case 1:
			path = "/api/offer"
		case 2:
			path, method = "/api/offer", http.MethodPatch
		case 3:
			path = "/sessions/x/api/offer"
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(body)))
		if w.Code != 200 && (w.Code < 400 || w.Code > 499) && w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s %s %q is answered with %d %s", method, path, body, w.Code, w.Body)
		}
		if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, "application/") {
			t.Errorf("the answer is %q", kind)
		}
	})
}

// TestTrickle: candidates come after the offer, some of which cannot be used.
func TestTrickle(t *testing.T) {
	s := open(t)
	c := s.start(t, "")
	sdp, left := c.offer(), []string{}
	var candidates []map[string]any
	for line := range strings.Lines(sdp) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "a=candidate:"); ok {
			candidates = append(candidates, map[string]any{"candidate": "candidate:" + text, "sdp_mid": "0", "sdp_mline_index": 0})
		} else if strings.TrimSpace(line) != "a=end-of-candidates" {
			left = append(left, line)
		}
	}
	if len(candidates) == 0 {
		t.Fatalf("there are no candidates in %s", sdp)
	}
	opened := make(chan struct{})
	c.channel.OnOpen(func() { close(opened) })
	status, answer := s.request(t, http.MethodPost, c.path(), "", map[string]any{"sdp": strings.Join(left, ""), "type": "offer", "pc_id": nil})
	if status != http.StatusOK {
		t.Fatalf("the offer is answered with %d %v", status, answer)
	}
	for _, body := range []struct {
		candidates any
		want       int
	}{
		{candidates, 200}, {[]any{map[string]any{"candidate": "", "sdp_mid": "0", "sdp_mline_index": 0}}, 200}, {[]any{}, 200},
		{[]any{map[string]any{"candidate": "candidate:nonsense", "sdp_mid": "0"}}, 400}, {[]any{map[string]any{"candidate": strings.Repeat("x", 5000)}}, 400},
	} {
		if status, answer := s.request(t, http.MethodPatch, c.path(), "", map[string]any{"pc_id": answer["pc_id"], "candidates": body.candidates}); status != body.want {
			t.Errorf("%.80v is answered with %d %v, want %d", body.candidates, status, answer, body.want)
		}
	}
	check(t, c.connection.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer["sdp"].(string)}))
	select {
	case <-opened:
	case <-time.After(limit):
		t.Error("the call did not come about")
	}
}
