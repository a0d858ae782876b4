package agent

import (
	"strings"
	"testing"
	"time"

	"parley/llm"
)

// lastAnswer is the newest answer in what the brain was given last.
func lastAnswer(w *world) (m llm.Message) {
	requests := w.brain.requests()
	for _, one := range requests[len(requests)-1].Messages {
		if one.Role == llm.Assistant {
			m = one
		}
	}
	return m
}

// A client that keeps sound ahead says how much of it was played.
func TestWhatAClientHasNotPlayedWasNotHeard(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		startStory(w) // two seconds of it went out
		heard, ok, err := w.conv.CutShort(t.Context(), 1, time.Second)
		if err != nil || !ok || !strings.HasPrefix(long, heard) || heard == "" {
			t.Fatalf("%q, %v, %v", heard, ok, err)
		}
		w.until("the end", time.Second, w.has("reply.done", `"heard":"`+heard+`"`, `"interrupted":true`))
		w.speak("and now?", 500*time.Millisecond)
		w.until("the answer", 3*time.Second, w.has("turn.ended", "done"))
		if m := lastAnswer(w); m.Text != heard || !m.Interrupted {
			t.Errorf("the brain was told %+v", m)
		}
	})
}

func TestAnAnswerIsCutAfterItsEnd(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		telling(w)
		w.speak("tell me?", 500*time.Millisecond)
		w.until("the end", 20*time.Second, w.has("turn.ended", "done"))
		if _, ok, _ := w.conv.CutShort(t.Context(), 7, 0); ok {
			t.Error("there is no such turn")
		}
		if heard, ok, _ := w.conv.CutShort(t.Context(), 1, time.Hour); !ok || heard != long {
			t.Errorf("all was played: %q", heard)
		}
		heard, ok, err := w.conv.CutShort(t.Context(), 1, time.Second)
		if err != nil || !ok || heard == "" || heard == long || !strings.HasPrefix(long, heard) {
			t.Fatalf("%q, %v, %v", heard, ok, err)
		}
		w.speak("and now?", 500*time.Millisecond)
		w.until("the answer", 5*time.Second, w.has("turn.ended", `"turn":2`, "done"))
		if m := lastAnswer(w); m.Text != heard || !m.Interrupted {
			t.Errorf("the brain was told %+v", m)
		}
		if heard, ok, _ = w.conv.CutShort(t.Context(), 2, 0); !ok || heard != "" {
			t.Errorf("nothing was played: %q, %v", heard, ok)
		}
	})
}
