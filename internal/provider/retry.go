package provider

import (
	"context"
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

const (
	// retryDelay is the pause before the second try when the provider asks for none.
	retryDelay = 100 * time.Millisecond
	// MaxRetryAfter is the longest wish of a provider that is granted. Someone is
	// on the line: beyond that the next brain, or an apology, serves them better.
	MaxRetryAfter = time.Second
)

// Once runs try, and once more if it failed in a way that may pass (see
// [Retryable]). try must not have given anything out when it fails. Once returns
// soon after ctx ends, with ctx's cause.
func Once[R any](ctx context.Context, c *Client, try func() (R, error)) (R, error) {
	policy := retrypolicy.NewBuilder[R]().
		WithMaxRetries(1).
		HandleIf(func(_ R, err error) bool {
			var e *Error
			return Retryable(err) && errors.As(err, &e) && e.RetryAfter <= MaxRetryAfter
		}).
		WithDelayFunc(func(exec failsafe.ExecutionAttempt[R]) time.Duration {
			var e *Error
			if errors.As(exec.LastError(), &e) && e.RetryAfter > 0 {
				return e.RetryAfter
			}
			return retryDelay
		}).
		OnRetryScheduled(func(ev failsafe.ExecutionScheduledEvent[R]) {
			c.log.WarnContext(ctx, "trying the provider once more", "engine", c.op, "error", ev.LastError(), "delay", ev.Delay)
		}).
		ReturnLastFailure().
		Build()
	r, err := failsafe.With[R](policy).WithContext(ctx).Get(try)
	if err != nil && ctx.Err() != nil {
		return r, context.Cause(ctx)
	}
	return r, err
}
