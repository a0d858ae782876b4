package agent

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"parley/llm"
	"parley/tools"
)

// shopWith is a set of one tool.
func shopWith(def tools.Definition, run func(context.Context, tools.Call) (string, error)) func(*Options) {
	return func(o *Options) {
		b := &bench{}
		b.add(def, run)
		o.Engines.Tools = b
	}
}

// lastReply is the newest answer.
func (w *world) lastReply() (last ReplyDone) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if r, ok := e.Event.(ReplyDone); ok {
			last = r
		}
	}
	return last
}

// after answers a tool's call when some time is over, or with the cause of its end.
func after(d time.Duration, result string) func(context.Context, tools.Call) (string, error) {
	return func(ctx context.Context, _ tools.Call) (string, error) {
		select {
		case <-time.After(d):
			return result, nil
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// asks is a brain that calls a tool once a turn and says what came of it.
func asks(name string) func(llm.Request) []llm.Delta {
	return func(r llm.Request) []llm.Delta {
		if result, ok := toolResult(r); ok {
			return says("It says " + result)
		}
		return calls("call-"+lastUser(r), name, `{}`)
	}
}

func TestWhatToolsHaveToSay(t *testing.T) {
	look := tools.Definition{Name: "look", Effect: tools.Read, Timeout: 20 * time.Second, Say: tools.Say{
		Start: map[string]string{"en": "Let me look.", "zh": "我看看。"},
		Slow:  map[string]string{"en": "Still looking."}, SlowAfter: 2 * time.Second,
		Failed: map[string]string{"en": "The carrier is away."},
	}}
	for _, c := range []struct {
		name, language string
		run            func(context.Context, tools.Call) (string, error)
		said           string
	}{
		{"quick", "en", after(0, `"here"`), `Let me look. It says "here"`},
		{"slow", "en", after(3*time.Second, `"here"`), `Let me look. Still looking. It says "here"`},
		{"slower than a brain may be", "en", after(15*time.Second, `"here"`), `Let me look. Still looking. It says "here"`},
		{"in another language", "zh-TW", after(3*time.Second, `"here"`), `我看看。 Still looking. It says "here"`},
		{"broken", "en", func(context.Context, tools.Call) (string, error) { return "", errors.New("no network") },
			`Let me look. It says {"error":{"code":"fault","message":"The tool does not work right now. Nothing is known about its result.","say":"The carrier is away."}}`},
		{"refused", "en", func(context.Context, tools.Call) (string, error) {
			return "", &tools.Error{Code: tools.NotFound, Message: "No such parcel."}
		}, `Let me look. It says {"error":{"code":"not_found","message":"No such parcel."}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(o *Options) { o.Language = c.language; shopWith(look, c.run)(o) }, func(t *testing.T, w *world) {
				w.brain.answer = asks("look")
				w.speak("where is it?", 500*time.Millisecond)
				w.until("the answer", 40*time.Second, w.has("turn.ended"))
				if got := w.lastReply(); got.Text != c.said || got.Interrupted {
					t.Errorf("said %q, want %q", got.Text, c.said)
				}
			})
		})
	}
}

func TestAReadFinishesAfterABargeIn(t *testing.T) {
	for _, how := range []tools.OnInterrupt{tools.Finish, tools.Cancel} {
		t.Run(string(how), func(t *testing.T) {
			inBubble(t, shopWith(tools.Definition{Name: "look", Effect: tools.Read, OnInterrupt: how}, after(4*time.Second, `"it is in Hanoi"`)), func(t *testing.T, w *world) {
				w.brain.answer = asks("look")
				w.speak("where is it?", 500*time.Millisecond)
				w.until("the tool", 3*time.Second, w.has("tool.started"))
				w.brain.answer = func(r llm.Request) []llm.Delta { return says("You said " + lastUser(r)) }
				w.speak("what else can you do?", 900*time.Millisecond)
				w.until("the interruption", 3*time.Second, w.has("turn.ended", "barge_in"))
				w.pass(6 * time.Second)
				w.speak("and now?", 500*time.Millisecond)
				w.until("the last answer", 8*time.Second, w.has("reply.done", "You said and now?"))
				knows := strings.Contains(w.lastHistory(), "it is in Hanoi")
				if knows != (how == tools.Finish) {
					t.Errorf("the history says:\n%s", w.lastHistory())
				}
			})
		})
	}
}

func TestAWriteIsTriedAgainUnderItsFirstKey(t *testing.T) {
	tries := 0
	pay := func(context.Context, tools.Call) (string, error) {
		if tries++; tries == 1 {
			return "", errors.New("the answer was lost")
		}
		return `"done"`, nil
	}
	inBubble(t, shopWith(tools.Definition{Name: "pay", Effect: tools.Write}, pay), func(t *testing.T, w *world) {
		w.brain.answer = asks("pay")
		for i := 1; i <= 3; i++ {
			w.speak("pay it?", 500*time.Millisecond)
			w.until("an answer", 8*time.Second, func() bool { return w.count("turn.ended") == i })
		}
		b := w.conv.opts.Engines.Tools.(*bench)
		if len(b.log) != 2 || b.log[0].Key == "" || b.log[0].Key != b.log[1].Key {
			t.Errorf("calls: %+v, want two with one key", b.log)
		}
	})
}

func TestDuplicates(t *testing.T) {
	for how, want := range map[tools.OnDuplicate]int{tools.Reject: 1, tools.Allow: 3} {
		t.Run(string(how), func(t *testing.T) {
			def := tools.Definition{Name: "note", Effect: tools.Write, OnDuplicate: how}
			inBubble(t, shopWith(def, after(0, `"noted"`)), func(t *testing.T, w *world) {
				w.brain.answer = asks("note")
				for i := 1; i <= 3; i++ {
					w.speak("note it?", 500*time.Millisecond)
					w.until("an answer", 8*time.Second, func() bool { return w.count("turn.ended") == i })
				}
				if n := w.conv.opts.Engines.Tools.(*bench).ran("note"); n != want {
					t.Errorf("it ran %d times, want %d", n, want)
				}
			})
		})
	}
}

// finder is a set of tools that finds out who is calling.
type finder struct{ bench }

func (f *finder) Run(ctx context.Context, call tools.Call) (tools.Result, error) {
	result, err := f.bench.Run(ctx, call)
	if call.Name == "find" && err == nil {
		result.Caller = &tools.Caller{CustomerID: "maya", Name: "Maya", Verified: true}
	}
	return result, err
}

func TestAToolFindsOutWhoIsCalling(t *testing.T) {
	inBubble(t, func(o *Options) {
		o.Caller = tools.Caller{}
		f := &finder{}
		f.add(tools.Definition{Name: "find", Effect: tools.Read}, after(0, `"maya"`))
		f.add(tools.Definition{Name: "orders", Effect: tools.Read}, func(_ context.Context, call tools.Call) (string, error) {
			return `"orders of ` + call.Caller.CustomerID + `"`, nil
		})
		o.Engines.Tools = f
	}, func(t *testing.T, w *world) {
		w.brain.answer = func(r llm.Request) []llm.Delta {
			switch result, ok := toolResult(r); {
			case ok && result == `"maya"`:
				return calls("two", "orders", `{}`)
			case ok:
				return says("It says " + result)
			case strings.Contains(lastUser(r), "again"):
				return calls("three", "orders", `{}`)
			}
			return calls("one", "find", `{}`)
		}
		w.speak("I am Maya?", 500*time.Millisecond)
		w.until("the answer", 8*time.Second, w.has("reply.done", `It says \"orders of maya\"`))
		if w.count("caller.identified", "Maya") != 1 {
			t.Errorf("events:\n%s", w.story())
		}
		w.speak("again?", 500*time.Millisecond) // and the conversation stays hers
		w.until("the next answer", 8*time.Second, func() bool { return w.count("reply.done", `orders of maya`) == 2 })
	})
}

// sinitic takes every text with a Chinese word for Chinese.
type sinitic struct{}

func (sinitic) Detect(text, current string) (string, bool) {
	if strings.Contains(text, "订单") {
		return "zh", true
	}
	return current, false
}

func TestTheLanguageFollowsTheCaller(t *testing.T) {
	inBubble(t, func(o *Options) { o.Engines.Languages = sinitic{} }, func(t *testing.T, w *world) {
		for i, text := range []string{"where is it?", "订单在哪里？", "W10002?"} {
			w.speak(text, 500*time.Millisecond)
			w.until("an answer", 8*time.Second, func() bool { return w.count("turn.ended", "done") == i+1 })
		}
		var got []string
		for _, r := range w.brain.requests() {
			got = append(got, r.Language)
		}
		if strings.Join(got, " ") != "en zh zh" {
			t.Errorf("answered in %v", got)
		}
	})
}

// strict refuses what is not allowed before anything is asked.
type strict struct{ bench }

func (s *strict) Check(tools.Call) error {
	return &tools.Error{Code: tools.InvalidArguments, Message: "item is missing"}
}

func TestNobodyIsAskedAboutAWriteThatCannotBe(t *testing.T) {
	inBubble(t, func(o *Options) {
		s := &strict{}
		s.add(tools.Definition{Name: "return_item", Effect: tools.Write, Confirm: tools.ConfirmHeard}, after(0, `"done"`))
		o.Engines.Tools = s
	}, func(t *testing.T, w *world) {
		w.brain.answer = asks("return_item")
		w.speak("return it?", 500*time.Millisecond)
		w.until("the answer", 8*time.Second, w.has("reply.done", "item is missing"))
		if w.count("tool.confirmation") != 0 {
			t.Errorf("events:\n%s", w.story())
		}
	})
}
