package realtime

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"parley/agent"
)

// response is one answer of the agent as the protocol tells of it: a message, or calls
// of the client's tools, or both. A turn in which the client's tools are called has
// several.
type response struct {
	id      string
	message *item
	index   int // of the message among the outputs
	text    strings.Builder
	outputs []*item
	spoken  bool // the message is sound
	sounded bool // some of it was sent
	silent  bool // its sound has ended
	// metadata is what the client has repeated with it.
	metadata json.RawMessage
}

// utterance is what the caller is saying.
type utterance struct {
	item string // "" when there is none
	at   time.Duration
	end  time.Duration
	told bool // speech_started was sent
	over bool // it has stopped
}

// tell translates an event of the conversation.
func (s *session) tell(ctx context.Context, e agent.Envelope) {
	switch event := e.Event.(type) {
	case agent.SpeechStarted:
		s.utterance = utterance{item: newID("item"), at: e.At}
		// While the agent speaks it may be a cough: the agent is silent by itself, and a
		// client that is told would throw away what is left of the answer.
		if s.response == nil || !s.response.sounded || !s.settings.interrupts() {
			s.speechStarted()
		}
	case agent.CallerSilent:
		s.emit("input_audio_buffer.timeout_triggered", map[string]any{
			"audio_start_ms": max(e.At.Milliseconds()-event.After, 0), "audio_end_ms": e.At.Milliseconds(), "item_id": newID("item"),
		})
	case agent.SpeechStopped:
		s.utterance.over, s.utterance.end = true, e.At
		if s.utterance.told {
			s.speechStopped()
		}
	case agent.Resumed:
		s.utterance = utterance{}
	case agent.UserSaid:
		if event.Source == "voice" {
			s.userSaid(event)
		}
	case agent.Understood:
		s.understood(ctx, event)
	case agent.TurnStarted:
		once := s.once // is for this turn
		s.finish(agent.TurnEnded{Cause: agent.CauseSuperseded})
		s.once = once
		s.turn, s.live, s.committed = e.Turn, true, false
		s.open()
	case agent.StateChanged:
		if event.State == agent.Speaking && s.response != nil && s.sound == nil {
			s.response.sounded = true
			s.emit("output_audio_buffer.started", map[string]any{"response_id": s.response.id})
		}
	case agent.ReplyText:
		s.replyText(event.Text)
	case agent.ReplyDone:
		s.replyDone(event)
	case agent.ToolStarted:
		if s.box != nil && s.box.Runs(event.Name) {
			s.begun++
			if len(s.early) > 0 {
				c := s.early[0]
				s.early = s.early[1:]
				s.call(c)
			}
		}
	case agent.Usage:
		s.usage = event
	case agent.Failed:
		s.fail("", "server_error", event.Stage+"_failed", "", event.Message)
	case agent.TurnEnded:
		if u := s.utterance; u.item != "" && !u.told && (event.Cause == agent.CauseBargeIn || !u.over) {
			s.speechStarted()
			if u.over {
				s.speechStopped()
			}
		}
		s.finish(event)
		s.live, s.goesOn, s.voiced, s.earlier, s.begun, s.told, s.early = false, false, nil, "", 0, 0, nil
	}
}

func (s *session) speechStarted() {
	s.utterance.told = true
	s.emit("input_audio_buffer.speech_started", map[string]any{"audio_start_ms": s.utterance.at.Milliseconds(), "item_id": s.utterance.item})
}

func (s *session) speechStopped() {
	s.emit("input_audio_buffer.speech_stopped", map[string]any{"audio_end_ms": s.utterance.end.Milliseconds(), "item_id": s.utterance.item})
}

// userSaid tells of an utterance that the agent answers.
func (s *session) userSaid(event agent.UserSaid) {
	s.transcribed(s.spoke(event.Text))
}

// understood takes an utterance that the agent answers when the client asks it to.
func (s *session) understood(ctx context.Context, event agent.Understood) {
	s.committed = false
	if event.Text != "" && len(s.waiting) < maxWaiting {
		it := s.spoke(event.Text)
		it.text, it.ready = event.Text, true
		s.waiting = append(s.waiting, it)
		s.transcribed(it)
	}
	s.respondLate(ctx)
}

// spoke tells of the item that an utterance is.
func (s *session) spoke(text string) *item {
	id := s.utterance.item
	if id == "" || s.items.find(id) != nil {
		id = newID("item")
	}
	s.utterance = utterance{}
	it := &item{ID: id, Object: "realtime.item", Type: "message", Status: "completed", Role: "user", Content: []content{{Type: "input_audio", Transcript: text}}}
	s.emit("input_audio_buffer.committed", map[string]any{"item_id": id, "previous_item_id": s.lastID()})
	s.added(it)
	return it
}

// open begins a response.
func (s *session) open() *response {
	r := &response{id: newID("resp"), spoken: s.settings.speaks(), metadata: s.once.metadata}
	s.response = r
	s.emit("response.created", map[string]any{"response": s.wireResponse("in_progress", nil)})
	s.emit("rate_limits.updated", map[string]any{"rate_limits": []any{}})
	return r
}

// wireResponse is the response as it stands in messages.
func (s *session) wireResponse(status string, details any) map[string]any {
	outputs := s.response.outputs
	if outputs == nil {
		outputs = []*item{}
	}
	told := map[string]any{
		"object": "realtime.response", "id": s.response.id, "status": status, "status_details": details, "output": outputs,
		"output_modalities": s.settings.wire.OutputModalities, "audio": map[string]any{"output": s.settings.wire.Audio.Output},
		"conversation_id": nil, "metadata": s.response.metadata, "max_output_tokens": s.settings.wire.MaxOutputTokens, "usage": nil,
	}
	if status != "in_progress" {
		told["usage"] = map[string]any{
			"total_tokens": s.usage.Input + s.usage.Output, "input_tokens": s.usage.Input, "output_tokens": s.usage.Output,
			"input_token_details":  map[string]any{"text_tokens": s.usage.Input, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": s.usage.CachedInput},
			"output_token_details": map[string]any{"text_tokens": s.usage.Output, "audio_tokens": 0},
		}
	}
	return told
}

// at are the fields that place a part of the message.
func (r *response) at(fields map[string]any) map[string]any {
	fields["response_id"], fields["item_id"], fields["output_index"], fields["content_index"] = r.id, r.message.ID, r.index, 0
	return fields
}

// writing is the response whose message is being written, which it begins if need be.
func (s *session) writing() *response {
	r := s.response
	if r == nil {
		r = s.open()
	}
	if r.message == nil {
		r.index = len(r.outputs)
		r.message = &item{ID: newID("item"), Object: "realtime.item", Type: "message", Status: "in_progress", Role: "assistant", Content: []content{}, turn: s.turn}
		previous := s.items.add(r.message)
		s.emit("response.output_item.added", map[string]any{"response_id": r.id, "output_index": r.index, "item": r.message})
		s.emit("conversation.item.added", map[string]any{"item": r.message, "previous_item_id": previous})
		s.emit("conversation.item.created", map[string]any{"item": r.message, "previous_item_id": previous})
		s.emit("response.content_part.added", r.at(map[string]any{"part": r.part("").told()}))
	}
	return r
}

// part is the message's content with this text.
func (r *response) part(text string) content {
	if r.spoken {
		return content{Type: "output_audio", Transcript: text}
	}
	return content{Type: "output_text", Text: text}
}

// told is the content as a part of its own: there its type has another name.
func (c content) told() content {
	c.Type = strings.TrimPrefix(c.Type, "output_")
	return c
}

func (s *session) replyText(text string) {
	r := s.writing()
	r.text.WriteString(text)
	kind := "response.output_text.delta"
	if r.spoken {
		kind = "response.output_audio_transcript.delta"
	}
	s.emit(kind, r.at(map[string]any{"delta": text}))
}

// speak sends a piece of the agent's voice.
func (s *session) speak(pcm []int16) {
	r := s.response
	switch {
	case (r == nil || r.message == nil || r.silent) && s.voiced != nil:
		r = s.voiced // what was said before a call sounds on while the client sees to that
	case r == nil || r.silent:
		return // the fade after a cut
	default:
		r = s.writing()
	}
	r.sounded = true
	s.emit("response.output_audio.delta", r.at(map[string]any{"delta": base64.StdEncoding.EncodeToString(s.sound.encode(pcm))}))
}

// replyDone closes the message. Of an answer that was cut off it holds what was heard.
func (s *session) replyDone(event agent.ReplyDone) {
	r := s.response
	if r == nil || (r.message == nil && event.Text == "") {
		return
	}
	s.writing()
	text := event.Text
	if s.earlier != "" {
		text = strings.TrimSpace(r.text.String())
	}
	r.message.Status = "completed"
	if event.Interrupted {
		text, r.message.Status = wordsAfter(event.Heard, s.earlier), "incomplete"
	}
	r.silent = true
	part := r.part(text)
	r.message.Content = []content{part}
	if r.spoken {
		if s.sound != nil {
			s.emit("response.output_audio.done", r.at(map[string]any{}))
		}
		s.emit("response.output_audio_transcript.done", r.at(map[string]any{"transcript": text}))
	} else {
		s.emit("response.output_text.done", r.at(map[string]any{"text": text}))
	}
	s.emit("response.content_part.done", r.at(map[string]any{"part": part.told()}))
	s.itemDone(r.message)
}

// wordsAfter is a text without the words of what was said before.
func wordsAfter(text, before string) string {
	words := strings.Fields(text)
	return strings.Join(words[min(len(words), len(strings.Fields(before))):], " ")
}

func (s *session) itemDone(it *item) {
	r := s.response
	s.emit("response.output_item.done", map[string]any{"response_id": r.id, "output_index": len(r.outputs), "item": it})
	s.emit("conversation.item.done", map[string]any{"item": it, "previous_item_id": it.previous})
	r.outputs = append(r.outputs, it)
}

// finish closes the response under way as its turn ended.
func (s *session) finish(ended agent.TurnEnded) {
	r := s.response
	if r == nil {
		return
	}
	if r.message != nil && r.message.Status == "in_progress" {
		s.replyDone(agent.ReplyDone{Text: r.text.String(), Heard: r.text.String()})
	}
	if s.truncated != nil {
		s.emit("conversation.item.truncated", s.truncated)
		s.truncated = nil
	}
	status, details := "completed", any(nil)
	switch ended.Cause {
	case agent.CauseDone:
	case agent.CauseFailed:
		status, details = "failed", map[string]any{"type": "failed", "error": map[string]any{"type": "server_error", "code": "engine_failed"}}
	case agent.CauseBargeIn, agent.CauseSuperseded:
		status, details = "cancelled", map[string]any{"type": "cancelled", "reason": "turn_detected"}
	default:
		status, details = "cancelled", map[string]any{"type": "cancelled", "reason": "client_cancelled"}
	}
	if s.sound == nil && r.sounded {
		kind := "output_audio_buffer.stopped"
		if status == "cancelled" {
			kind = "output_audio_buffer.cleared"
		}
		s.emit(kind, map[string]any{"response_id": r.id})
	}
	s.emit("response.done", map[string]any{"response": s.wireResponse(status, details)})
	s.response, s.usage, s.ended = nil, agent.Usage{}, time.Now()
	if s.once.instructions != "" || s.once.metadata != nil {
		s.once = wish{}
		s.apply()
	}
}
