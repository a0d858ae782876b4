package rtvi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"parley/agent"
	"parley/room"
	"parley/tools/clienttool"
)

// channelLabel is the data channel that SmallWebRTCTransport opens.
const channelLabel = "chat"

// unread is how many events may wait for one client.
const unread = 512

// talk is the service of one channel. It belongs to one goroutine.
type talk struct {
	protocol *Protocol
	ctx      context.Context // who the messages count against
	peer     *peer
	channel  room.Channel
	log      *slog.Logger

	events *agent.Subscription // nil until the client is ready
	sent   int                 // messages, which it numbers
	deaf   bool                // the client reads too slowly and gets no more
}

// serve serves the channel of a seat until the client closes it.
func (p *Protocol) serve(ctx context.Context, one *peer, s *seat, ch room.Channel) {
	done := s.open()
	if done == nil {
		for range ch.Messages() { // read, so that it is not taken for a flood
		}
		return
	}
	defer done()
	s.follow()
	t := &talk{protocol: p, ctx: ctx, peer: one, channel: ch, log: p.Log.With("conversation", one.conversation.ID())}
	defer func() {
		if t.events != nil {
			t.events.Close()
		}
	}()
	if one.translator != nil {
		t.listen() // a client that makes another connection does not say again that it is ready
	}
	over := one.conversation.Done()
	for {
		var (
			events <-chan agent.Envelope
			wanted <-chan *clienttool.Call
			ended  <-chan settled
		)
		if t.events != nil && !t.deaf {
			events, wanted, ended = t.events.Events(), one.functions.wanted, one.functions.settled
		}
		select {
		case c := <-wanted:
			t.call(c)
		case s := <-ended:
			t.settle(s)
		case e, ok := <-events:
			if !ok { // the conversation is over, or the client was too slow for it
				t.deaf = true
				continue
			}
			t.pass(e)
		case <-over:
			if over = nil; t.events != nil && !t.deaf {
				for e := range t.events.Events() {
					t.pass(e)
				}
			}
			t.deaf = true
			_ = ch.Send([]byte(peerLeftMessage)) // a client that does not read is not told
		case m, ok := <-ch.Messages():
			if !ok {
				return
			}
			if over != nil {
				t.take(m)
			}
		}
	}
}

// listen begins to pass events: those that the client does not know of.
func (t *talk) listen() { t.events = t.peer.conversation.Subscribe(unread, true) }

// pass tells the client of an event, if it does not know of it from an earlier
// connection.
func (t *talk) pass(e agent.Envelope) {
	if e.Seq <= t.peer.told {
		return
	}
	t.peer.told = e.Seq
	for _, m := range t.peer.translator.translate(e) {
		t.send(m, e.Lossy())
	}
}

// send sends a message. A client too slow for what it must not miss is served no longer.
func (t *talk) send(m message, lossy bool) {
	if t.deaf {
		return
	}
	if t.sent++; m.ID == "" {
		m.ID = strconv.Itoa(t.sent)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.log.Error("a message could not be written", "type", m.Type, "err", err)
		return
	}
	err = t.channel.Send(text)
	switch {
	case err == nil, lossy && errors.Is(err, room.ErrSlow):
	case errors.Is(err, room.ErrSlow):
		t.log.Info("a client reads its messages too slowly and gets no more")
		t.deaf = true
	default:
		t.deaf = true // the channel is closed
	}
}

// take does what a client's message asks.
func (t *talk) take(b []byte) {
	if bytes.HasPrefix(b, []byte(keepAlive)) {
		return // the connection's own checks say whether it is there
	}
	m, err := parse(b)
	if errors.Is(err, errForeign) {
		return // signalling, or nothing that means something here
	}
	if err == nil {
		err = t.protocol.hall.Count(t.ctx, len(b))
	}
	if err == nil {
		err = t.obey(m)
	}
	if err == nil {
		return
	}
	text := t.explain(err)
	if m.ID == "" {
		t.send(tell(typeError, errorData{Error: text, Message: text}), false)
		return
	}
	reply := tell(typeErrorResponse, responseErrorData{text})
	reply.ID = m.ID
	t.send(reply, false)
}

// refusal is an error that the client is told as it is.
type refusal string

func (r refusal) Error() string { return string(r) }

func (t *talk) explain(err error) string {
	if r, ok := errors.AsType[refusal](err); ok {
		return string(r)
	}
	return t.protocol.hall.Explain(t.ctx, err).Detail
}

// answer answers a message of the client.
func (t *talk) answer(to incoming, kind string, data any) {
	m := tell(kind, data)
	m.ID = to.ID
	t.send(m, false)
}

// patience bounds the wait for the conversation to take something.
const patience = time.Second
