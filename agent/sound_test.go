package agent

import (
	"testing"
	"time"

	"parley/audio"
)

// tape keeps what a conversation records.
type tape struct{ turns []Sound }

func (p *tape) Record(s Sound) { p.turns = append(p.turns, s) }

func length(pieces [][]int16) (d time.Duration) {
	for _, pcm := range pieces {
		d += time.Duration(len(pcm)) * time.Second / audio.SpeakRate
	}
	return d
}

// TestTurnsAreRecorded: what the caller said, and of the answer what was sent.
func TestTurnsAreRecorded(t *testing.T) {
	kept := &tape{}
	inBubble(t, func(o *Options) { o.Recorder = kept }, func(t *testing.T, w *world) {
		startStory(w)
		w.pass(time.Second)
		w.speak("Wait, and the kettle?", 900*time.Millisecond)
		w.until("the second answer", 8*time.Second, w.has("turn.ended", `"turn":2`, "done"))
		if _, err := w.conv.Say(t.Context(), "hello"); err != nil {
			t.Fatal(err)
		}
		w.until("the third answer", 8*time.Second, w.has("turn.ended", `"turn":3`, "done"))
		if w.count("conversation.started", `"recorded":true`) != 1 {
			t.Errorf("clients are not told:\n%s", w.story())
		}
	})
	if len(kept.turns) != 3 {
		t.Fatalf("%d turns are kept", len(kept.turns))
	}
	story, second, third := kept.turns[0], kept.turns[1], kept.turns[2]
	if said := length(story.Agent); story.Turn != 1 || said < time.Second || said > 3500*time.Millisecond {
		t.Errorf("of the story %v is kept, which was cut off before its end", said)
	}
	if heard := time.Duration(len(second.Caller)) * time.Second / audio.HearRate; second.Turn != 2 || heard < 900*time.Millisecond || heard > 1500*time.Millisecond {
		t.Errorf("of the caller %v is kept", heard)
	}
	if second.Pause < 100*time.Millisecond || second.Pause > time.Second || length(second.Agent) < time.Second {
		t.Errorf("after %v comes %v of the answer", second.Pause, length(second.Agent))
	}
	if third.Caller != nil || third.Pause != 0 || len(third.Agent) == 0 {
		t.Errorf("the answer to a text is kept as %d samples of the caller's, %v, %v", len(third.Caller), third.Pause, length(third.Agent))
	}
}
