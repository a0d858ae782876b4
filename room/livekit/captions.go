package livekit

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
	lk "github.com/livekit/protocol/livekit"

	"parley/agent"
)

// Names that LiveKit's clients and their components for agents know.
const (
	transcriptionTopic = "lk.transcription"
	segmentAttribute   = "lk.segment_id"
	trackAttribute     = "lk.transcribed_track_id"
	finalAttribute     = "lk.transcription_final"

	stateAttribute    = "lk.agent.state"
	stateInitializing = "initializing"
)

// states are the words of LiveKit's components for what the agent does.
var states = map[agent.State]string{
	agent.Listening: "listening", agent.Hearing: "listening", agent.Thinking: "thinking", agent.Speaking: "speaking",
}

// captions tells a room what both sides say. It belongs to one goroutine.
type captions struct {
	call *call
	// turn is the answer that is told, stream its stream, "" if none is open, and sent
	// what was told.
	stream, segment, sent string
	turn                  int64
	chunks                uint64 // of the open stream
	// heard is the segment of what the caller is saying.
	heard string
}

// tell keeps the room informed until the events or the call end.
func (c *call) tell(events *agent.Subscription) {
	t := &captions{call: c}
	for {
		select {
		case <-c.ctx.Done():
			return
		case e, ok := <-events.Events():
			if !ok {
				return
			}
			t.take(e)
		}
	}
}

// take tells of one event.
func (t *captions) take(e agent.Envelope) {
	t.call.figure(e.Event)
	switch e := e.Event.(type) {
	case agent.StateChanged:
		t.call.mu.Lock()
		t.call.state = e.State
		t.call.mu.Unlock()
		t.call.room.LocalParticipant.SetAttributes(map[string]string{stateAttribute: states[e.State]})
	case agent.StoodAside:
		t.floor(floorStaff)
	case agent.CameBack:
		t.floor(floorAgent)
	case agent.Overheard:
		if e.Source == "voice" {
			t.other(e)
		}
	case agent.PartialTranscript:
		t.caller(e.Text, false)
	case agent.UserSaid:
		if e.Source == "voice" { // a client shows by itself what was typed
			t.caller(e.Text, true)
			t.heard = ""
		}
	}
	switch said := e.Event.(type) {
	case agent.ReplySpoken:
		t.agent(e.Turn, said.Text)
	case agent.ReplyDone:
		if said.Heard != "" {
			t.agent(e.Turn, said.Heard)
		}
		t.finish()
	}
}

// caller tells what the caller said so far: each time the whole segment, as a stream of
// its own that replaces the one before.
func (t *captions) caller(text string, final bool) {
	t.call.mu.Lock()
	from := t.call.shopper
	microphone := t.call.microphones[from]
	t.call.mu.Unlock()
	if t.heard == "" {
		t.heard = "SG_" + uuid.NewString()
	}
	t.whole(from, text, t.heard, microphone, final)
}

// other tells what somebody beside the shopper said.
func (t *captions) other(e agent.Overheard) {
	t.call.mu.Lock()
	microphone := t.call.microphones[e.Speaker]
	t.call.mu.Unlock()
	t.whole(e.Speaker, e.Text, "SG_"+uuid.NewString(), microphone, true)
}

// whole is a stream with all of a text.
func (t *captions) whole(from, text, segment, track string, final bool) {
	id := uuid.NewString()
	t.send(from, opened(id, transcriptionTopic, attributes(segment, track, final)))
	if text != "" {
		t.send(from, written(id, text, 0))
	}
	t.send(from, shut(id, nil))
	t.plain(from, text, segment, track, final)
}

// plain tells the same as streams do in the older way, each time the whole segment. The
// hook for agents of LiveKit's components knows only this.
func (t *captions) plain(from, text, segment, track string, final bool) {
	if track == "" || text == "" {
		return
	}
	t.send("", &lk.DataPacket{Value: &lk.DataPacket_Transcription{Transcription: &lk.Transcription{
		TranscribedParticipantIdentity: from, TrackId: track,
		Segments: []*lk.TranscriptionSegment{{Id: segment, Text: fitting(text), Final: final}},
	}}})
}

// voice is the agent's track, which is another one in a new session.
func (c *call) voice() (sid string) {
	for _, p := range c.room.LocalParticipant.TrackPublications() {
		sid = p.SID()
	}
	return sid
}

// floor tells who has the floor.
func (t *captions) floor(who string) {
	t.call.mu.Lock()
	t.call.aside = who == floorStaff
	t.call.mu.Unlock()
	t.call.room.LocalParticipant.SetAttributes(map[string]string{floorAttribute: who})
}

// agent tells how far an answer has been spoken: one stream, which grows.
func (t *captions) agent(turn int64, spoken string) {
	if t.stream != "" && (turn != t.turn || !strings.HasPrefix(spoken, t.sent)) {
		t.finish()
	}
	if t.stream == "" {
		t.stream, t.sent, t.chunks = uuid.NewString(), "", 0
		if turn != t.turn {
			t.segment, t.turn = fmt.Sprintf("SG_%s_%d", t.call.conversation.ID(), turn), turn
		}
		t.send("", opened(t.stream, transcriptionTopic, attributes(t.segment, t.call.voice(), false)))
	}
	if more := spoken[len(t.sent):]; more != "" {
		t.send("", written(t.stream, more, t.chunks))
		t.sent = spoken
		t.chunks++
		t.plain(t.call.room.LocalParticipant.Identity(), spoken, t.segment, t.call.voice(), false)
	}
}

// finish ends the stream of an answer.
func (t *captions) finish() {
	if t.stream != "" {
		t.send("", shut(t.stream, map[string]string{finalAttribute: "true"}))
		t.plain(t.call.room.LocalParticipant.Identity(), t.sent, t.segment, t.call.voice(), true)
		t.stream = ""
	}
}

func attributes(segment, track string, final bool) map[string]string {
	a := map[string]string{segmentAttribute: segment, finalAttribute: fmt.Sprint(final)}
	if track != "" {
		a[trackAttribute] = track
	}
	return a
}

// send sends a packet in the name of a participant, the agent for "".
func (t *captions) send(from string, p *lk.DataPacket) {
	p.ParticipantIdentity = from
	if err := t.call.publish(p); err != nil {
		t.call.log.Debug("telling the room", "error", err)
	}
}

// floor is who has the floor; the lock is held.
func (c *call) floor() string {
	if c.aside {
		return floorStaff
	}
	return floorAgent
}

// tellAnew tells a room that the agent has joined anew what the agent does and who has
// the floor: it knows what the token says, which is older.
func (c *call) tellAnew() {
	c.mu.Lock()
	untold, state, floor, shopper := c.untold, c.state, c.floor(), c.shopper
	c.untold = false
	c.mu.Unlock()
	if untold {
		c.room.LocalParticipant.SetAttributes(map[string]string{stateAttribute: states[state], floorAttribute: floor, shopperAttribute: shopper})
	}
}
