package livekit

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// The first connection to a room does not come about: it is given up, at once where that
// can be known, and the agent comes in by a second one.
func TestAConnectionThatDoesNotComeAbout(t *testing.T) {
	for name, answer := range map[string]*lk.SignalResponse{
		"nothing comes after the welcome": nil,
		"its answer cannot be taken":      {Message: &lk.SignalResponse_Answer{Answer: &lk.SessionDescription{Type: "answer", Sdp: "v=0"}}},
		"the server sends it away": {Message: &lk.SignalResponse_Leave{Leave: &lk.LeaveRequest{
			Reason: lk.DisconnectReason_STATE_MISMATCH, Action: lk.LeaveRequest_DISCONNECT,
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log keptLog
			var failed atomic.Bool
			d := openDesk(t, 4, func(c *Config) {
				front := httptest.NewServer(failOnce(t, c.URL, answer, &failed))
				t.Cleanup(front.Close)
				c.URL = strings.Replace(front.URL, "http", "ws", 1)
				c.Log = slog.New(slog.NewTextHandler(io.MultiWriter(testLog{t}, &log), nil))
			})
			if answer == nil && testing.Short() {
				t.Skip("it takes five seconds to give a connection up")
			}
			v := d.visit("aisle", "ann")
			began := time.Now()
			d.dispatchFor("aisle", "ann")
			d.until("the greeting", v.knows("Hello there."))
			if took := time.Since(began); answer != nil && took >= joinTime {
				t.Errorf("it was greeted after %v", took)
			}
			v.write("well met")
			d.until("an answer", v.knows("You said well met"))
			if n := log.count("trying anew"); n != 1 || !failed.Load() {
				t.Errorf("the room was tried anew %d times", n)
			}
			if n, _ := v.agents(); n != 1 || d.conversations() != 1 {
				t.Errorf("%d agents and %d conversations", n, d.conversations())
			}
		})
	}
}

// failOnce stands before a LiveKit server and holds back what the server says on the
// first connection to a room, after its first message; it gives an answer of its own, if
// it has one. failed is set when there was such a connection.
func failOnce(t *testing.T, server string, answer *lk.SignalResponse, failed *atomic.Bool) http.HandlerFunc {
	t.Helper()
	at, err := url.Parse(strings.Replace(server, "ws", "http", 1))
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(at)
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/rtc") || r.Header.Get("Upgrade") == "" || !failed.CompareAndSwap(false, true) {
			pass.ServeHTTP(w, r)
			return
		}
		up, _, err := websocket.Dial(r.Context(), server+r.URL.RequestURI(), &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": r.Header["Authorization"]}})
		if err != nil {
			t.Error(err)
			return
		}
		defer up.CloseNow()
		down, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer down.CloseNow()
		kind, welcome, err := up.Read(r.Context())
		if err == nil {
			err = down.Write(r.Context(), kind, welcome)
		}
		if err == nil && answer != nil {
			var text []byte
			if text, err = proto.Marshal(answer); err == nil {
				err = down.Write(r.Context(), websocket.MessageBinary, text)
			}
		}
		for err == nil { // the client gives up, says so, and goes
			var said []byte
			if kind, said, err = down.Read(r.Context()); err == nil {
				err = up.Write(r.Context(), kind, said)
			}
		}
	}
}
