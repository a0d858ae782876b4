package agent

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley/llm"
	"parley/tools"
)

// notebook is a record in memory. What it holds can be read at any time, as another
// server would after a crash.
type notebook struct {
	mu     sync.Mutex
	story  []byte
	writes []Write
	kept   int
	ended  error
	away   bool // it cannot be reached
	lost   chan struct{}
}

func newNotebook() *notebook { return &notebook{lost: make(chan struct{})} }

func (n *notebook) Keep(s Story) {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.story = raw
	n.kept++
}

func (n *notebook) Begin(ctx context.Context, w Write) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.away {
		n.mu.Unlock()
		<-ctx.Done()
		n.mu.Lock()
		return context.Cause(ctx)
	}
	n.writes = append(slices.DeleteFunc(n.writes, func(old Write) bool { return old.Key == w.Key }), w)
	return nil
}

func (n *notebook) Finish(w Write) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range n.writes {
		if n.writes[i].Key == w.Key {
			n.writes[i] = w
		}
	}
}

func (n *notebook) Lost() <-chan struct{} { return n.lost }

func (n *notebook) End(cause error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ended = cause
}

// read is what another would go on from.
func (n *notebook) read(t *testing.T) *Story {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	s := new(Story)
	if err := json.Unmarshal(n.story, s); err != nil {
		t.Fatal(err)
	}
	s.Writes = slices.Clone(n.writes)
	return s
}

// cutOff runs a conversation, until before says so, and goes on with another from what
// was recorded then.
func cutOff(t *testing.T, change func(*Options), before, after func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		book := newNotebook()
		first := newWorld(t, func(o *Options) { change(o); o.Record = book })
		defer first.pace.Stop()
		before(t, first)
		story := book.read(t)
		second := newWorld(t, func(o *Options) {
			change(o)
			o.Caller, o.Record, o.Resume, o.Greet = tools.Caller{}, newNotebook(), story, true
			o.Engines.Tools = first.conv.opts.Engines.Tools
			o.Engines.Brain.(*brain).answer = first.brain.answer
		})
		defer second.pace.Stop()
		after(t, second)
		second.end()
		first.end()
	})
}

func TestAConversationGoesOnAfterItWasCutOff(t *testing.T) {
	cutOff(t, func(o *Options) { o.Engines.Languages = sinitic{} }, func(t *testing.T, w *world) {
		w.speak("订单在哪里？", 500*time.Millisecond)
		w.until("the answer", 5*time.Second, w.has("turn.ended", "done"))
	}, func(t *testing.T, w *world) {
		w.until("the word about it", 2*time.Second, w.has("reply.done", `"heard":"We were cut off."`))
		if !w.has("conversation.started", `"language":"zh"`)() {
			t.Errorf("it goes on in another language:\n%s", w.story())
		}
		w.speak("and now?", 500*time.Millisecond)
		w.until("the next answer", 5*time.Second, w.has("reply.done", "You said and now?"))
		want := "system: You are a test.\nuser: 订单在哪里？\nassistant: You said 订单在哪里？\nassistant: We were cut off.\nuser: and now?\n"
		if got := w.lastHistory(); got != want {
			t.Errorf("the brain was given\n%s", got)
		}
		if w.conv.caller.CustomerID != "demo" {
			t.Errorf("the caller is %+v", w.conv.caller)
		}
	})
}

func TestWhatWasNotAnsweredIsAnsweredAfterwards(t *testing.T) {
	cutOff(t, defaults, func(t *testing.T, w *world) {
		w.speak("where is it?", 500*time.Millisecond)
		w.until("half the answer", 5*time.Second, w.has("reply.spoken", "You said"))
	}, func(t *testing.T, w *world) {
		w.until("the answer", 5*time.Second, w.has("reply.done", `"heard":"We were cut off. You said where is it?"`))
		if n := w.count("turn.started"); n != 1 {
			t.Errorf("%d turns:\n%s", n, w.story())
		}
	})
}

func TestACutOffQuestionIsAskedAgain(t *testing.T) {
	cutOff(t, returning(tools.ConfirmHeard, 0), func(t *testing.T, w *world) {
		w.brain.answer = returner
		w.speak("return it?", 500*time.Millisecond)
		w.until("the question", 5*time.Second, w.has("turn.ended", "done"))
	}, func(t *testing.T, w *world) {
		b := w.conv.opts.Engines.Tools.(*bench)
		w.until("the question again", 5*time.Second, w.has("reply.done", "We were cut off.", "Shall I return it now?"))
		if b.ran("return_item") != 0 {
			t.Fatal("it ran without a yes")
		}
		w.speak("Yes?", 400*time.Millisecond)
		w.until("the write", 5*time.Second, w.has("reply.done", "Done: "))
		if n := b.ran("return_item"); n != 1 {
			t.Errorf("it ran %d times", n)
		}
	})
}

func TestAYesThatWasCutOffIsNotAssumed(t *testing.T) {
	cutOff(t, returning(tools.ConfirmHeard, 0), func(t *testing.T, w *world) {
		w.brain.answer = returner
		w.speak("return it?", 500*time.Millisecond)
		w.until("the question", 5*time.Second, w.has("turn.ended", "done"))
		w.brain.mu.Lock()
		w.brain.hang = true // the server dies before the write begins
		w.brain.mu.Unlock()
		w.speak("Yes?", 400*time.Millisecond)
		w.until("the yes", 5*time.Second, w.has("transcript.final", "Yes?"))
	}, func(t *testing.T, w *world) {
		w.until("the question again", 5*time.Second, w.has("reply.done", "We were cut off.", "Shall I return it now?"))
		if w.conv.opts.Engines.Tools.(*bench).ran("return_item") != 0 {
			t.Error("it ran without asking again")
		}
	})
}

func TestAWriteThatWasCutOffKeepsItsKey(t *testing.T) {
	for _, how := range []tools.OnDuplicate{tools.Reject, tools.Allow} {
		for _, finished := range []bool{false, true} {
			def := tools.Definition{Name: "pay", Effect: tools.Write, OnDuplicate: how, Timeout: 20 * time.Second}
			var runs atomic.Int32
			change := shopWith(def, func(ctx context.Context, c tools.Call) (string, error) {
				if runs.Add(1) == 1 && !finished {
					return after(10*time.Second, `"too late"`)(ctx, c)
				}
				return `"paid"`, nil
			})
			cutOff(t, change, func(t *testing.T, w *world) {
				w.brain.answer = func(r llm.Request) []llm.Delta {
					if result, ok := toolResult(r); ok {
						return says("It says " + result + strings.Repeat(" and takes its time", 20))
					}
					return calls("one", "pay", `{"b":1, "a":2}`)
				}
				w.speak("pay it?", 500*time.Millisecond)
				w.until("the write", 5*time.Second, func() bool {
					return w.count("tool.started") == 1 && (!finished || w.count("reply.spoken", "takes") > 0)
				})
			}, func(t *testing.T, w *world) {
				w.until("the answer", 8*time.Second, w.has("reply.spoken", `It says \"paid\"`))
				b := w.conv.opts.Engines.Tools.(*bench)
				b.mu.Lock()
				defer b.mu.Unlock()
				if finished && len(b.log) != 1 {
					t.Errorf("%s: a write with a known result ran %d times", how, len(b.log))
				}
				if !finished && (len(b.log) != 2 || b.log[0].Key == "" || b.log[0].Key != b.log[1].Key) {
					t.Errorf("%s: calls: %+v, want two with one key", how, b.log)
				}
			})
		}
	}
}

func TestACallThatStoodOpenIsSettled(t *testing.T) {
	args := `{"a":1}`
	call := llm.ToolCall{ID: "one", Name: "pay", Arguments: json.RawMessage(args)}
	for _, c := range []struct {
		writes []Write
		want   string
	}{
		{nil, unknownOutcome},
		{[]Write{{Key: "k", Name: "pay", Arguments: args}}, unknownOutcome},
		{[]Write{{Key: "k", Name: "pay", Arguments: args, Done: true, OK: true, Result: `"paid"`}}, `"paid"`},
	} {
		conv, err := New(Options{
			ID: "c1", Engines: Engines{Brain: &brain{}, Tools: &bench{}}, Phrases: phrases{}, Tuning: DefaultTuning(),
			Resume: &Story{ID: "c1", Writes: c.writes, Messages: []llm.Message{
				{Role: llm.Assistant, ToolCalls: []llm.ToolCall{call}}, {Role: llm.ToolRole, ToolCallID: "one", ToolName: "pay", Text: stillRunning},
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := conv.history.messages[1].Text; got != c.want {
			t.Errorf("%+v: %s", c.writes, got)
		}
	}
}

func TestWhatStandsOpenOutlivesASecondCut(t *testing.T) {
	conv, err := New(Options{
		ID: "c1", Engines: Engines{Brain: &brain{}, Tools: &bench{}}, Phrases: phrases{}, Tuning: DefaultTuning(),
		Resume: &Story{ID: "c1", Turns: 2, Open: 5, Pending: &Question{Name: "pay", Arguments: "{}", Text: "Shall I?"}, Writes: []Write{{Key: "k", Serial: 7}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := conv.story(); s.Open != 5 || s.Pending == nil || s.Pending.Text != "Shall I?" || s.Turns != 2 || s.Serials != 7 {
		t.Errorf("it would go on from %+v", s)
	}
}

func TestAConversationThatWasCutOffBeforeItBeganIsGreeted(t *testing.T) {
	cutOff(t, defaults, func(_ *testing.T, w *world) { w.pass(100 * time.Millisecond) }, func(t *testing.T, w *world) {
		w.until("the greeting", 5*time.Second, w.has("reply.done", "Hello there caller."))
		if w.count("reply.done", "cut off") > 0 {
			t.Errorf("it speaks of being cut off:\n%s", w.story())
		}
	})
}

func TestAWriteThatCannotBeRecordedDoesNotRun(t *testing.T) {
	var book *notebook
	inBubble(t, func(o *Options) {
		book = newNotebook() // in the bubble, as all channels
		shopWith(tools.Definition{Name: "pay", Effect: tools.Write, Say: tools.Say{Failed: map[string]string{"en": "Not now."}}}, after(0, `"paid"`))(o)
		o.Record = book
	}, func(t *testing.T, w *world) {
		told := make(chan string, 9)
		w.brain.answer = func(r llm.Request) []llm.Delta {
			result, ok := toolResult(r)
			if !ok {
				return calls("call-"+lastUser(r), "pay", `{}`)
			}
			told <- result
			if strings.Contains(result, tools.Unavailable) {
				return says("Not now.")
			}
			return says("It says " + result)
		}
		book.mu.Lock()
		book.away = true
		book.mu.Unlock()
		w.speak("pay it?", 500*time.Millisecond)
		w.until("the answer", 4*time.Second, w.has("turn.ended", "done"))
		if got := <-told; !strings.Contains(got, "Nothing was done") || !strings.Contains(got, `"say":"Not now."`) {
			t.Errorf("the brain was told %s", got)
		}
		b := w.conv.opts.Engines.Tools.(*bench)
		if b.ran("pay") != 0 {
			t.Fatal("it ran")
		}
		book.mu.Lock()
		book.away = false
		book.mu.Unlock()
		w.speak("and now?", 500*time.Millisecond)
		w.until("the next answer", 8*time.Second, w.has("reply.done", `It says \"paid\"`))
		if s := book.read(t); b.ran("pay") != 1 || len(s.Writes) != 1 || !s.Writes[0].Done || s.Writes[0].Key != b.log[0].Key {
			t.Errorf("ran %d times, recorded %+v", b.ran("pay"), s.Writes)
		}
	})
}

func TestAConversationThatIsTakenUpElsewhereEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := newNotebook()
		w := newWorld(t, func(o *Options) { o.Record = book })
		defer w.pace.Stop()
		w.pass(time.Second)
		close(book.lost)
		<-w.over
		synctest.Wait() // for who reads the events
		if !w.has("conversation.ended", ErrTakenUp.Error())() || !errors.Is(book.ended, ErrTakenUp) {
			t.Errorf("it ended with %v:\n%s", book.ended, w.story())
		}
		w.cancel(nil)
	})
}

func TestPicturesAreNotRecorded(t *testing.T) {
	var book *notebook
	inBubble(t, func(o *Options) { book = newNotebook(); o.Record = book }, func(t *testing.T, w *world) {
		if _, err := w.conv.Show(t.Context(), "look", llm.Image{MediaType: "image/png", Data: []byte("secretpixels"), Hash: "abc"}); err != nil {
			t.Fatal(err)
		}
		w.until("the answer", 8*time.Second, w.has("turn.ended"))
		s := book.read(t)
		if len(s.Photos) != 1 || len(s.Messages[0].Images) != 1 || s.Messages[0].Images[0].Data != nil || s.Messages[0].Images[0].Hash != "abc" {
			t.Errorf("recorded %+v", s)
		}
	})
}
