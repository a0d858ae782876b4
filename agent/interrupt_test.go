package agent

import (
	"testing"
	"time"
)

// What a recogniser makes of a hum is no interruption, whatever the words; short
// words that people interrupt with are.
func TestShortWordsOverAnAnswer(t *testing.T) {
	for _, c := range []struct {
		said string
		for_ time.Duration
		cuts bool
	}{
		{"Them.", 250 * time.Millisecond, false},
		{"Mammoth.", 350 * time.Millisecond, false},
		{"And then they chum.", 400 * time.Millisecond, false},
		{"mm-hm", 600 * time.Millisecond, false},
		{"Wait.", 300 * time.Millisecond, true},
		{"No.", 250 * time.Millisecond, true},
		{"What?", 300 * time.Millisecond, true},
		{"And the kettle?", 600 * time.Millisecond, true},
	} {
		for _, partials := range []bool{false, true} {
			inBubble(t, defaults, func(t *testing.T, w *world) {
				w.lines.partials = partials
				startStory(w)
				w.speak(c.said, c.for_)
				w.until("the hold", 300*time.Millisecond, w.has("playout.held"))
				if c.cuts {
					w.until(c.said+" cutting the answer off", 2*time.Second, w.has("turn.ended", `"turn":1`, `"cause":"barge_in"`))
					return
				}
				w.until("the answer going on after "+c.said, 2*time.Second, w.has("playout.resumed"))
				w.until("the end", 8*time.Second, w.has("turn.ended"))
				if w.count("reply.done", `"heard":"`+long+`"`) != 1 || w.count("transcript.final") != 1 {
					t.Errorf("%q should have cost no word; events:\n%s", c.said, w.story())
				}
			})
		}
	}
}

// Hums in a row are as little an interruption as one: it is a voice that stays
// that needs no words.
func TestCoughsInARow(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		startStory(w)
		for range 4 {
			w.speak("", 280*time.Millisecond)
			w.quiet(300 * time.Millisecond)
		}
		w.until("the answer going on", 4*time.Second, w.has("playout.resumed"))
		w.until("the end", 8*time.Second, w.has("turn.ended"))
		if w.count("turn.ended", "done") != 1 || w.count("reply.done", `"heard":"`+long+`"`) != 1 {
			t.Errorf("events:\n%s", w.story())
		}
	})
}

func TestAShortWordBeforeTheAnswerSoundsBelongsToTheQuestion(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		w.brain.delay = 2 * time.Second
		w.speak("I want to return?", 500*time.Millisecond)
		w.until("it to think", 2*time.Second, w.has("turn.started"))
		w.speak("kettle", 300*time.Millisecond)
		w.until("the words to count", 2*time.Second, w.has("turn.ended", "barge_in"))
		w.until("the answer", 6*time.Second, w.has("turn.ended", "done"))
	})
}

func TestAShortWordAnswersAQuestion(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		telling(w)
		w.speak("do you have it?", 500*time.Millisecond)
		w.until("the question", 3*time.Second, w.sounds) // "You said do you have it?"
		w.pass(time.Second)
		w.speak("kettle", 300*time.Millisecond)
		w.until("the answer to it", 3*time.Second, w.has("transcript.final", "kettle"))
	})
}
