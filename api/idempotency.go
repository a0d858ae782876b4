package api

import (
	"container/list"
	"context"
	"net/http"
	"sync"
	"time"
)

// How long and how many idempotency keys are remembered.
const (
	keepIdempotent = 24 * time.Hour
	maxIdempotent  = 10_000
	maxIdempotency = 255 // bytes of a key
)

// idempotent makes what is asked twice under one key happen once. It is safe for
// use by many goroutines.
type idempotent struct {
	mu    sync.Mutex
	known map[string]*list.Element
	order list.List // of *attempt, the oldest in front
}

// attempt is one doing; id and err are set once done is closed.
type attempt struct {
	key  string
	at   time.Time
	done chan struct{}
	id   string
	err  error
}

// do gives what make gave for this key, or makes it. A failure is not remembered.
func (i *idempotent) do(ctx context.Context, who, key string, create func() (string, error)) (string, error) {
	if key == "" {
		return create()
	}
	if !validIdempotencyKey(key) {
		return "", problem(http.StatusBadRequest, "bad-idempotency-key", "An Idempotency-Key has from 1 to %d visible ASCII characters.", maxIdempotency)
	}
	a, first := i.attempt(who + "\x00" + key)
	if !first {
		select {
		case <-a.done:
			return a.id, a.err
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
	defer func() { // also when create panics; then nothing was made
		if a.err != nil {
			i.forget(a)
		}
		close(a.done)
	}()
	a.err = problem(http.StatusInternalServerError, "internal", "Something failed on our side; it has been logged.")
	a.id, a.err = create()
	return a.id, a.err
}

// attempt finds or begins the doing of a key.
func (i *idempotent) attempt(key string) (a *attempt, first bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for e := i.order.Front(); e != nil && (i.order.Len() >= maxIdempotent || time.Since(e.Value.(*attempt).at) > keepIdempotent); e = i.order.Front() {
		delete(i.known, e.Value.(*attempt).key)
		i.order.Remove(e)
	}
	if e := i.known[key]; e != nil {
		return e.Value.(*attempt), false
	}
	a = &attempt{key: key, at: time.Now(), done: make(chan struct{})}
	if i.known == nil {
		i.known = make(map[string]*list.Element)
	}
	i.known[key] = i.order.PushBack(a)
	return a, true
}

func (i *idempotent) forget(a *attempt) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if e := i.known[a.key]; e != nil && e.Value == a {
		delete(i.known, a.key)
		i.order.Remove(e)
	}
}

func validIdempotencyKey(key string) bool {
	for _, b := range []byte(key) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return len(key) <= maxIdempotency
}
