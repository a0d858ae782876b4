package failover

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"parley/internal/provider"
)

// member is one brain of the list with what is known of its health. It is safe
// for use by many goroutines.
type member struct {
	Named
	breaker circuitbreaker.CircuitBreaker[any]
	// until is when a provider that asked to be left alone may be asked again, in
	// nanoseconds since 1970; 0 is now.
	until atomic.Int64
}

func newMember(n Named, o Options) *member {
	return &member{Named: n, breaker: circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(uint(o.Failures)).
		WithSuccessThreshold(1).
		WithDelay(o.Rest).
		Build()}
}

// rests says whether the brain is to be left alone now.
func (m *member) rests() bool {
	return time.Now().UnixNano() < m.until.Load() || m.breaker.IsOpen() && m.breaker.RemainingDelay() > 0
}

// acquire says whether the brain may be asked. If so, learn or unknown must follow:
// after its rest a brain is tried by one turn at a time.
func (m *member) acquire() bool {
	return time.Now().UnixNano() >= m.until.Load() && m.breaker.TryAcquirePermit()
}

// learn takes note of how an answer ended.
func (m *member) learn(err error) {
	if err == nil || !blames(err) {
		m.breaker.RecordSuccess()
		return
	}
	m.breaker.RecordFailure()
	if e, ok := errors.AsType[*provider.Error](err); ok && e.RetryAfter > 0 {
		m.until.Store(time.Now().Add(min(e.RetryAfter, maxRest)).UnixNano())
	}
}

// unknown takes note of an answer that nobody waited for. While a brain is on
// trial that must be told to the breaker in some way, or the trial never ends; a
// brain that had not begun to answer is not trusted yet.
func (m *member) unknown(began bool) {
	switch {
	case began:
		m.breaker.RecordSuccess()
	case m.breaker.IsHalfOpen():
		m.breaker.RecordFailure()
	}
}

// blames says whether an error speaks against the brain and not against what it
// was asked: another question may do better.
func blames(err error) bool {
	if errors.Is(err, errSlow) {
		return true
	}
	return !errors.Is(err, provider.Rejected) && !errors.Is(err, provider.TooLong) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}
