package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"parley/agent"
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
		if s.goesOn { // it was asked for with another call's output
			s.surplus++
			s.handOver()
		}
		return nil
	}
	if len(s.waiting) == maxWaiting {
		return refuse("item", "%d items wait for a response already; ask for one.", maxWaiting)
	}
	if len(files) > 0 {
		if s.looking == maxLooking {
			return refuse("item", "the photos of %d items are being looked at already.", maxLooking)
		}
		it.ready = false
		s.look(ctx, it, files, m.EventID)
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
	played := time.Duration(min(m.AudioEndMS, maxPlayed)) * time.Millisecond
	if s.response != nil && s.response.message == it {
		s.truncated = told // once the item holds what was heard
		if s.earlier != "" {
			return s.silence(ctx) // the time counts from the newest message, not from the turn's first
		}
		_, _, err := s.conversation.CutShort(ctx, s.turn, played)
		return err
	}
	if it.turn != 0 {
		heard, ok, err := s.conversation.CutShort(ctx, it.turn, played)
		if err != nil {
			return err
		}
		if ok && len(it.Content) > 0 && it.Content[0].Transcript != heard {
			it.Content[0].Transcript, it.Status = heard, "incomplete"
		}
	}
	s.emit("conversation.item.truncated", told)
	return nil
}

// maxPlayed bounds the sound that a client may say it has played, in milliseconds.
const maxPlayed = 1 << 30

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
	case s.settings.detection != nil:
		return refuse("type", "the agent finds the ends of turns by itself; set turn_detection to null to do it yourself.")
	}
	if !s.ready(ctx, cause) {
		return nil // told
	}
	if s.sound == nil { // the conversation has heard it
		spoke, err := s.conversation.Commit(ctx)
		if err == nil && !spoke {
			err = impossible(emptyBuffer, "nobody has spoken.")
		}
		s.committed = s.committed || spoke
		return err
	}
	pcm := s.sound.takeAll()
	const least = 1600 // samples: 100 ms
	if len(pcm) < least {
		return impossible(emptyBuffer, "there have to be at least 100 ms of sound.")
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

// takeRecognised takes the words of a committed utterance, or what is in photos.
func (s *session) takeRecognised(ctx context.Context, h recognised) {
	h.item.ready = true
	switch {
	case h.photos:
		s.looking--
		if ctx.Err() != nil {
			return // the client has gone
		}
		h.item.images = h.images
		if h.err != nil {
			s.fail(h.cause, wrongRequest, "invalid_value", "item.content", s.protocol.hall.Explain(ctx, h.err).Detail)
			if s.items.find(h.item.ID) == h.item {
				_ = s.deleteItem(h.item.ID) // it is there
			}
		}
	case h.err != nil:
		s.protocol.log.Warn("recognition failed", "session", s.settings.wire.ID, "err", h.err)
		s.emit("conversation.item.input_audio_transcription.failed", map[string]any{"item_id": h.item.ID, "content_index": 0,
			"error": map[string]any{"type": "server_error", "code": "transcription_failed", "message": "What was said could not be recognised."}})
	default:
		h.item.text = h.text
		h.item.Content[0].Transcript = h.text
		s.transcribed(h.item)
	}
	s.respondLate(ctx)
}

// respondLate gives the response that was asked for before all was known.
func (s *session) respondLate(ctx context.Context) {
	if s.create {
		s.create = false
		if err := s.respond(ctx, command{}); err != nil {
			s.fail("", wrongRequest, "invalid_value", "", err.Error())
		}
	}
}

// transcribed tells the words of an item of sound.
func (s *session) transcribed(it *item) {
	if !s.settings.transcribes() {
		return
	}
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
		s.goesOn = s.live
		if s.response == nil {
			s.open()
		}
		s.handOver()
		if !s.live { // their turn is over; the next one will know of them
			s.finish(agent.TurnEnded{Cause: agent.CauseDone})
		}
		return nil
	}
	if s.committed {
		s.create = true
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
		if s.surplus > 0 { // it was answered with the other outputs
			s.surplus--
			if s.response == nil {
				s.open()
				s.finish(agent.TurnEnded{Cause: agent.CauseDone})
			}
			return nil
		}
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
