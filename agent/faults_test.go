package agent

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/llm"
	"parley/tools"
)

// faulty is a brain that answers by the number of the request, and ends with an
// error where there is one.
type faulty struct {
	*brain
	steps func(n int, r llm.Request) ([]llm.Delta, error)
}

func (f *faulty) Generate(_ context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		f.mu.Lock()
		f.seen = append(f.seen, r)
		n := len(f.seen)
		f.mu.Unlock()
		deltas, err := f.steps(n, r)
		for _, d := range deltas {
			if !yield(d, nil) {
				return
			}
		}
		if err != nil {
			yield(llm.Delta{}, err)
		}
	}
}

// TestFaultsOfABrain: each has an answer that the caller hears.
func TestFaultsOfABrain(t *testing.T) {
	usage := &llm.Usage{Input: 10, CachedInput: 4, Output: 2}
	for name, c := range map[string]struct {
		steps func(n int, r llm.Request) ([]llm.Delta, error)
		heard string
		asked int
		cause string
		also  []string // an event, and pieces of it
	}{
		"it refuses without a word": {
			func(int, llm.Request) ([]llm.Delta, error) { return []llm.Delta{{Finish: llm.FinishRefused}}, nil },
			"I can't do that.", 1, CauseDone, nil},
		"it refuses in words": {
			func(int, llm.Request) ([]llm.Delta, error) {
				return []llm.Delta{{Text: "I won't."}, {Finish: llm.FinishRefused}}, nil
			},
			"I won't.", 1, CauseDone, nil},
		"it runs out of tokens": {
			func(int, llm.Request) ([]llm.Delta, error) {
				return []llm.Delta{{Text: "Your order is"}, {Finish: llm.FinishLength}}, nil
			},
			"Your order is", 1, CauseDone, nil},
		"it says nothing": {
			func(int, llm.Request) ([]llm.Delta, error) { return []llm.Delta{{Finish: llm.FinishStop}}, nil },
			"Sorry about that.", 1, CauseFailed, []string{"error", `"generation"`}},
		"it fails": {
			func(int, llm.Request) ([]llm.Delta, error) { return nil, errBroken },
			"Sorry about that.", 1, CauseFailed, []string{"error", `"generation"`}},
		"its stream is cut": {
			func(int, llm.Request) ([]llm.Delta, error) { return []llm.Delta{{Text: "Your order is"}}, errBroken },
			"Your order is Sorry about that.", 1, CauseFailed, []string{"error", `"generation"`}},
		"it breaks off": {
			func(int, llm.Request) ([]llm.Delta, error) { return []llm.Delta{{Text: "Your order is"}}, nil },
			"Your order is Sorry about that.", 1, CauseFailed, []string{"error", `"generation"`}},
		"it writes malformed JSON, and is told": {
			func(n int, r llm.Request) ([]llm.Delta, error) {
				result, _ := toolResult(r)
				switch {
				case n == 1:
					return calls("a", "look", `{"order`), nil
				case n == 2 && strings.Contains(result, "not valid JSON"):
					return calls("b", "look", `{"order":"W10002"}`), nil
				case n == 3 && strings.Contains(result, "pending"):
					return says("It is pending."), nil
				}
				return nil, errors.New("it was not told")
			},
			"It is pending.", 3, CauseDone, nil},
		"it calls what does not exist": {
			func(n int, r llm.Request) ([]llm.Delta, error) {
				if result, _ := toolResult(r); strings.Contains(result, "There is no such tool.") {
					return says("I cannot fly."), nil
				}
				return calls("a", "fly", `{}`), nil
			},
			"I cannot fly.", 2, CauseDone, nil},
		"it calls tools without end, and answers when it must": {
			func(_ int, r llm.Request) ([]llm.Delta, error) {
				if r.MustAnswer {
					return says("That is all I know."), nil
				}
				return calls("a", "look", `{"order":"W10002"}`), nil
			},
			"That is all I know.", 4, CauseDone, nil},
		"it calls tools without end": {
			func(int, llm.Request) ([]llm.Delta, error) { return calls("a", "look", `{"order":"W10002"}`), nil },
			"Sorry about that.", 4, CauseFailed, []string{"error", `"generation"`}},
		"the next one takes the turn": {
			func(int, llm.Request) ([]llm.Delta, error) {
				return append([]llm.Delta{{Moved: &llm.Move{From: "a", To: "b", Reason: llm.MovedTimeout, Waited: time.Second}}}, says("Hello.")...), nil
			},
			"Hello.", 1, CauseDone, []string{"brain.moved", `"from":"a"`, `"to":"b"`, `"reason":"timeout"`, `"waited_ms":1000`}},
		"tokens are counted over all steps": {
			func(n int, r llm.Request) ([]llm.Delta, error) {
				if n == 1 {
					return append([]llm.Delta{{Usage: usage}}, calls("a", "look", `{"order":"W10002"}`)...), nil
				}
				return []llm.Delta{{Text: "Done."}, {Finish: llm.FinishStop, Usage: usage}}, nil
			},
			"Done.", 2, CauseDone, []string{"usage", `"input_tokens":20`, `"cached_input_tokens":8`, `"output_tokens":4`}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &faulty{brain: &brain{}, steps: c.steps}
				w := newWorld(t, func(o *Options) {
					o.Engines.Detector, o.Engines.Recognizer, o.Engines.Voice = nil, nil, nil
					o.Engines.Brain, o.Tuning.Limits.Steps = f, 4
				})
				defer w.end()
				w.bench.add(tools.Definition{Name: "look", Effect: tools.Read}, func(_ context.Context, call tools.Call) (string, error) {
					if !strings.HasSuffix(string(call.Arguments), "}") {
						return "", &tools.Error{Code: tools.InvalidArguments, Message: "The arguments are not valid JSON."}
					}
					return `{"status":"pending"}`, nil
				})
				if _, err := w.conv.Say(t.Context(), "Where is it?"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if w.count("reply.done", `"heard":"`+c.heard+`"`) != 1 || w.count("turn.ended", c.cause) != 1 || len(f.requests()) != c.asked {
					t.Errorf("want %q and %s after %d requests, not %d:\n%s", c.heard, c.cause, c.asked, len(f.requests()), w.story())
				}
				if len(c.also) > 0 && w.count(c.also[0], c.also[1:]...) != 1 {
					t.Errorf("want %v:\n%s", c.also, w.story())
				}
			})
		})
	}
}
