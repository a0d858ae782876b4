package agent

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/asr"
	"parley/llm"
	"parley/tools"
	"parley/tts"
)

// wild are engines that panic while they are told to.
type wild struct {
	*lines
	*brain
	*voice
	*bench
	*loudness
	rage string // which of them panics
}

func (w *wild) at(engine string) {
	if w.rage == engine {
		panic("a nil map, an index out of range: " + engine)
	}
}

type (
	wildLines    struct{ *wild }
	wildBrain    struct{ *wild }
	wildVoice    struct{ *wild }
	wildModel    struct{ *wild }
	wildDetector struct{ *wild }
)

func (w wildLines) Transcribe(ctx context.Context, u asr.Utterance) (asr.Transcript, error) {
	w.at("recogniser")
	return w.lines.Transcribe(ctx, u)
}

func (w wildBrain) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		w.at("brain")
		for d, err := range w.brain.Generate(ctx, r) {
			if !yield(d, err) {
				return
			}
			w.at("brain in mid-answer")
		}
	}
}

func (w wildVoice) Speak(ctx context.Context, r tts.Request) iter.Seq2[[]int16, error] {
	return func(yield func([]int16, error) bool) {
		w.at("voice")
		for pcm, err := range w.voice.Speak(ctx, r) {
			if !yield(pcm, err) {
				return
			}
			w.at("voice in mid-clause")
		}
	}
}

func (w wildModel) Complete(context.Context, []int16) (float32, error) {
	w.at("turn model")
	return 1, nil
}

func (w wildDetector) Probability(window []float32) float32 {
	w.at("detector")
	return w.loudness.Probability(window)
}

// newWild puts engines that can panic into a conversation.
func newWild(w *wild, spare tts.Voice) func(*Options) {
	return func(o *Options) {
		w.lines, w.brain, w.voice = o.Engines.Recognizer.(*lines), o.Engines.Brain.(*brain), o.Engines.Voice.(*voice)
		w.bench, w.loudness = o.Engines.Tools.(*bench), o.Engines.Detector.(*loudness)
		o.Engines.Recognizer, o.Engines.Brain, o.Engines.Voice, o.Engines.TurnModel, o.Engines.Detector, o.Engines.Spare = wildLines{w}, wildBrain{w}, wildVoice{w}, wildModel{w}, wildDetector{w}, spare
	}
}

func TestAnEngineThatPanicsCostsATurn(t *testing.T) {
	for engine, stage := range map[string]string{
		"recogniser": "recognition", "brain": "generation", "brain in mid-answer": "generation", "voice": "synthesis", "voice in mid-clause": "synthesis",
	} {
		t.Run(engine, func(t *testing.T) {
			engines := &wild{rage: engine}
			inBubble(t, newWild(engines, &voice{}), func(t *testing.T, w *world) {
				w.speak("hello there?", 500*time.Millisecond)
				w.until("the apology", 12*time.Second, w.has("turn.ended", `"cause":"failed"`))
				if w.count("error", stage) != 1 || w.count("reply.done", "Sorry about that.") != 1 {
					t.Errorf("one failure in %s and one apology; events:\n%s", stage, w.story())
				}
				engines.rage = ""
				w.pass(time.Second)
				w.speak("and again?", 500*time.Millisecond)
				w.until("the answer", 5*time.Second, w.has("reply.done", `"heard":"You said and again?"`))
			})
		})
	}
}

func TestATurnModelThatPanicsIsDoneWithout(t *testing.T) {
	engines := &wild{rage: "turn model"}
	inBubble(t, newWild(engines, nil), func(t *testing.T, w *world) {
		w.speak("tell me nothing", 500*time.Millisecond)
		w.until("the answer", 5*time.Second, w.has("turn.ended", `"cause":"done"`))
	})
}

func TestAToolThatPanicsIsToldToTheBrain(t *testing.T) {
	for name, effect := range map[string]tools.Effect{"read": tools.Read, "write": tools.Write} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, defaults, func(t *testing.T, w *world) {
				w.bench.add(tools.Definition{Name: "break", Effect: effect}, func(context.Context, tools.Call) (string, error) { panic("no such row") })
				w.brain.answer = func(r llm.Request) []llm.Delta {
					if result, ok := toolResult(r); ok {
						return says("I got: " + result)
					}
					return calls("t1", "break", `{}`)
				}
				w.speak("do it?", 500*time.Millisecond)
				w.until("the answer", 8*time.Second, w.has("turn.ended", `"cause":"done"`))
				if w.count("tool.finished", `"ok":false`) != 1 || w.count("reply.done", "does not work right now") != 1 || w.count("reply.done", "no such row") != 0 {
					t.Errorf("events:\n%s", w.story())
				}
			})
		})
	}
}

func TestWhoCannotBeHeardAnyMoreIsLetGo(t *testing.T) {
	engines := &wild{}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newWild(engines, nil))
		defer w.pace.Stop()
		w.pass(100 * time.Millisecond)
		engines.rage = "detector"
		w.speak("hello?", 300*time.Millisecond)
		w.pass(200 * time.Millisecond)
		<-w.over
		if w.count("conversation.ended", "something failed on the agent's side") != 1 {
			t.Errorf("events:\n%s", w.story())
		}
		w.pass(100 * time.Millisecond) // the room goes on for a moment
	})
}

// cracked is a phrasebook that panics on the conversation's own goroutine.
type cracked struct{ phrases }

func (cracked) System(string, tools.Caller, bool) (string, error) { panic("no template") }

func TestOneBrokenConversationHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHost(4)
		begin := func(id string, book Phrasebook) *Conversation {
			c, err := h.Begin(Options{
				ID: id, Language: "en", Phrases: book, Tuning: DefaultTuning(),
				Engines: Engines{Brain: &brain{answer: func(r llm.Request) []llm.Delta { return says("You said " + lastUser(r)) }}, Tools: &bench{}},
			})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		good, bad := begin("good", phrases{}), begin("bad", cracked{})
		events := good.Subscribe(100, false)
		last := bad.Subscribe(100, false)
		if _, err := bad.Say(t.Context(), "hello"); err != nil && !errors.Is(err, ErrOver) {
			t.Fatal(err)
		}
		<-bad.Done()
		synctest.Wait()
		var ended Envelope
		for e := range last.Events() {
			ended = e
		}
		if e, ok := ended.Event.(Ended); !ok || !strings.Contains(e.Cause, "failed") {
			t.Errorf("the last event of the broken conversation is %+v", ended)
		}
		if _, err := bad.Say(t.Context(), "still there?"); !errors.Is(err, ErrOver) {
			t.Errorf("said to a conversation that broke: %v", err)
		}
		if h.Find("bad") != nil || h.Count() != 1 {
			t.Error("the host still has the broken conversation")
		}
		if _, err := good.Say(t.Context(), "hello"); err != nil {
			t.Fatal(err)
		}
		for e := range events.Events() {
			if e, ok := e.Event.(ReplyDone); ok {
				if e.Text != "You said hello" {
					t.Errorf("the good conversation said %q", e.Text)
				}
				break
			}
		}
		events.Close()
		if err := h.Close(t.Context(), ErrLeft); err != nil {
			t.Fatal(err)
		}
	})
}

// A voice that fails while the answer is still made in advance is replaced by the
// spare one, and the apology after a recogniser's failure ends when it was said.
func TestFailuresInAdvance(t *testing.T) {
	spare := &voice{}
	inBubble(t, func(o *Options) { o.Engines.Spare = spare }, func(t *testing.T, w *world) {
		w.voice.fail, w.voice.delay = errBroken, 0
		w.speak("my number is,", 500*time.Millisecond) // incomplete: it is long until the turn is certain
		w.until("the apology", 8*time.Second, w.has("turn.ended", `"cause":"failed"`))
		if w.count("error", "synthesis") != 1 || w.count("error") != 1 || len(spare.said) == 0 || w.count("reply.done", `Sorry about that."`, `"heard":""`) != 0 {
			t.Errorf("the spare voice should have said sorry, it said %q; events:\n%s", spare.said, w.story())
		}
	})
	inBubble(t, defaults, func(t *testing.T, w *world) {
		w.lines.fail = errBroken
		w.speak("hello?", 500*time.Millisecond)
		took := w.until("the apology", 12*time.Second, w.has("turn.ended", `"cause":"failed"`))
		if took > 3*time.Second || w.count("error") != 1 || w.count("reply.done", `"heard":"Sorry about that."`) != 1 {
			t.Errorf("the apology took %v to end; events:\n%s", took, w.story())
		}
	})
}

func TestTheHistoryDoesNotGrowForEver(t *testing.T) {
	var h history
	for i := range 20 * maxHistory {
		h.cut(0)
		h.user("question", nil)
		h.assistant(llm.Message{Text: "answer"})
		if i == 3 && len(h.request("", "", nil)) != 8 {
			t.Errorf("a brain is given %d of 8 messages", len(h.request("", "", nil)))
		}
	}
	if n := len(h.messages); n > 4*maxHistory+3 {
		t.Errorf("%d messages are kept", n)
	}
	if got := h.request("", "", nil); len(got) > maxHistory || got[0].Role != llm.User {
		t.Errorf("a brain is given %d messages, the first from %s", len(got), got[0].Role)
	}
}
