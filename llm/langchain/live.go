package langchain

import (
	"context"
	"encoding/json"
	"sync"

	"parley/llm"
)

// live is what the stream below the library tells us past it. It is safe for use
// by the library's goroutine and ours.
type live struct {
	// signs has a token when something has come since it was last read.
	signs chan struct{}

	mu         sync.Mutex
	stopReason string
	tokens     llm.Usage
	told       bool // tokens were told
}

func newLive() *live { return &live{signs: make(chan struct{}, 1)} }

type liveKey struct{}

// in puts it where the request's body finds it.
func (l *live) in(ctx context.Context) context.Context { return context.WithValue(ctx, liveKey{}, l) }

// liveIn finds it again.
func liveIn(ctx context.Context) *live {
	if l, ok := ctx.Value(liveKey{}).(*live); ok {
		return l
	}
	return newLive()
}

func (l *live) sign() {
	select {
	case l.signs <- struct{}{}:
	default:
	}
}

func (l *live) stop() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stopReason
}

// note keeps what an event says of the answer as a whole.
func (l *live) note(reason string, u usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if reason != "" {
		l.stopReason = reason
	}
	if u.Input != nil {
		l.tokens.Input, l.tokens.CachedInput = *u.Input+u.CacheWrite+u.CacheRead, u.CacheRead
		l.told = true
	}
	if u.Output != nil {
		l.tokens.Output = *u.Output
		l.told = true
	}
}

// usage is what the provider told; nil if nothing.
func (l *live) usage() *llm.Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.told {
		return nil
	}
	u := l.tokens
	return &u
}

// malformed is the key under which arguments that are no JSON object pass the
// library, which would give up on them.
const malformed = "\u0000malformed"

// unwrap gives back what a model wrote, as it wrote it.
func (l *live) unwrap(arguments string) json.RawMessage {
	var v map[string]json.RawMessage
	var raw string
	if json.Unmarshal([]byte(arguments), &v) == nil && len(v) == 1 && json.Unmarshal(v[malformed], &raw) == nil {
		return json.RawMessage(raw)
	}
	if arguments == "" || arguments == "null" {
		return json.RawMessage("{}")
	}
	return json.RawMessage(arguments)
}
