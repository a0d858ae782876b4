package provider

import (
	"context"
	"time"
)

// Watch is a context that ends when a provider takes too long for its next step.
// One goroutine uses it. It starts none of its own.
type Watch struct {
	c      *Client
	parent context.Context
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

// Watch makes a watch below ctx; the caller must Stop it.
func (c *Client) Watch(ctx context.Context) *Watch {
	w := &Watch{c: c, parent: ctx}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	return w
}

// Context is the context for the request that is watched.
func (w *Watch) Context() context.Context { return w.ctx }

// Within gives the next step d to happen, in place of the step before. complaint
// is the message of the error if it does not.
func (w *Watch) Within(d time.Duration, complaint string) {
	w.Rest()
	w.timer = time.AfterFunc(d, func() {
		w.cancel(&Error{Kind: Timeout, Op: w.c.op, Endpoint: w.c.base, Message: complaint})
	})
}

// Rest stops the clock: it is our own turn to act, not the provider's.
func (w *Watch) Rest() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// Stop ends the watch and the request's context.
func (w *Watch) Stop() {
	w.Rest()
	w.cancel(context.Canceled)
}

// Cause is what to tell of an error: the parent's cause when that has ended, the
// time-out when that is what broke the request, otherwise err.
func (w *Watch) Cause(err error) error {
	if w.parent.Err() != nil {
		return context.Cause(w.parent)
	}
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	return err
}
