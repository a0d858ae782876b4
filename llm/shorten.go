package llm

import "slices"

// Shorten leaves out the older half of what was said, for a model that cannot
// read it all: from the system message it goes on with something that the user
// said, so that no tool's result stands without its call. It reports false when
// nothing can be left out. r's own messages stay as they are.
func Shorten(r Request) (Request, bool) {
	head := 0
	for head < len(r.Messages) && r.Messages[head].Role == System {
		head++
	}
	rest := r.Messages[head:]
	last := -1 // where the newest words of the user stand: those must stay
	for i, m := range rest {
		if m.Role == User {
			last = i
		}
	}
	cut := 0
	for i := len(rest) / 2; i <= last; i++ {
		if rest[i].Role == User {
			cut = i
			break
		}
	}
	if cut == 0 {
		cut = max(last, 0) // half lies behind the last question: keep only from there
	}
	if cut == 0 {
		return r, false
	}
	r.Messages = slices.Concat(r.Messages[:head], rest[cut:])
	return r, true
}
