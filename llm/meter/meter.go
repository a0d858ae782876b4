// Package meter counts the tokens that brains behind a provider take, for each
// conversation and for the day, and says when a bound has been reached. What a
// provider does not tell, because an answer was cut off or it never does, is
// estimated: a turn that was made in advance and thrown away has its price as well.
package meter

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"parley/llm"
)

// Options bound and report what is spent.
type Options struct {
	// Conversation and Day bound the tokens, in and out together; 0 is no bound.
	Conversation, Day int
	// Now is the clock by whose date a day ends; nil means time.Now.
	Now func() time.Time
	// Spent, if not nil, is told of every answer. It must not wait and must be safe
	// for use by many goroutines.
	Spent func(brain string, u llm.Usage, estimated bool)
}

// Meter counts. It is safe for use by many goroutines. What it knows ends with the
// program.
type Meter struct {
	o Options

	mu            sync.Mutex
	day           string // the date that today's tokens belong to
	today         int
	conversations map[string]*account
}

// account is what one conversation has taken.
type account struct {
	tokens int
	used   time.Time
}

// maxAccounts is how many conversations are kept before old ones are forgotten: many
// times as many as a machine holds at once.
const maxAccounts = 8192

// New makes a meter that stands at zero.
func New(o Options) *Meter {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Meter{o: o, conversations: make(map[string]*account)}
}

// Over says whether a conversation may take no more tokens, because of its own bound
// or the day's.
func (m *Meter) Over(conversation string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(m.o.Now())
	if m.o.Day > 0 && m.today >= m.o.Day {
		return true
	}
	a := m.conversations[conversation]
	return a != nil && m.o.Conversation > 0 && a.tokens >= m.o.Conversation
}

// Tokens is what a conversation has taken so far, and what the day has.
func (m *Meter) Tokens(conversation string) (of, today int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(m.o.Now())
	if a := m.conversations[conversation]; a != nil {
		of = a.tokens
	}
	return of, m.today
}

// turn begins a new day when the date has changed.
func (m *Meter) turn(now time.Time) {
	if day := now.Format(time.DateOnly); day != m.day {
		m.day, m.today = day, 0
	}
}

// add takes note of an answer.
func (m *Meter) add(brain, conversation string, u llm.Usage, estimated bool) {
	if m.o.Spent != nil {
		m.o.Spent(brain, u, estimated)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.o.Now()
	m.turn(now)
	m.today += u.Input + u.Output
	a := m.conversations[conversation]
	if a == nil {
		m.forget()
		a = &account{}
		m.conversations[conversation] = a
	}
	a.tokens += u.Input + u.Output
	a.used = now
}

// forget makes room when there are as many as are kept: those that have been silent
// longest go, several at once so that this is rarely done.
func (m *Meter) forget() {
	if len(m.conversations) < maxAccounts {
		return
	}
	ids := slices.SortedFunc(maps.Keys(m.conversations), func(a, b string) int {
		return m.conversations[a].used.Compare(m.conversations[b].used)
	})
	for _, id := range ids[:maxAccounts/8] {
		delete(m.conversations, id)
	}
}

// Wrap has a brain's answers counted. The result is an [llm.Warmer] and an
// [llm.Summarizer], which do what the brain's do, or nothing.
func (m *Meter) Wrap(name string, b llm.Brain) llm.Brain { return &metered{m, name, b} }

// metered is a brain whose answers are counted.
type metered struct {
	m     *Meter
	name  string
	brain llm.Brain
}

// Warm implements [llm.Warmer].
func (b *metered) Warm(ctx context.Context) error {
	if w, ok := b.brain.(llm.Warmer); ok {
		return w.Warm(ctx)
	}
	return nil
}

// Summarize implements [llm.Summarizer]. What it takes is counted for the day alone.
func (b *metered) Summarize(ctx context.Context, earlier string, messages []llm.Message) (string, error) {
	if _, ok := b.brain.(llm.Summarizer); !ok {
		return "", fmt.Errorf("%s cannot sum up: %w", b.name, errors.ErrUnsupported)
	}
	return llm.Summarize(ctx, b, earlier, messages)
}

// Generate implements [llm.Brain].
func (b *metered) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		var told *llm.Usage
		out, began := 0, false
		defer func() {
			switch {
			case told != nil:
				b.m.add(b.name, r.Conversation, *told, false)
			case began || ctx.Err() != nil:
				// A provider that failed before a word asks for nothing; one that was cut
				// off has read all the same.
				b.m.add(b.name, r.Conversation, llm.Usage{Input: llm.Estimate(r), Output: out}, true)
			}
		}()
		for d, err := range b.brain.Generate(ctx, r) {
			if err == nil {
				began = true
				out += llm.EstimateText(d.Text)
				if d.ToolCall != nil {
					out += llm.EstimateMessage(llm.Message{ToolCalls: []llm.ToolCall{*d.ToolCall}})
				}
				if d.Usage != nil {
					told = d.Usage
				}
			}
			if !yield(d, err) {
				return
			}
		}
	}
}
