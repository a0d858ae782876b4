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

// What is said over an answer that nothing may interrupt is answered after it.
func TestAnUninterruptedAnswer(t *testing.T) {
	inBubble(t, func(o *Options) { o.Tuning.Turns.Uninterrupted = true }, func(t *testing.T, w *world) {
		startStory(w)
		w.speak("mm-hm", 300*time.Millisecond)
		w.quiet(time.Second)
		w.speak("and the kettle?", 700*time.Millisecond)
		w.until("the second answer's beginning", 10*time.Second, w.has("turn.started", `"turn":2`))
		if w.count("playout.held") != 0 || w.count("turn.ended", `"turn":1`, "done") != 1 || w.count("reply.done", `"heard":"`+long+`"`) != 1 {
			t.Errorf("the first answer was not said to its end:\n%s", w.story())
		}
		w.until("the second answer's end", 5*time.Second, w.has("turn.ended", `"turn":2`, "done"))
		if w.count("transcript.final", "mm-hm") != 0 || w.count("transcript.final", "and the kettle?") != 1 {
			t.Errorf("events:\n%s", w.story())
		}
	})
}

// A caller who goes on speaking when the answer has ended is heard to their end.
func TestSpeechThatOutlastsAnUninterruptedAnswer(t *testing.T) {
	inBubble(t, func(o *Options) { o.Tuning.Turns.Uninterrupted = true }, func(t *testing.T, w *world) {
		startStory(w)
		w.until("the last words", 8*time.Second, w.has("reply.spoken", "thirteen"))
		w.speak("and what of the kettle?", 2*time.Second)
		if w.count("turn.started", `"turn":2`) != 0 {
			t.Errorf("the caller was cut off:\n%s", w.story())
		}
		w.until("the answer", 5*time.Second, w.has("turn.ended", `"turn":2`, "done"))
	})
}

// A silent caller is asked whether they are there: twice, and again once they have been.
func TestASilentCallerIsAsked(t *testing.T) {
	inBubble(t, func(o *Options) { o.Tuning.Turns.Idle = 5 * time.Second }, func(t *testing.T, w *world) {
		w.pass(20 * time.Second)
		if w.count("caller.silent") != 0 {
			t.Errorf("nobody has said anything yet:\n%s", w.story())
		}
		w.speak("do you have a kettle?", 600*time.Millisecond)
		w.until("the answer", 3*time.Second, w.has("turn.ended", `"turn":1`))
		w.pass(4500 * time.Millisecond)
		if w.count("caller.silent") != 0 {
			t.Errorf("it was asked too soon:\n%s", w.story())
		}
		w.pass(time.Minute)
		if w.count("caller.silent") != 2 || w.count("turn.ended", "done") != 3 {
			t.Errorf("events:\n%s", w.story())
		}
		w.speak("do you have a lamp?", 600*time.Millisecond)
		w.until("the answer", 3*time.Second, w.has("turn.ended", `"turn":4`))
		w.until("the question whether they are there", 10*time.Second, w.has("turn.ended", `"turn":5`))
	})
}

// A threshold that is asked for counts from the next stretch of speech on.
func TestTheEarIsTuned(t *testing.T) {
	inBubble(t, func(o *Options) { o.Tuning.Turns.Threshold = 0.99 }, func(t *testing.T, w *world) {
		w.speak("do you have a kettle?", 600*time.Millisecond)
		w.pass(3 * time.Second)
		if w.count("speech.started") != 0 {
			t.Errorf("the voice is not that certain:\n%s", w.story())
		}
		if err := w.conv.Retune(t.Context(), DefaultTuning().Turns); err != nil {
			t.Fatal(err)
		}
		w.speak("do you have a lamp?", 600*time.Millisecond)
		w.until("the answer", 3*time.Second, w.has("turn.ended", "done"))
	})
}
