// Package failover makes one brain of several: when one fails before it has
// said anything, the next takes the turn.
package failover

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"

	"parley/llm"
)

// Named is a brain with a name for logs.
type Named struct {
	Name  string
	Brain llm.Brain
}

// Brain asks its brains in order of preference. It implements llm.Brain.
type Brain struct {
	brains []Named
	log    *slog.Logger
}

// New makes a brain of at least one.
func New(log *slog.Logger, brains ...Named) (*Brain, error) {
	if len(brains) == 0 {
		return nil, errors.New("llm/failover: no brain given")
	}
	return &Brain{brains: brains, log: log}, nil
}

// Generate implements llm.Brain. Once a brain has begun to answer, its error is
// final: what has been said cannot be taken back.
func (b *Brain) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		var failures []error
		for _, named := range b.brains {
			began, err := pass(ctx, named.Brain, r, yield)
			switch {
			case err == nil:
				return
			case began || ctx.Err() != nil:
				yield(llm.Delta{}, err)
				return
			}
			b.log.Warn("a brain failed, the next takes the turn", "brain", named.Name, "conversation", r.Conversation, "err", err)
			failures = append(failures, fmt.Errorf("%s: %w", named.Name, err))
		}
		yield(llm.Delta{}, fmt.Errorf("every brain failed: %w", errors.Join(failures...)))
	}
}

// Names lists the brains in order.
func (b *Brain) Names() string {
	names := make([]string, len(b.brains))
	for i, n := range b.brains {
		names[i] = n.Name
	}
	return strings.Join(names, ", ")
}

// pass hands on one brain's answer. It says whether anything was handed on; an
// error is returned and not handed on.
func pass(ctx context.Context, b llm.Brain, r llm.Request, yield func(llm.Delta, error) bool) (began bool, err error) {
	for d, err := range b.Generate(ctx, r) {
		if err != nil {
			return began, err
		}
		began = true
		if !yield(d, nil) {
			return true, nil
		}
	}
	if !began && ctx.Err() == nil {
		return false, errors.New("it said nothing")
	}
	return began, nil
}
