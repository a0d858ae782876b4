package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"parley/audio"
	"parley/llm"
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
		Instructions     string          `json:"instructions"`
		Conversation     string          `json:"conversation"`
		Input            json.RawMessage `json:"input"`
		OutputModalities []string        `json:"output_modalities"`
	} `json:"response"`
}

// crossing is how long after a response's end a client may not know of it yet.
const crossing = 2 * time.Second

const wrongRequest = "invalid_request_error"

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
		param := ""
		if wrong, ok := errors.AsType[*settingError](err); ok {
			param = wrong.param
		}
		s.fail(m.EventID, wrongRequest, "invalid_value", param, err.Error())
	}
}

// obey does one event; an error is the client's to mend.
func (s *session) obey(ctx context.Context, m command) error {
	switch m.Type {
	case "session.update":
		return s.change(m.Session)
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
		if s.sound == nil {
			return refuse("type", "over WebRTC the sound is not in the client's hands.")
		}
		s.sound.clear()
		s.emit("input_audio_buffer.cleared", nil)
		return nil
	case "response.create":
		if m.Response.Conversation == "none" || len(m.Response.Input) > 0 {
			return refuse("response", "every response belongs to the conversation; conversation and input cannot be chosen.")
		}
		return s.respond(ctx, m)
	case "response.cancel":
		if s.response == nil {
			if time.Since(s.ended) > crossing { // else the two have crossed on their way
				s.fail(m.EventID, wrongRequest, "response_cancel_not_active", "", "There is no response to cancel.")
			}
			return nil
		}
		return s.silence(ctx)
	case "output_audio_buffer.clear":
		if s.sound != nil {
			return refuse("type", "over WebSocket the client has the sound: it stops it and truncates the item.")
		}
		return s.silence(ctx)
	default:
		return refuse("type", "%q is no event of a client's.", m.Type)
	}
}

// change updates the session. What the conversation was begun with stays.
func (s *session) change(asked json.RawMessage) error {
	next := *s.settings
	if err := next.update(asked); err != nil {
		return err
	}
	switch begun := s.begin == nil; {
	case s.sound == nil && next.detection == nil:
		return refuse("session.audio.input.turn_detection", "over WebRTC the agent hears all the time; push to talk is served over WebSocket.")
	case s.sound == nil && !next.speaks():
		return refuse("session.output_modalities", "over WebRTC answers are spoken.")
	case begun && (next.detection == nil) != (s.settings.detection == nil):
		return refuse("session.audio.input.turn_detection", "it cannot change between null and detection once there was sound.")
	case s.box == nil && begun && len(next.wire.Tools) > 0:
		return refuse("session.tools", "this call was not begun by a client of this protocol; make it with a client secret or with a session.")
	}
	before := s.settings.speaks()
	*s.settings = next
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

// createItem takes a message to be answered, or the output of a call.
func (s *session) createItem(ctx context.Context, m command) error {
	it, files, err := readItem(m.Item)
	if err != nil {
		return err
	}
	if s.items.find(it.ID) != nil {
		return refuse("item.id", "there is an item %q already.", it.ID)
	}
	if it.Type == "function_call_output" {
		if _, ok := s.calls[it.CallID]; !ok {
			return refuse("item.call_id", "no call %q waits for its output.", it.CallID)
		}
		s.outputs[it.CallID] = it.Output
		s.added(it)
		return nil
	}
	if len(s.waiting) == maxWaiting {
		return refuse("item", "%d items wait for a response already; ask for one.", maxWaiting)
	}
	if len(files) > 0 {
		if it.images, err = s.protocol.hall.Look(ctx, files); err != nil {
			return errors.New(s.protocol.hall.Explain(ctx, err).Detail)
		}
	}
	s.waiting = append(s.waiting, it)
	s.added(it)
	return nil
}

// added tells of an item that is whole.
func (s *session) added(it *item) {
	previous := s.items.add(it)
	for _, kind := range []string{"conversation.item.added", "conversation.item.created", "conversation.item.done"} {
		s.emit(kind, map[string]any{"item": it, "previous_item_id": previous})
	}
}

// deleteItem takes back what no response has answered. What was said was said.
func (s *session) deleteItem(id string) error {
	it := s.items.find(id)
	if it == nil {
		return refuse("item_id", "there is no item %q, or it is forgotten.", id)
	}
	i := slices.Index(s.waiting, it)
	if i < 0 {
		return refuse("item_id", "%q is part of the conversation already: what was said stays said.", id)
	}
	s.waiting = slices.Delete(s.waiting, i, i+1)
	s.items.remove(it)
	s.emit("conversation.item.deleted", map[string]any{"item_id": id})
	return nil
}

// truncate stops an answer of which the client has played only a part. How much was
// heard the agent knows by itself: it sends the sound in the time that it takes.
func (s *session) truncate(ctx context.Context, m command) error {
	it := s.items.find(m.ItemID)
	switch {
	case it == nil:
		return refuse("item_id", "there is no item %q, or it is forgotten.", m.ItemID)
	case it.Role != "assistant":
		return refuse("item_id", "%q is no answer of the agent's.", m.ItemID)
	case m.AudioEndMS < 0:
		return refuse("audio_end_ms", "it cannot be negative.")
	}
	told := map[string]any{"item_id": m.ItemID, "content_index": m.ContentIndex, "audio_end_ms": m.AudioEndMS}
	if s.response != nil && s.response.message == it {
		s.truncated = told // once the item holds what was heard
		return s.silence(ctx)
	}
	s.emit("conversation.item.truncated", told)
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

// commit ends the caller's utterance in push to talk.
func (s *session) commit(ctx context.Context, cause string) error {
	switch {
	case s.sound == nil:
		return refuse("type", "over WebRTC the agent finds the ends of turns by itself.")
	case s.settings.detection != nil:
		return refuse("type", "the agent finds the ends of turns by itself; set turn_detection to null to do it yourself.")
	}
	if !s.ready(ctx, cause) {
		return nil // told
	}
	pcm := s.sound.takeAll()
	const least = 1600 // samples: 100 ms
	if len(pcm) < least {
		return refuse("type", "there have to be at least 100 ms of sound.")
	}
	// A recogniser wants the quiet around words that a button cuts off.
	quiet := make([]int16, audio.HearRate/5)
	pcm = slices.Concat(quiet, pcm, quiet)
	it := &item{ID: newID("item"), Object: "realtime.item", Type: "message", Status: "completed", Role: "user", Content: []content{{Type: "input_audio"}}}
	s.waiting = append(s.waiting, it)
	s.emit("input_audio_buffer.committed", map[string]any{"item_id": it.ID, "previous_item_id": s.lastID()})
	s.added(it)
	s.recognise(ctx, it, pcm)
	return nil
}

func (s *session) lastID() any {
	if n := len(s.items.items); n > 0 {
		return s.items.items[n-1].ID
	}
	return nil
}

// takeRecognised takes the words of a committed utterance.
func (s *session) takeRecognised(ctx context.Context, h recognised) {
	h.item.ready = true
	if h.err != nil {
		s.protocol.log.Warn("recognition failed", "session", s.settings.wire.ID, "err", h.err)
		s.emit("conversation.item.input_audio_transcription.failed", map[string]any{"item_id": h.item.ID, "content_index": 0,
			"error": map[string]any{"type": "server_error", "code": "transcription_failed", "message": "What was said could not be recognised.", "param": nil}})
	} else {
		h.item.text = h.text
		h.item.Content[0].Transcript = h.text
		s.transcribed(h.item)
	}
	if s.create {
		s.create = false
		if err := s.respond(ctx, command{}); err != nil {
			s.fail("", wrongRequest, "invalid_value", "", err.Error())
		}
	}
}

// transcribed tells the words of an item of sound.
func (s *session) transcribed(it *item) {
	text := it.Content[0].Transcript
	s.emit("conversation.item.input_audio_transcription.delta", map[string]any{"item_id": it.ID, "content_index": 0, "delta": text})
	s.emit("conversation.item.input_audio_transcription.completed", map[string]any{"item_id": it.ID, "content_index": 0, "transcript": text,
		"usage": map[string]any{"type": "duration", "seconds": 0}})
}

// respond has the agent answer what waits: outputs of calls first, then what the caller
// put in. With nothing at all, and nothing said yet, it greets.
func (s *session) respond(ctx context.Context, m command) error {
	if !s.ready(ctx, m.EventID) {
		return nil // told
	}
	if len(s.outputs) > 0 {
		s.turnGoesOn()
		for id, output := range s.outputs {
			s.calls[id].output <- output // it has room for the one
			delete(s.calls, id)
			delete(s.outputs, id)
		}
		return nil
	}
	if slices.ContainsFunc(s.waiting, func(it *item) bool { return !it.ready }) {
		s.create = true
		return nil
	}
	var texts []string
	var images []llm.Image
	for _, it := range s.waiting {
		it.used = true
		images = append(images, it.images...)
		if it.Role == "system" {
			s.settings.wire.Instructions = clip(s.settings.wire.Instructions+"\n"+it.text, maxInstructions)
			s.apply()
		} else if it.text != "" {
			texts = append(texts, it.text)
		}
	}
	s.waiting = nil
	if len(texts) == 0 && len(images) == 0 {
		if s.turn > 0 {
			return refuse("type", "there is nothing new to answer.")
		}
		return s.conversation.Greet(ctx)
	}
	_, err := s.conversation.Show(ctx, strings.Join(texts, "\n"), images...)
	return err
}

// clip keeps the end of a text that has grown too long.
func clip(text string, most int) string {
	if len(text) > most {
		text = strings.ToValidUTF8(text[len(text)-most:], "")
	}
	return text
}
