// Package rules is the embedded brain: it understands a shop's usual questions by
// patterns and answers them in phrases of a book, in each language that the book
// knows. Whatever the language, what is said is first put into the brain's own
// terms: an intent, order numbers, and English words for the things it names. It
// needs no network and no model, is done within a millisecond, and is honest about what
// it is: every fact that it states comes out of a tool's result, and what it
// does not understand it says.
package rules

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"strings"
	"time"

	"parley/lang"
	"parley/llm"
	"parley/prompts"
)

// english is the language whose patterns are in this package; the others are read
// by the cues in their files.
const english = "en"

// errNoTool says that a tool is not on offer, usually because the caller is not
// signed in.
var errNoTool = errors.New("rules: the tool is not on offer")

// maxText bounds what is read of a caller's words, in bytes; nobody says more in
// one go.
const maxText = 4000

// Brain implements [llm.Brain]. It is safe for use by many goroutines and keeps
// nothing between calls.
type Brain struct {
	book      *prompts.Book
	patterns  []pattern
	ears      map[string]*ear // by language
	languages *lang.Detector
	countries *countries
	now       func() time.Time
	log       *slog.Logger
}

var _ llm.Brain = (*Brain)(nil)

// New makes a brain that speaks the phrases of a book. now is the clock by which
// it says "tomorrow".
func New(book *prompts.Book, now func() time.Time, log *slog.Logger) *Brain {
	b := &Brain{book: book, patterns: compilePatterns(), ears: make(map[string]*ear), languages: lang.New(), countries: newCountries(), now: now, log: log}
	for _, tag := range book.Languages() {
		b.ears[tag] = newEar(book.Understanding(tag), flat)
		if tag == "vi" {
			b.ears[tag].marked = newEar(book.Understanding(tag), flatMarked)
		}
	}
	return b
}

// Generate implements [llm.Brain]: either one tool call, or the answer in
// several pieces, clause by clause.
func (b *Brain) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if ctx.Err() != nil {
			yield(llm.Delta{}, context.Cause(ctx))
			return
		}
		t := fold(b, r)
		if len(t.text) > maxText {
			t.text = strings.ToValidUTF8(t.text[:maxText], "")
			t.words = t.wordsOf(t.text)
		}
		before := t.state
		err := t.plan()
		var want *wanted
		switch {
		case errors.As(err, &want):
			// The state before goes with the call, should nothing more be heard.
			yield(llm.Delta{ToolCall: &want.call, State: before.encode(), Finish: llm.FinishTools}, nil)
			return
		case errors.Is(err, errNoTool):
			t.parts, t.state = nil, state{}
			t.say("cannot_do")
			t.say("can_do")
		case errors.Is(err, errWho):
			t.parts = nil
			t.askWho(before)
		case err != nil:
			b.log.WarnContext(ctx, "rules: a tool's result could not be used", "conversation", r.Conversation, "error", err)
			t.parts, t.state = nil, before
			t.say("tool_failed")
		}
		if t.err != nil {
			yield(llm.Delta{}, t.err)
			return
		}
		b.speak(ctx, t, yield)
	}
}

// speak sends the answer piece by piece, the state with the first.
func (b *Brain) speak(ctx context.Context, t *turn, yield func(llm.Delta, error) bool) {
	text := strings.Join(t.parts, t.gap())
	t.state.Said, t.state.Question = text, ""
	if all := sentences(text); len(all) > 0 && asks(all[len(all)-1]) {
		t.state.Question = all[len(all)-1]
	}
	raw := t.state.encode()
	for _, piece := range clauses(text) {
		if ctx.Err() != nil {
			yield(llm.Delta{}, context.Cause(ctx))
			return
		}
		if !yield(llm.Delta{Text: piece, State: raw}, nil) {
			return
		}
		raw = nil
	}
	yield(llm.Delta{State: raw, Finish: llm.FinishStop}, nil)
}

// asks says whether a sentence is a question.
func asks(sentence string) bool {
	return strings.HasSuffix(sentence, "?") || strings.HasSuffix(sentence, "？") || strings.HasSuffix(sentence, "؟")
}

// clauses cuts an answer after each sentence, and a long sentence after its
// commas. Joined, they are the answer.
func clauses(text string) []string {
	const long = 40 // bytes; a voice says this much in about two seconds
	var out []string
	start := 0
	for i := 0; i+1 < len(text); i++ {
		if end := wideEnd(text, i); end > i && end < len(text) {
			out = append(out, text[start:end])
			start = end
			continue
		}
		if text[i+1] != ' ' {
			continue
		}
		switch text[i] {
		case '.', '?', '!':
		case ',', ';', ':':
			if i-start < long {
				continue
			}
		default:
			continue
		}
		out = append(out, text[start:i+2])
		start = i + 2
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}
