// Package failover makes one brain of several: one that fails, says nothing in
// time, or has failed often of late, is followed by the next before the caller has
// heard anything. The last in the list is the last resort: it is always asked.
package failover

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"time"

	"parley/internal/provider"
	"parley/llm"
)

// The bounds that hold when [Options] leave them at zero. All are shorter than
// what a caller waits in silence before they ask whether somebody is there.
const (
	// DefaultFirstToken is how long a brain that others follow may take to its first
	// word.
	DefaultFirstToken = 2500 * time.Millisecond
	// DefaultBudget bounds the wait for all brains but the last.
	DefaultBudget = 5 * time.Second
	// DefaultFailures is how many failures in a row open a brain's breaker.
	DefaultFailures = 3
	// DefaultRest is how long a brain with an open breaker is left alone.
	DefaultRest = 20 * time.Second
	// maxRest bounds how long a provider's Retry-After is heeded.
	maxRest = 10 * time.Minute
)

// Named is a brain with a name for logs, metrics and events.
type Named struct {
	Name  string
	Brain llm.Brain
	// FirstToken is how long this one may take to its first word; 0 means
	// Options.FirstToken. The last brain of a list may take as long as it likes.
	FirstToken time.Duration
}

// Observer is told of every move of a turn, also of one that is made in advance
// and thrown away. It is called by the goroutine that generates: it must not wait,
// and must be safe for use by many goroutines.
type Observer interface {
	Moved(conversation string, m llm.Move)
}

// Options say how patient a list of brains is.
type Options struct {
	// FirstToken, Budget, Failures and Rest: see the defaults. 0 means the default.
	FirstToken, Budget time.Duration
	Failures           int
	Rest               time.Duration
	// Observer may be nil.
	Observer Observer
	// Log may be nil.
	Log *slog.Logger
}

// Brain asks its brains in order of preference. It implements [llm.Brain] and
// [llm.Warmer], is safe for use by many goroutines and starts none but in Warm.
type Brain struct {
	o       Options
	members []*member
}

var (
	_ llm.Brain      = (*Brain)(nil)
	_ llm.Warmer     = (*Brain)(nil)
	_ llm.Summarizer = (*Brain)(nil)
)

// New makes a brain of at least one.
func New(o Options, brains ...Named) (*Brain, error) {
	if len(brains) == 0 {
		return nil, errors.New("llm/failover: no brain given")
	}
	o.FirstToken = positive(o.FirstToken, DefaultFirstToken)
	o.Budget = positive(o.Budget, DefaultBudget)
	o.Failures = positive(o.Failures, DefaultFailures)
	o.Rest = positive(o.Rest, DefaultRest)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b := &Brain{o: o}
	for _, n := range brains {
		n.FirstToken = positive(n.FirstToken, o.FirstToken)
		b.members = append(b.members, newMember(n, o))
	}
	return b, nil
}

func positive[T int | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// Names lists the brains in order.
func (b *Brain) Names() string {
	names := make([]string, len(b.members))
	for i, m := range b.members {
		names[i] = m.Name
	}
	return strings.Join(names, ", ")
}

// Warm implements [llm.Warmer]: all brains that can get ready do, side by side,
// but for those that are left alone.
func (b *Brain) Warm(ctx context.Context) error {
	failures := make([]error, len(b.members))
	var all sync.WaitGroup
	for i, m := range b.members {
		w, ok := m.Brain.(llm.Warmer)
		if !ok || m.rests() {
			continue
		}
		all.Go(func() {
			if err := w.Warm(ctx); err != nil {
				failures[i] = fmt.Errorf("%s: %w", m.Name, err)
			}
		})
	}
	all.Wait()
	return errors.Join(failures...)
}

// Summarize implements [llm.Summarizer] with the first brain that can and is not
// left alone.
func (b *Brain) Summarize(ctx context.Context, earlier string, messages []llm.Message) (string, error) {
	for _, m := range b.members {
		if s, ok := m.Brain.(llm.Summarizer); ok && !m.rests() {
			return s.Summarize(ctx, earlier, messages)
		}
	}
	return "", fmt.Errorf("llm/failover: no brain here can sum up: %w", errors.ErrUnsupported)
}

// Generate implements [llm.Brain]. Once a brain has begun to answer, its error is
// final: what has been said cannot be taken back. A history that is too long for a
// brain is shortened once, and the same brain asked again.
func (b *Brain) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		t := &turn{b: b, r: r, yield: yield, began: time.Now()}
		t.run(ctx)
	}
}

// turn is one answer on its way through the list. One goroutine uses it.
type turn struct {
	b     *Brain
	r     llm.Request
	yield func(llm.Delta, error) bool
	began time.Time

	said     bool // something was handed on: there is no way back
	stopped  bool // the reader wants no more
	failures []error
}

func (t *turn) run(ctx context.Context) {
	last := len(t.b.members) - 1
	for i, m := range t.b.members {
		var reason string
		var err error
		left := t.b.o.Budget - time.Since(t.began)
		switch {
		case i == last:
			if err = t.ask(ctx, m, 0); err == nil {
				return
			}
		case left <= 0:
			reason, err = llm.MovedBudget, errBudget
		case !m.acquire():
			reason, err = llm.MovedResting, errResting
		default:
			if err = t.ask(ctx, m, min(m.FirstToken, left)); err == nil {
				return
			}
			reason = reasonOf(err)
		}
		if t.said || ctx.Err() != nil {
			t.yield(llm.Delta{}, err)
			return
		}
		t.failures = append(t.failures, fmt.Errorf("%s: %w", m.Name, err))
		if i < last && !t.move(m, t.b.members[i+1], reason, err) {
			return
		}
	}
	t.yield(llm.Delta{}, fmt.Errorf("every brain failed: %w", errors.Join(t.failures...)))
}

// Why a brain was not asked, or was left.
var (
	errBudget  = errors.New("not asked: the brains before it took all the time there is")
	errResting = errors.New("not asked: it is left alone for a while")
	errSilent  = errors.New("it said nothing")
	errSlow    = errors.New("no first word in time")
)

func reasonOf(err error) string {
	switch {
	case errors.Is(err, errSilent):
		return llm.MovedSilent
	case errors.Is(err, errSlow), errors.Is(err, provider.Timeout):
		return llm.MovedTimeout
	default:
		return llm.MovedError
	}
}

// move tells of a move; false when the reader wants no more.
func (t *turn) move(from, to *member, reason string, err error) bool {
	m := llm.Move{From: from.Name, To: to.Name, Reason: reason, Waited: time.Since(t.began)}
	if reason != llm.MovedBudget && reason != llm.MovedResting {
		m.Err = err
	}
	t.b.o.Log.Warn("the next brain takes the turn", "from", m.From, "to", m.To, "reason", reason,
		"conversation", t.r.Conversation, "waited", m.Waited.Round(time.Millisecond), "err", err)
	if t.b.o.Observer != nil {
		t.b.o.Observer.Moved(t.r.Conversation, m)
	}
	return t.yield(llm.Delta{Moved: &m}, nil)
}

// ask hands on one brain's answer. within bounds the wait for its first word; 0
// is no bound. What it returns has not been handed on.
func (t *turn) ask(ctx context.Context, m *member, within time.Duration) error {
	err := t.pass(ctx, m, t.r, within)
	if err != nil && !t.said && ctx.Err() == nil && errors.Is(err, provider.TooLong) {
		if shorter, ok := llm.Shorten(t.r); ok {
			t.b.o.Log.Warn("the history is too long for the brain, the older half is left out", "brain", m.Name,
				"conversation", t.r.Conversation, "messages", len(t.r.Messages), "left", len(shorter.Messages), "err", err)
			if within > 0 {
				within = max(within-time.Since(t.began), within/2)
			}
			err = t.pass(ctx, m, shorter, within)
		}
	}
	switch {
	case t.stopped && err == nil, ctx.Err() != nil:
		m.unknown(t.said)
	default:
		m.learn(err)
	}
	return err
}

// pass asks once.
func (t *turn) pass(ctx context.Context, m *member, r llm.Request, within time.Duration) error {
	inTime := func() bool { return true }
	if within > 0 {
		bounded, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		timer := time.AfterFunc(within, func() { cancel(fmt.Errorf("%w (%s)", errSlow, within)) })
		defer timer.Stop()
		ctx, inTime = bounded, timer.Stop
	}
	var usage *llm.Usage
	for d, err := range m.Brain.Generate(ctx, r) {
		switch {
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		}
		if d.Usage != nil {
			usage = d.Usage
		}
		if !t.said {
			d.Text = strings.TrimLeft(d.Text, " \t\r\n")
			if d.Text == "" && d.ToolCall == nil && d.State == nil && d.Finish != llm.FinishRefused {
				continue // an empty answer, or nothing yet
			}
			if !inTime() {
				return context.Cause(ctx)
			}
			t.said = true
		}
		if d.Finish != "" {
			d.Usage = usage
		}
		if !t.yield(d, nil) {
			t.stopped = true
			return nil
		}
	}
	switch {
	case t.said:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		return errSilent
	}
}
