package agent

import (
	"testing"
	"time"
)

func TestOnlyAPressEndsATurn(t *testing.T) {
	inBubble(t, func(o *Options) { o.Tuning.Turns.Pressed, o.Tuning.Turns.Asked = true, true }, func(t *testing.T, w *world) {
		if spoke, err := w.conv.Commit(t.Context()); spoke || err != nil {
			t.Errorf("nobody has spoken: %v, %v", spoke, err)
		}
		w.speak("do you have a kettle?", 600*time.Millisecond)
		w.pass(5 * time.Second)
		if w.count("transcript.heard") != 0 {
			t.Errorf("silence has ended the turn:\n%s", w.story())
		}
		if spoke, err := w.conv.Commit(t.Context()); !spoke || err != nil {
			t.Errorf("%v, %v", spoke, err)
		}
		w.until("the words", 2*time.Second, w.has("transcript.heard", "kettle"))
		w.pass(2 * time.Second)
		if w.count("turn.started") != 0 || w.count("transcript.final") != 0 {
			t.Errorf("nobody has asked for an answer:\n%s", w.story())
		}
	})
}

func TestAPressWhileTheVoiceGoesOn(t *testing.T) {
	inBubble(t, func(o *Options) { o.Tuning.Turns.Pressed = true }, func(t *testing.T, w *world) {
		w.speak("do you have a kettle?", 600*time.Millisecond)
		w.pass(500 * time.Millisecond)
		if spoke, err := w.conv.Commit(t.Context()); !spoke || err != nil {
			t.Errorf("%v, %v", spoke, err)
		}
		w.until("the answer", 3*time.Second, w.has("turn.ended", "done"))
		if w.count("transcript.final", "kettle") != 1 {
			t.Errorf("events:\n%s", w.story())
		}
	})
}

func TestTurnsAreRetuned(t *testing.T) {
	inBubble(t, func(o *Options) { o.Tuning.Turns.Asked = true }, func(t *testing.T, w *world) {
		w.speak("do you have a kettle?", 600*time.Millisecond)
		w.until("the words", 2*time.Second, w.has("transcript.heard", "kettle"))
		if err := w.conv.Retune(t.Context(), DefaultTuning().Turns); err != nil {
			t.Fatal(err)
		}
		w.speak("do you have a lamp?", 600*time.Millisecond)
		w.until("the answer", 3*time.Second, w.has("turn.ended", "done"))
	})
}
