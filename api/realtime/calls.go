package realtime

import "parley/agent"

// call tells the client of a call of one of its tools.
func (s *session) call(c *functionCall) {
	s.pending--
	s.calls[c.id] = c
	r := s.response
	if r == nil {
		r = s.open()
	}
	it := &item{ID: newID("item"), Object: "realtime.item", Type: "function_call", Status: "in_progress", CallID: c.id, Name: c.name}
	index := len(r.outputs)
	if r.message != nil && r.message.Status == "in_progress" {
		s.replyDone(agent.ReplyDone{Text: r.text.String()})
		index++
	}
	previous := s.items.add(it)
	at := func(fields map[string]any) map[string]any {
		fields["response_id"], fields["item_id"], fields["output_index"], fields["call_id"] = r.id, it.ID, index, c.id
		return fields
	}
	s.emit("response.output_item.added", map[string]any{"response_id": r.id, "output_index": index, "item": it})
	s.emit("conversation.item.added", map[string]any{"item": it, "previous_item_id": previous})
	s.emit("conversation.item.created", map[string]any{"item": it, "previous_item_id": previous})
	s.emit("response.function_call_arguments.delta", at(map[string]any{"delta": c.arguments}))
	it.Arguments, it.Status = c.arguments, "completed"
	s.emit("response.function_call_arguments.done", at(map[string]any{"name": c.name, "arguments": c.arguments}))
	s.itemDone(it)
	s.settling.Reset(settle)
}

// callsMade closes the response that consists of calls: the client's outputs come next.
func (s *session) callsMade() {
	if s.pending != 0 || s.response == nil {
		return
	}
	s.finish(agent.TurnEnded{Cause: agent.CauseDone})
}

// callsEnd has the calls that nobody will answer any more fail.
func (s *session) callsEnd() {
	for id, c := range s.calls {
		close(c.output)
		delete(s.calls, id)
	}
	for {
		select {
		case c := <-s.wanted:
			close(c.output)
		default:
			return
		}
	}
}

// turnGoesOn begins the response in which the agent uses the outputs.
func (s *session) turnGoesOn() {
	if s.response == nil {
		s.open()
	}
}
