package agent

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/llm"
	"parley/tools"
)

// inBubble runs a test of a conversation in virtual time.
func inBubble(t *testing.T, change func(*Options), f func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, change)
		defer w.pace.Stop()
		f(t, w)
		w.end()
	})
}

// history is what the brain was given last, as text.
func (w *world) lastHistory() string {
	seen := w.brain.requests()
	var b strings.Builder
	for _, m := range seen[len(seen)-1].Messages {
		b.WriteString(string(m.Role) + ": " + m.Text + "\n")
	}
	return b.String()
}

const long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"

// telling makes the brain answer "tell" with a long story and echo all else.
func telling(w *world) {
	w.brain.answer = func(r llm.Request) []llm.Delta {
		if strings.Contains(lastUser(r), "tell") {
			return says(long)
		}
		return says("You said " + lastUser(r))
	}
}

// startStory has the agent in the middle of a long answer.
func startStory(w *world) {
	w.t.Helper()
	telling(w)
	w.speak("tell me?", 500*time.Millisecond)
	w.until("the story", 3*time.Second, w.sounds)
	w.pass(2 * time.Second)
	if !w.sounds() {
		w.t.Fatalf("the agent should be in the middle of its story; events:\n%s", w.story())
	}
}

func TestAnAnswerIsSpoken(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		w.speak("where is it?", 600*time.Millisecond)
		w.pass(600 * time.Millisecond)
		took := w.until("an answer", 2*time.Second, w.sounds)
		if took > 360*time.Millisecond {
			t.Errorf("the answer began %v after the caller's last word; the end of the turn is certain after 250 ms, and everything else was ready", took)
		}
		w.until("the end", 5*time.Second, w.has("turn.ended", `"cause":"done"`))
		if w.count("transcript.final", "where is it?") != 1 || w.count("reply.done", `"heard":"You said where is it?"`) != 1 {
			t.Errorf("events:\n%s", w.story())
		}
	})
}

func TestBargeInWhileSpeaking(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		startStory(w)
		w.speak("stop that now?", 900*time.Millisecond)
		silent := w.until("silence", 200*time.Millisecond, func() bool { return !w.sounds() })
		if silent > 80*time.Millisecond {
			t.Errorf("it took %v to fall silent", silent)
		}
		w.until("the interruption", 2*time.Second, w.has("turn.ended", `"cause":"barge_in"`))
		w.until("the new answer", 4*time.Second, w.has("turn.ended", `"turn":2`, `"cause":"done"`))
		h := w.lastHistory()
		if !strings.Contains(h, "assistant: one two three four five") || strings.Contains(h, "fifteen") {
			t.Errorf("the history should hold what was heard and no more:\n%s", h)
		}
		if w.count("reply.done", `"interrupted":true`) != 1 {
			t.Errorf("events:\n%s", w.story())
		}
	})
}

func TestACoughCostsNothing(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		startStory(w)
		w.speak("You", 70*time.Millisecond) // a recogniser makes words up for noise
		w.until("the hold", 300*time.Millisecond, w.has("playout.held"))
		w.until("it going on", time.Second, w.has("playout.resumed"))
		w.until("the end", 8*time.Second, w.has("turn.ended"))
		if w.count("reply.done", `"heard":"`+long+`"`) != 1 || w.count("transcript.final") != 1 {
			t.Errorf("all of the story should have been heard, and no words of a cough; events:\n%s", w.story())
		}
	})
}

func TestABackchannelIsNoInterruption(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		startStory(w)
		w.speak("Mm-hm.", 400*time.Millisecond)
		w.until("it going on", 2*time.Second, w.has("playout.resumed"))
		w.until("the end", 8*time.Second, w.has("turn.ended", `"cause":"done"`))
		if w.count("reply.done", `"heard":"`+long+`"`) != 1 {
			t.Errorf("all of the story should have been heard; events:\n%s", w.story())
		}
	})
}

func TestAShortWordInterrupts(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		startStory(w)
		w.speak("No?", 200*time.Millisecond)
		w.until("the interruption", 2*time.Second, w.has("turn.ended", `"cause":"barge_in"`))
		w.until("the answer to it", 4*time.Second, w.has("reply.done", "You said No?"))
	})
}

func TestPartialWordsDecideEarly(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		w.lines.partials = true
		startStory(w)
		w.speak("wait a moment please?", 2*time.Second)
		took := w.until("the interruption", 2*time.Second, w.has("turn.ended", `"cause":"barge_in"`))
		if took > 500*time.Millisecond {
			t.Errorf("it took %v to decide although the words were known", took)
		}
	})
}

func TestBargeInWhileThinking(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		w.brain.delay = 2 * time.Second
		w.speak("where is it?", 600*time.Millisecond)
		w.until("thinking", 2*time.Second, w.has("state", "thinking"))
		w.speak("no, the other one?", 900*time.Millisecond)
		w.until("the first to end", 2*time.Second, w.has("turn.ended", `"turn":1`, "barge_in"))
		w.until("the second", 6*time.Second, w.has("turn.ended", `"turn":2`, `"done"`))
		if h := w.lastHistory(); !strings.Contains(h, "user: where is it?\nuser: no, the other one?") {
			t.Errorf("both questions should be known:\n%s", h)
		}
		if w.count("reply.done", "You said where is it?") != 0 {
			t.Errorf("the first answer should not be heard:\n%s", w.story())
		}
	})
}

func TestBargeInInTheFirstWord(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		telling(w)
		w.speak("tell me?", 500*time.Millisecond)
		w.until("the story", 3*time.Second, w.sounds)
		w.speak("something else?", 900*time.Millisecond)
		w.until("the answer", 5*time.Second, w.has("reply.done", "You said something else?"))
		if w.count("reply.done", `"heard":""`) != 1 {
			t.Errorf("nothing of the story was heard to the end of a word; events:\n%s", w.story())
		}
	})
}

func TestBargeInInTheLastWord(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		telling(w)
		w.speak("tell me?", 500*time.Millisecond)
		w.until("the last word", 8*time.Second, w.has("reply.spoken", "fourteen"))
		w.speak("thanks, bye?", 900*time.Millisecond)
		w.until("the answer", 5*time.Second, w.has("reply.done", "You said thanks, bye?"))
		if h := w.lastHistory(); !strings.Contains(h, "thirteen fourteen") {
			t.Errorf("all but the last word was heard:\n%s", h)
		}
	})
}

func TestTwoBargeInsInARow(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		startStory(w)
		w.speak("tell another?", 900*time.Millisecond)
		w.until("the second story", 4*time.Second, func() bool { return w.count("turn.started") == 2 && w.sounds() })
		w.pass(600 * time.Millisecond)
		w.speak("enough?", 900*time.Millisecond)
		w.until("the answer", 5*time.Second, w.has("reply.done", "You said enough?"))
		if w.count("turn.ended", "barge_in") != 2 {
			t.Errorf("events:\n%s", w.story())
		}
	})
}

func TestTheCallerGoesOnAfterAPause(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		w.speak("where is my", 600*time.Millisecond)
		w.quiet(600 * time.Millisecond)
		w.speak("parcel?", 500*time.Millisecond)
		w.until("the answer", 5*time.Second, w.has("turn.ended", "done"))
		if w.count("transcript.final", `"text":"where is my parcel?"`) != 1 || w.count("turn.started") != 1 {
			t.Errorf("the two parts are one turn; events:\n%s", w.story())
		}
	})
}

func TestAVeryLongUtteranceIsRecognisedInParts(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		w.speak("first part and", 21*time.Second)
		w.quiet(600 * time.Millisecond)
		w.speak("second part and", 21*time.Second)
		w.quiet(600 * time.Millisecond)
		w.speak("the end?", time.Second)
		w.until("the answer", 60*time.Second, w.has("turn.ended", "done"))
		if w.count("transcript.final", `"text":"first part and second part and the end?"`) != 1 {
			t.Errorf("each part should be there once; events:\n%s", w.story())
		}
	})
}

func TestPeopleDictateInPieces(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		w.brain.answer = func(r llm.Request) []llm.Delta {
			if strings.Contains(lastUser(r), "parcel") {
				return says("What is the order number?")
			}
			return says("You said " + lastUser(r))
		}
		w.speak("my parcel?", 500*time.Millisecond)
		w.until("the question", 6*time.Second, w.has("turn.ended", "done"))
		w.speak("W one zero", 700*time.Millisecond)
		w.quiet(1100 * time.Millisecond)
		w.speak("zero zero two", 700*time.Millisecond)
		w.until("the answer", 6*time.Second, w.has("reply.done", "You said W one zero zero zero two"))
	})
}

func TestTypingInterruptsAndIsAnswered(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		startStory(w)
		var turn int64
		done := make(chan error, 1)
		go func() {
			var err error
			turn, err = w.conv.Say(context.Background(), " typed words ")
			done <- err
		}()
		synctest.Wait()
		if err := <-done; err != nil || turn != 2 {
			t.Fatalf("turn %d, %v", turn, err)
		}
		w.until("the answer", 5*time.Second, w.has("reply.done", `"turn":2`, `"heard":"You said typed words"`))
		if w.count("transcript.final", `"source":"text"`) != 1 {
			t.Errorf("events:\n%s", w.story())
		}
	})
}

func TestAConversationByTextAlone(t *testing.T) {
	byText := func(o *Options) { o.Engines.Detector, o.Engines.Recognizer, o.Engines.Voice = nil, nil, nil }
	inBubble(t, byText, func(t *testing.T, w *world) {
		if _, err := w.conv.Say(context.Background(), "hello"); err != nil {
			t.Fatal(err)
		}
		w.until("the answer", time.Second, w.has("turn.ended", "done"))
		if w.count("reply.done", `"heard":"You said hello"`) != 1 {
			t.Errorf("events:\n%s", w.story())
		}
		if _, err := w.conv.Say(context.Background(), "  "); err == nil || !strings.Contains(err.Error(), "empty") {
			t.Errorf("an empty message should be refused: %v", err)
		}
	})
}

func TestItGreets(t *testing.T) {
	inBubble(t, func(o *Options) { o.Greet = true }, func(t *testing.T, w *world) {
		w.until("the greeting", 3*time.Second, w.has("turn.ended", "done"))
		w.speak("hi?", 400*time.Millisecond)
		w.until("the answer", 4*time.Second, w.has("reply.done", "You said hi?"))
		if h := w.lastHistory(); !strings.Contains(h, "assistant: Hello there caller.") {
			t.Errorf("history:\n%s", h)
		}
	})
}

func TestEnginesThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		break_ func(*world)
		mend   func(*world)
		stage  string
	}{
		"recogniser fails": {func(w *world) { w.lines.fail = errBroken }, func(w *world) { w.lines.fail = nil }, "recognition"},
		"recogniser hangs": {func(w *world) { w.lines.hang = true }, func(w *world) { w.lines.hang = false }, "recognition"},
		"brain fails":      {func(w *world) { w.brain.fail = errBroken }, func(w *world) { w.brain.fail = nil }, "generation"},
		"brain hangs":      {func(w *world) { w.brain.hang = true }, func(w *world) { w.brain.hang = false }, "generation"},
		"brain says nothing": {func(w *world) {
			w.brain.answer = func(llm.Request) []llm.Delta { return []llm.Delta{{Finish: llm.FinishStop}} }
		}, func(w *world) {
			w.brain.answer = func(r llm.Request) []llm.Delta { return says("You said " + lastUser(r)) }
		}, "generation"},
		"brain breaks off": {func(w *world) {
			w.brain.answer = func(llm.Request) []llm.Delta { return []llm.Delta{{Text: "Well, "}} }
		}, func(w *world) {
			w.brain.answer = func(r llm.Request) []llm.Delta { return says("You said " + lastUser(r)) }
		}, "generation"},
		"voice fails": {func(w *world) { w.voice.fail = errBroken }, func(w *world) { w.voice.fail = nil }, "synthesis"},
		"voice hangs": {func(w *world) { w.voice.hang = true }, func(w *world) { w.voice.hang = false }, "synthesis"},
	} {
		t.Run(name, func(t *testing.T) {
			spare := &voice{}
			inBubble(t, func(o *Options) { o.Engines.Spare = spare }, func(t *testing.T, w *world) {
				c.break_(w)
				w.speak("hello there?", 500*time.Millisecond)
				w.until("the apology", 25*time.Second, w.has("reply.done", "Sorry about that."))
				if w.count("error", c.stage) != 1 || w.count("turn.ended", "failed") != 1 {
					t.Errorf("one failure in %s, one failed turn; events:\n%s", c.stage, w.story())
				}
				if w.count("reply.done", `"heard":""`) != 0 {
					t.Errorf("the apology should be heard; events:\n%s", w.story())
				}
				c.mend(w)
				w.pass(time.Second)
				w.speak("and again?", 500*time.Millisecond)
				w.until("the answer", 5*time.Second, w.has("reply.done", `"heard":"You said and again?"`))
			})
		})
	}
}

func TestHangUpInEveryState(t *testing.T) {
	for name, reach := range map[string]func(*world){
		"listening": func(w *world) { w.pass(200 * time.Millisecond) },
		"hearing":   func(w *world) { w.speak("hello", time.Second); w.pass(400 * time.Millisecond) },
		"recognising": func(w *world) {
			w.lines.delay = 5 * time.Second
			w.speak("hello?", 500*time.Millisecond)
			w.pass(800 * time.Millisecond)
		},
		"thinking": func(w *world) {
			w.brain.delay = 5 * time.Second
			w.speak("hello?", 500*time.Millisecond)
			w.pass(1500 * time.Millisecond)
		},
		"speaking": startStory,
		"held": func(w *world) {
			startStory(w)
			w.speak("hm", 300*time.Millisecond)
			w.pass(200 * time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, defaults, func(t *testing.T, w *world) {
				reach(w)
				w.end()
				synctest.Wait() // goroutines that are left over would fail the bubble
				if w.count("conversation.ended") != 1 {
					t.Errorf("events:\n%s", w.story())
				}
				if _, err := w.conv.Say(context.Background(), "hello"); err == nil {
					t.Error("a conversation that is over should take no more")
				}
			})
		})
	}
}

// returning is a shop with one write, which asks before it is done if told so.
func returning(confirm tools.Confirm, takes time.Duration) func(*Options) {
	return func(o *Options) {
		b := &bench{}
		b.add(tools.Definition{Name: "return_item", Effect: tools.Write, Confirm: confirm},
			func(ctx context.Context, _ tools.Call) (string, error) {
				select {
				case <-time.After(takes):
					return `{"status":"return requested"}`, nil
				case <-ctx.Done():
					return "", context.Cause(ctx)
				}
			})
		o.Engines.Tools = b
	}
}

// returner is a brain that returns an item whenever it is spoken to.
func returner(r llm.Request) []llm.Delta {
	if result, ok := toolResult(r); ok {
		if strings.Contains(result, "confirmation_required") {
			return says("Shall I return it now?")
		}
		return says("Done: " + result)
	}
	return calls("call-"+lastUser(r), "return_item", `{"item": 1}`)
}

func TestAWriteOutlivesABargeIn(t *testing.T) {
	inBubble(t, returning(tools.ConfirmNone, 3*time.Second), func(t *testing.T, w *world) {
		w.bench = w.conv.opts.Engines.Tools.(*bench)
		w.brain.answer = returner
		w.speak("return it?", 500*time.Millisecond)
		w.until("the write", 3*time.Second, w.has("tool.started"))
		w.brain.answer = func(r llm.Request) []llm.Delta { return says("You said " + lastUser(r)) }
		w.speak("what else can you do?", 900*time.Millisecond)
		w.until("the interruption", 2*time.Second, w.has("turn.ended", "barge_in"))
		w.until("the end of the write", 5*time.Second, w.has("tool.finished", `"ok":true`))
		w.until("the answer", 5*time.Second, w.has("turn.ended", "done"))
		w.brain.answer = returner // and a model that asks for the same again
		w.speak("did it work?", 500*time.Millisecond)
		w.until("the last answer", 8*time.Second, w.has("reply.done", "Done: "))
		if n := w.bench.ran("return_item"); n != 1 {
			t.Errorf("the write ran %d times", n)
		}
		if h := w.lastHistory(); !strings.Contains(h, `tool: {"status":"return requested"}`) {
			t.Errorf("the agent should know that it was done:\n%s", h)
		}
	})
}

func TestAWriteAsksFirst(t *testing.T) {
	inBubble(t, returning(tools.ConfirmHeard, 0), func(t *testing.T, w *world) {
		w.bench = w.conv.opts.Engines.Tools.(*bench)
		w.brain.answer = returner
		w.speak("return it?", 500*time.Millisecond)
		w.until("the question", 5*time.Second, w.has("reply.done", "Shall I return it now?"))
		if w.bench.ran("return_item") != 0 {
			t.Fatal("it ran without a yes")
		}
		w.speak("Yes?", 400*time.Millisecond)
		w.until("the write", 5*time.Second, w.has("reply.done", "Done: "))
		if n := w.bench.ran("return_item"); n != 1 {
			t.Errorf("it ran %d times", n)
		}
	})
}

func TestAQuestionThatWasNotHeardIsNoConsent(t *testing.T) {
	inBubble(t, returning(tools.ConfirmHeard, 0), func(t *testing.T, w *world) {
		w.bench = w.conv.opts.Engines.Tools.(*bench)
		w.brain.answer = returner
		w.speak("return it?", 500*time.Millisecond)
		w.until("the question", 5*time.Second, w.has("reply.spoken", "Shall"))
		w.speak("Yes?", 400*time.Millisecond) // over the question
		w.until("the second question", 8*time.Second, func() bool { return w.count("reply.done", "Shall I return it now?") == 2 })
		if w.bench.ran("return_item") != 0 {
			t.Error("a yes to half a question ran the write")
		}
	})
}

func TestNoIsNo(t *testing.T) {
	inBubble(t, returning(tools.ConfirmHeard, 0), func(t *testing.T, w *world) {
		w.bench = w.conv.opts.Engines.Tools.(*bench)
		w.brain.answer = returner
		w.speak("return it?", 500*time.Millisecond)
		w.until("the question", 5*time.Second, w.has("turn.ended", "done"))
		w.speak("No?", 400*time.Millisecond) // this model tries all the same
		w.until("the answer", 8*time.Second, func() bool { return w.count("turn.ended", "done") == 2 })
		if w.bench.ran("return_item") != 0 {
			t.Error("a no ran the write")
		}
	})
}

func TestALongAnswerIsNotGivenUp(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		w.brain.answer = func(llm.Request) []llm.Delta {
			return says(strings.Repeat("a long and winding tale of a parcel. ", 12))
		}
		w.speak("tell me?", 500*time.Millisecond)
		w.until("the end", 60*time.Second, w.has("turn.ended"))
		if w.count("reply.done", `"heard":"`+strings.TrimSpace(strings.Repeat("a long and winding tale of a parcel. ", 12))+`"`) != 1 {
			t.Errorf("all of it should have been heard:\n%s", w.story())
		}
	})
}

func TestASlowRoomDoesNotKeepATurnForEver(t *testing.T) {
	inBubble(t, defaults, func(t *testing.T, w *world) {
		w.speak("hello?", 500*time.Millisecond)
		w.until("the answer", 3*time.Second, w.sounds)
		<-time.After(30 * time.Second) // the room plays nothing any more
		synctest.Wait()
		if w.count("turn.ended") != 1 {
			t.Errorf("events:\n%s", w.story())
		}
	})
}
