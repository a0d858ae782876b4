package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"parley/agent"
)

// command is an event of a client's, with what any of them may hold.
type command struct {
	Type         string          `json:"type"`
	EventID      string          `json:"event_id"`
	Session      json.RawMessage `json:"session"`
	Item         json.RawMessage `json:"item"`
	ItemID       string          `json:"item_id"`
	ContentIndex int             `json:"content_index"`
	AudioEndMS   int64           `json:"audio_end_ms"`
	Audio        string          `json:"audio"`
	Response     struct {
		Instructions string          `json:"instructions"`
		Conversation string          `json:"conversation"`
		Input        json.RawMessage `json:"input"`
		Metadata     json.RawMessage `json:"metadata"`
	} `json:"response"`
}

// crossing is how long after a response's end a client may not know of it yet.
const crossing = 2 * time.Second

// maxMetadata bounds what a client has repeated with a response, in bytes.
const maxMetadata = 16 << 10

const (
	wrongRequest = "invalid_request_error"
	emptyBuffer  = "input_audio_buffer_commit_empty"
)

// take does what a client's message asks.
func (s *session) take(ctx context.Context, message []byte) {
	var m command
	if err := json.Unmarshal(message, &m); err != nil {
		s.fail("", wrongRequest, "invalid_json", "", "A message has to be a JSON object with the fields of its type: "+err.Error())
		return
	}
	if err := s.protocol.hall.Count(ctx, len(message)); err != nil {
		problem := s.protocol.hall.Explain(ctx, err)
		s.fail(m.EventID, "rate_limit_error", problem.Type, "", problem.Detail)
		return
	}
	if err := s.obey(ctx, m); err != nil {
		param, code := "", "invalid_value"
		if wrong, ok := errors.AsType[*settingError](err); ok {
			param, code = wrong.param, wrong.code
		}
		s.fail(m.EventID, wrongRequest, code, param, err.Error())
	}
}

// obey does one event; an error is the client's to mend.
func (s *session) obey(ctx context.Context, m command) error {
	switch m.Type {
	case "session.update":
		return s.change(ctx, m.Session)
	case "conversation.item.create":
		return s.createItem(ctx, m)
	case "conversation.item.retrieve":
		it := s.items.find(m.ItemID)
		if it == nil {
			return refuse("item_id", "there is no item %q, or it is forgotten.", m.ItemID)
		}
		s.emit("conversation.item.retrieved", map[string]any{"item": it})
		return nil
	case "conversation.item.delete":
		return s.deleteItem(m.ItemID)
	case "conversation.item.truncate":
		return s.truncate(ctx, m)
	case "input_audio_buffer.append":
		return s.append(ctx, m)
	case "input_audio_buffer.commit":
		return s.commit(ctx, m.EventID)
	case "input_audio_buffer.clear":
		if s.sound != nil {
			s.sound.clear()
		}
		s.emit("input_audio_buffer.cleared", nil)
		return nil
	case "response.create":
		if m.Response.Conversation == "none" || len(m.Response.Input) > 0 {
			return refuse("response", "every response belongs to the conversation; conversation and input cannot be chosen.")
		}
		if len(m.Response.Instructions) > maxInstructions || len(m.Response.Metadata) > maxMetadata {
			return refuse("response", "instructions may have %d bytes, and metadata %d.", maxInstructions, maxMetadata)
		}
		s.once = wish{m.Response.Instructions, m.Response.Metadata}
		s.apply()
		return s.respond(ctx, m)
	case "response.cancel":
		if s.response == nil {
			if time.Since(s.ended) < crossing { // the two have crossed on their way
				return nil
			}
			return impossible("response_cancel_not_active", "there is no response to cancel.")
		}
		return s.silence(ctx)
	case "output_audio_buffer.clear":
		if s.sound != nil {
			return refuse("type", "over WebSocket the client has the sound: it stops it and truncates the item.")
		}
		if s.response == nil {
			s.emit("output_audio_buffer.cleared", nil) // it is empty
			return nil
		}
		return s.silence(ctx)
	default:
		return refuse("type", "%q is no event of a client's.", m.Type)
	}
}

// change updates the session. What the conversation was begun with stays.
func (s *session) change(ctx context.Context, asked json.RawMessage) error {
	next := *s.settings
	if err := next.update(asked); err != nil {
		return err
	}
	switch begun := s.begin == nil; {
	case s.turns == agent.Turns{} && s.begin == nil && next.detection == nil:
		return refuse("session.audio.input.turn_detection", "this call was not begun by a client of this protocol; make it with a client secret or with a session.")
	case s.sound == nil && !next.speaks():
		return refuse("session.output_modalities", "over WebRTC answers are spoken.")
	case s.box == nil && begun && len(next.wire.Tools) > 0:
		return refuse("session.tools", "this call was not begun by a client of this protocol; make it with a client secret or with a session.")
	}
	before := s.settings.speaks()
	*s.settings = next
	if s.conversation != nil && s.turns != (agent.Turns{}) {
		if err := s.conversation.Retune(ctx, next.turns(s.turns)); err != nil {
			return err
		}
	}
	if s.sound != nil {
		if err := s.sound.use(next.wire.Audio.Input.Format, next.wire.Audio.Output.Format); err != nil {
			return err
		}
		if s.begin == nil && before != next.speaks() {
			s.sound.voice(next.speaks())
		}
	}
	s.apply()
	s.emit("session.updated", map[string]any{"session": s.settings.wire})
	return nil
}

// silence stops the answer under way.
func (s *session) silence(ctx context.Context) error {
	if s.conversation == nil {
		return nil
	}
	return s.conversation.Silence(ctx)
}

// append takes a piece of the caller's sound.
func (s *session) append(ctx context.Context, m command) error {
	if s.sound == nil {
		return refuse("type", "over WebRTC the sound comes by its track.")
	}
	if s.settings.detection != nil && !s.ready(ctx, m.EventID) {
		return nil // told
	}
	return s.sound.append(m.Audio, s.settings.detection == nil)
}
