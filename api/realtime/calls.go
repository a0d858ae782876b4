package realtime

import (
	"parley/agent"
	"parley/tools/clienttool"
)

// call tells the client of a call of one of its tools.
func (s *session) call(c *clienttool.Call) {
	if s.told == s.begun { // what came before it in the turn is still to be told
		s.early = append(s.early, c)
		return
	}
	s.told++
	s.goesOn = false
	s.calls[c.ID] = c
	r := s.response
	if r == nil {
		r = s.open()
	}
	it := &item{ID: newID("item"), Object: "realtime.item", Type: "function_call", Status: "in_progress", CallID: c.ID, Name: c.Name}
	index := len(r.outputs)
	if r.message != nil && r.message.Status == "in_progress" {
		s.replyDone(agent.ReplyDone{Text: r.text.String()})
		s.voiced = r
		s.earlier += " " + r.text.String()
		index++
	}
	previous := s.items.add(it)
	at := func(fields map[string]any) map[string]any {
		fields["response_id"], fields["item_id"], fields["output_index"], fields["call_id"] = r.id, it.ID, index, c.ID
		return fields
	}
	s.emit("response.output_item.added", map[string]any{"response_id": r.id, "output_index": index, "item": it})
	s.emit("conversation.item.added", map[string]any{"item": it, "previous_item_id": previous})
	s.emit("conversation.item.created", map[string]any{"item": it, "previous_item_id": previous})
	s.emit("response.function_call_arguments.delta", at(map[string]any{"delta": c.Arguments}))
	it.Arguments, it.Status = c.Arguments, "completed"
	s.emit("response.function_call_arguments.done", at(map[string]any{"name": c.Name, "arguments": c.Arguments}))
	s.itemDone(it)
	s.settling.Reset(settle)
}

// callsMade closes the response that consists of calls: the client's outputs come next.
func (s *session) callsMade() {
	if s.told < s.begun || s.response == nil || s.goesOn {
		return
	}
	s.finish(agent.TurnEnded{Cause: agent.CauseDone})
}

// handOver gives the agent the outputs that have come.
func (s *session) handOver() {
	for id, output := range s.outputs {
		s.calls[id].Answer(output)
		delete(s.calls, id)
		delete(s.outputs, id)
	}
}
