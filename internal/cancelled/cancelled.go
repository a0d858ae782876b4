// Package cancelled is the test that every brain behind a network must pass: a turn
// that is cancelled, whatever its brain is doing, returns at once and leaves nothing
// behind.
package cancelled

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/llm"
)

// Phase is what a brain is doing when its turn is cancelled.
type Phase struct {
	Name string
	// Sent is what the server has sent by then; nil for nothing, not even headers.
	Sent []string
	// Deltas is how many the brain has given out by then.
	Deltas int
}

// Turns is how many turns are cancelled in all, over all phases.
const Turns = 10_000

// within is how soon a cancelled turn must return.
const within = 5 * time.Millisecond

var errCancelled = errors.New("the caller spoke")

// outcome is one cancelled turn.
type outcome struct {
	took time.Duration
	err  error
}

// Run cancels turns of a brain that open makes for a server's address, while it
// connects and then in each phase, and holds the time and what is left against
// their bounds. contentType is that of the server's answers.
func Run(t *testing.T, contentType string, open func(address string, c *http.Client) llm.Brain, closeBrain func(llm.Brain), phases []Phase) {
	before := goleak.IgnoreCurrent()
	each := Turns / (len(phases) + 1)
	var heap []uint64
	t.Run("connecting", func(t *testing.T) { connecting(t, each, open, closeBrain) })
	for _, p := range phases {
		t.Run(p.Name, func(t *testing.T) { inPhase(t, each, contentType, p, open, closeBrain) })
		heap = append(heap, inUse())
	}
	// The first phase fills pools; what grows after that is lost for good.
	const allowed = 2 << 20
	if first, last := heap[0], heap[len(heap)-1]; last > first+allowed {
		t.Errorf("the heap grew from %d to %d bytes over %d cancelled turns", first, last, Turns)
	}
	goleak.VerifyNone(t, before)
}

// inUse is the heap that is in use after everything unused is gone.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// connecting cancels turns whose connection does not come about.
func connecting(t *testing.T, turns int, open func(string, *http.Client) llm.Brain, closeBrain func(llm.Brain)) {
	dialing := make(chan struct{}, 1)
	brain := open("http://provider.invalid", &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		dialing <- struct{}{}
		<-r.Context().Done()
		return nil, r.Context().Err()
	})})
	defer closeBrain(brain)
	var all []outcome
	for range turns {
		all = append(all, cancelAfter(brain, func(int) bool { return false }, dialing))
	}
	judge(t, all)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// inPhase cancels turns in one phase, a few at a time over real connections.
func inPhase(t *testing.T, turns int, contentType string, p Phase, open func(string, *http.Client) llm.Brain, closeBrain func(llm.Brain)) {
	reached := make(chan struct{}, 1)
	var left atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.Sent != nil {
			w.Header().Set("Content-Type", contentType)
			for _, part := range p.Sent {
				_, _ = w.Write([]byte(part))
			}
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = io.Copy(io.Discard, r.Body) // else the server would not see the client leave
		if p.Deltas == 0 {
			reached <- struct{}{}
		}
		<-r.Context().Done()
		left.Add(1)
	}))
	defer s.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	brain := open(s.URL, &http.Client{Transport: transport})
	defer closeBrain(brain)
	var all []outcome
	for range turns {
		all = append(all, cancelAfter(brain, func(n int) bool { return p.Deltas > 0 && n == p.Deltas }, reached))
	}
	judge(t, all)
	s.Close()
	if n := int(left.Load()); n != turns {
		t.Errorf("the server saw %d of %d turns end", n, turns)
	}
}

// cancelAfter runs one turn and cancels it when enough deltas have come or the
// server says that it has been reached.
func cancelAfter(brain llm.Brain, enough func(deltas int) bool, reached <-chan struct{}) (o outcome) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var began atomic.Pointer[time.Time]
	stop := func() {
		now := time.Now()
		began.CompareAndSwap(nil, &now)
		cancel(errCancelled)
	}
	var watching sync.WaitGroup
	over := make(chan struct{})
	watching.Go(func() {
		select {
		case <-reached:
			stop()
		case <-over:
		}
	})
	n := 0
	for _, err := range brain.Generate(ctx, request()) {
		if o.err = err; err == nil {
			if n++; enough(n) {
				stop()
			}
		}
	}
	if at := began.Load(); at != nil {
		o.took = time.Since(*at)
	}
	close(over)
	watching.Wait()
	return o
}

func request() llm.Request {
	return llm.Request{
		Messages: []llm.Message{{Role: llm.User, Text: "Where is my order?"}},
		Tools:    []llm.Tool{{Name: "get_order", Description: "Looks an order up.", Parameters: []byte(`{"type":"object","properties":{}}`)}},
	}
}

// judge holds the turns against their bounds. A machine that others use may stop any
// program for longer than that, so one turn in fifty may be late.
func judge(t *testing.T, all []outcome) {
	t.Helper()
	times := make([]time.Duration, 0, len(all))
	for _, o := range all {
		if !errors.Is(o.err, errCancelled) {
			t.Fatalf("a cancelled turn ended with %v", o.err)
		}
		times = append(times, o.took)
	}
	slices.Sort(times)
	at := func(q float64) time.Duration { return times[int(q*float64(len(times)-1))] }
	t.Logf("n=%d p50=%v p98=%v p99=%v max=%v", len(times), at(.5), at(.98), at(.99), at(1))
	if at(.98) > within {
		t.Errorf("cancelled turns return after p50 %v, p98 %v, at most %v; want %v", at(.5), at(.98), at(1), within)
	}
}
