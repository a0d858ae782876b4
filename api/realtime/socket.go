package realtime

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"parley/agent"
	"parley/api"
)

const (
	// maxFrame bounds a client's message, in bytes: a photo in base64.
	maxFrame = 16 << 20
	// alive is how often a quiet connection is tried.
	alive = 20 * time.Second
)

// serveSocket serves a session over a WebSocket: one of its own, with the sound in its
// messages, or with call_id the one of a call over WebRTC.
func (p *Protocol) serveSocket(w http.ResponseWriter, r *http.Request) {
	var joined *session
	if id := r.URL.Query().Get("call_id"); id != "" {
		if _, err := p.hall.Reach(r.Context(), id); err != nil {
			p.hall.Fail(w, r, err)
			return
		}
		if joined = p.sessionOf(id); joined == nil {
			p.hall.Fail(w, r, api.NewProblem(http.StatusNotFound, "no-call", "There is no call %q with an oai-events channel.", id))
			return
		}
	}
	wished := newSettings()
	if waiting, _ := p.preparedFor(r); waiting != nil {
		if err := wished.update(waiting); err != nil {
			p.hall.Fail(w, r, api.NewProblem(http.StatusUnprocessableEntity, "bad-session", "The session cannot be had: %s", err))
			return
		}
	}
	if model := r.URL.Query().Get("model"); model != "" && len(model) <= 64 {
		wished.wire.Model = model
	}
	// Who may connect was judged by the guard, by keys, tokens and the origins that they
	// are for; without keys by the origin alone.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{"realtime"}, InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return // it was answered
	}
	conn.SetReadLimit(maxFrame)
	ctx, stop := context.WithCancelCause(r.Context())
	defer stop(nil)
	k := &sink{fail: stop, send: func(message []byte) error {
		writing, done := context.WithTimeout(ctx, p.patience)
		defer done()
		return conn.Write(writing, websocket.MessageText, message)
	}}
	if joined != nil {
		if !joined.join(k) {
			closeSocket(conn, errOver)
			return
		}
		defer joined.leave(k)
		p.read(ctx, conn, joined.in, stop)
		closeSocket(conn, context.Cause(ctx))
		return
	}
	s := newSession(p, wished)
	if err := s.prepare(stop); err != nil {
		p.log.Error("a session could not be made", "err", err)
		_ = conn.Close(websocket.StatusInternalError, "")
		return
	}
	s.follow(k)
	reading := make(chan struct{})
	go func() { defer close(reading); p.read(ctx, conn, s.in, stop) }()
	defer func() { stop(errOver); <-reading }()
	func() {
		defer s.end() // before the goodbye, for which a client may let us wait
		s.run(ctx)
	}()
	stop(errOver)
	closeSocket(conn, context.Cause(ctx))
}

var (
	errSlow = errors.New("the client reads too slowly")
	errGone = errors.New("the client has gone")
	errOver = errors.New("the conversation has ended")
)

// read passes a client's messages on until it goes.
func (p *Protocol) read(ctx context.Context, conn *websocket.Conn, in chan<- []byte, stop context.CancelCauseFunc) {
	defer stop(errGone)
	pinging := make(chan struct{})
	defer func() { stop(errGone); <-pinging }()
	go func() {
		defer close(pinging)
		for every := time.NewTicker(alive); ; {
			select {
			case <-every.C:
				asking, done := context.WithTimeout(ctx, p.patience)
				if err := conn.Ping(asking); err != nil {
					stop(errGone)
				}
				done()
			case <-ctx.Done():
				every.Stop()
				return
			}
		}
	}()
	for {
		kind, message, err := conn.Read(ctx)
		if err != nil {
			return
		}
		if kind != websocket.MessageText {
			message = []byte("binary")
		}
		select {
		case in <- message:
		case <-ctx.Done():
			return
		}
	}
}

// closeSocket says goodbye in the protocol's words.
func closeSocket(conn *websocket.Conn, cause error) {
	status, reason := websocket.StatusNormalClosure, ""
	if errors.Is(cause, errSlow) {
		status, reason = websocket.StatusPolicyViolation, errSlow.Error()
	}
	_ = conn.Close(status, reason) // whoever has gone hears nothing
}

// prepare prepares the session's sound and how its conversation begins.
func (s *session) prepare(stop context.CancelCauseFunc) error {
	snd, err := newSound(func() { stop(errSlow) })
	if err != nil {
		return err
	}
	if err := snd.use(s.settings.wire.Audio.Input.Format, s.settings.wire.Audio.Output.Format); err != nil {
		return err
	}
	s.sound = snd
	s.begin = func(ctx context.Context) error {
		c, err := s.protocol.hall.Begin(ctx, s.adjust)
		if err != nil {
			return err
		}
		s.conversation = c
		s.subscription = c.Subscribe(unread, true)
		s.events = s.subscription.Events()
		snd.conversation = c
		s.work.Go(func() { snd.run(ctx) })
		if s.settings.speaks() {
			return c.Attach(ctx)
		}
		return nil
	}
	return nil
}

// end ends the conversation, which is the session.
func (s *session) end() {
	if s.conversation != nil {
		s.protocol.hall.End(s.conversation, agent.ErrLeft)
		s.subscription.Close()
	}
}
