package agent

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestAnAnswerByTextAlone is asked for in the middle of a spoken one, and is not heard.
func TestAnAnswerByTextAlone(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		startStory(w)
		turn, err := w.conv.Write(context.Background(), "hello")
		if err != nil || turn != 2 {
			t.Fatalf("turn %d, %v", turn, err)
		}
		w.until("the answer", time.Second, w.has("reply.done", `"turn":2`, `"heard":"You said hello"`))
		w.pass(100 * time.Millisecond)
		if !w.has("reply.done", `"turn":1`, `"interrupted":true`)() || w.has("reply.spoken", `"turn":2`)() || w.sounds() {
			t.Errorf("events:\n%s", w.story())
		}
		w.speak("and now?", 500*time.Millisecond) // the next answer is spoken again
		w.until("its sound", 3*time.Second, w.sounds)
	})
}

// TestANote is not answered, cuts nothing off, and is known in the next turn.
func TestANote(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		startStory(w)
		if err := w.conv.Note(context.Background(), " my name is Maya "); err != nil {
			t.Fatal(err)
		}
		if err := w.conv.Note(context.Background(), "  "); err == nil {
			t.Error("an empty note is taken")
		}
		w.until("the note", time.Second, w.has("transcript.final", `"text":"my name is Maya"`, `"source":"text"`))
		w.pass(time.Second)
		if !w.sounds() || len(w.brain.requests()) != 1 {
			t.Errorf("the note was answered, or cut the answer off; events:\n%s", w.story())
		}
		if _, err := w.conv.Say(context.Background(), "who am I?"); err != nil {
			t.Fatal(err)
		}
		w.until("the answer", 3*time.Second, w.has("reply.done", `"turn":2`))
		if told := w.lastHistory(); !strings.Contains(told, "user: my name is Maya\n") {
			t.Errorf("the brain was told\n%s", told)
		}
	})
}
