package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Host keeps the conversations of a server: it starts them, finds them by id,
// and waits for them. It is safe for use by many goroutines.
type Host struct {
	limit int

	mu            sync.Mutex
	closed        bool
	conversations map[string]*hosted
	running       sync.WaitGroup
}

type hosted struct {
	conversation *Conversation
	stop         context.CancelCauseFunc
}

// NewHost makes a host for at most limit conversations at once.
func NewHost(limit int) *Host {
	return &Host{limit: limit, conversations: make(map[string]*hosted)}
}

// Why a host takes no conversation.
var (
	ErrFull    = errors.New("agent: as many conversations as are allowed at once are under way")
	ErrClosing = errors.New("agent: no new conversations are taken, the server is shutting down")
)

// Begin makes a conversation and runs it until End, Close or its own end.
func (h *Host) Begin(opts Options) (*Conversation, error) {
	c, err := New(opts)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, ErrClosing
	case len(h.conversations) >= h.limit:
		return nil, ErrFull
	case h.conversations[c.ID()] != nil:
		return nil, fmt.Errorf("agent: there is already a conversation %q", c.ID())
	}
	ctx, stop := context.WithCancelCause(context.Background())
	h.conversations[c.ID()] = &hosted{c, stop}
	h.running.Go(func() {
		defer stop(nil)
		c.log.Info("conversation begins", "customer", opts.Caller.CustomerID)
		cause := c.Run(ctx)
		c.log.Info("conversation ends", "cause", cause, "took", time.Since(c.began).Round(time.Millisecond), "dropped", c.Dropped())
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.conversations, c.ID())
	})
	return c, nil
}

// Find returns the conversation with this id, nil if there is none.
func (h *Host) Find(id string) *Conversation {
	h.mu.Lock()
	defer h.mu.Unlock()
	if found := h.conversations[id]; found != nil {
		return found.conversation
	}
	return nil
}

// Count is how many conversations are under way.
func (h *Host) Count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.conversations)
}

// End ends a conversation. It returns before that is done; see
// [Conversation.Done].
func (h *Host) End(id string, cause error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if found := h.conversations[id]; found != nil {
		found.stop(cause)
	}
}

// Close takes no more conversations, ends those under way and waits until they
// have ended or ctx has.
func (h *Host) Close(ctx context.Context, cause error) error {
	h.mu.Lock()
	h.closed = true
	for _, found := range h.conversations {
		found.stop(cause)
	}
	h.mu.Unlock()
	idle := make(chan struct{})
	go func() { h.running.Wait(); close(idle) }()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for conversations to end: %w", context.Cause(ctx))
	}
}
