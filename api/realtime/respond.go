package realtime

import (
	"context"
	"slices"
	"strings"

	"parley/agent"
	"parley/audio"
	"parley/llm"
)

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
