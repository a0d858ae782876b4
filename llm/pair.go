package llm

// Pair finds the results of each assistant message's calls, by the index of that
// message; nil where a result is missing. used are the indexes of the results
// that found their call. Servers may repeat an id from answer to answer, so a
// result belongs to the latest call of that id that has none.
func Pair(history []Message) (results map[int][]*Message, used map[int]bool) {
	results, used = map[int][]*Message{}, map[int]bool{}
	type place struct{ message, call int }
	open := map[string]place{}
	for i := range history {
		m := &history[i]
		switch m.Role {
		case Assistant:
			for j, c := range m.ToolCalls {
				open[c.ID] = place{i, j}
			}
			results[i] = make([]*Message, len(m.ToolCalls))
		case ToolRole:
			if p, ok := open[m.ToolCallID]; ok {
				results[p.message][p.call] = m
				used[i] = true
				delete(open, m.ToolCallID)
			}
		}
	}
	return results, used
}
