package realtime

import (
	"context"
	"slices"
	"time"
)

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
