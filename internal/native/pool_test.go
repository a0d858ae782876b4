package native

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// block starts work that runs until the returned function is called.
func block(t *testing.T, p *Pool) (release func()) {
	t.Helper()
	done := make(chan struct{})
	if err := p.Start(t.Context(), time.Time{}, func() { <-done }); err != nil {
		t.Fatal(err)
	}
	return func() { close(done) }
}

func TestNoMoreRunAtOnceThanThereAreSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(2, 10)
		running, most := 0, 0
		change := make(chan int)
		for range 6 {
			go func() {
				if err := p.Start(t.Context(), time.Time{}, func() {
					change <- 1
					<-time.After(time.Second)
					change <- -1
				}); err != nil {
					t.Error(err)
				}
			}()
		}
		start := time.Now()
		for range 12 {
			running += <-change
			most = max(most, running)
		}
		if most != 2 || time.Since(start) != 3*time.Second {
			t.Errorf("%d ran at once, for %v", most, time.Since(start))
		}
		p.Close()
	})
}

func TestWhoIsDueFirstGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(1, 10)
		release := block(t, p)
		now := time.Now()
		order := make(chan string, 5)
		wait := func(name string, start func(work func()) error) {
			go func() {
				if err := start(func() { order <- name }); err != nil {
					t.Error(name, err)
				}
			}()
			synctest.Wait()
		}
		due := func(d time.Duration) func(func()) error {
			return func(work func()) error { return p.Start(t.Context(), now.Add(d), work) }
		}
		wait("idle", func(work func()) error { return p.StartIdle(t.Context(), work) })
		wait("late", due(3*time.Second))
		wait("early", due(time.Second))
		wait("early too", due(time.Second))
		wait("middle", due(2*time.Second))
		if n := p.Waiting(); n != 4 {
			t.Errorf("%d wait", n)
		}
		release()
		var got []string
		for range 5 {
			got = append(got, <-order)
		}
		if want := []string{"early", "early too", "middle", "late", "idle"}; !slices.Equal(got, want) {
			t.Errorf("the order was %q", got)
		}
		p.Close()
	})
}

func TestACancelledCallLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(1, 1)
		release := block(t, p)
		cause := errors.New("the caller hung up")
		ctx, cancel := context.WithCancelCause(t.Context())
		result := make(chan error)
		go func() { result <- p.Start(ctx, time.Time{}, func() { t.Error("it ran") }) }()
		synctest.Wait()
		if err := p.Start(t.Context(), time.Time{}, func() {}); !errors.Is(err, ErrFull) {
			t.Errorf("a queue of one took two: %v", err)
		}
		cancel(cause)
		if err := <-result; !errors.Is(err, cause) {
			t.Errorf("cancelled: %v", err)
		}
		if err := p.Start(ctx, time.Time{}, func() { t.Error("it ran") }); !errors.Is(err, cause) {
			t.Errorf("cancelled before: %v", err)
		}
		release()
		ran := make(chan struct{})
		if err := p.Start(t.Context(), time.Time{}, func() { close(ran) }); err != nil {
			t.Error(err)
		}
		<-ran
		p.Close()
	})
}

func TestIdleWorkLeavesASlotFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(2, 10)
		done := make(chan struct{})
		if err := p.TryStart(func() { <-done }); err != nil {
			t.Fatal(err)
		}
		if err := p.TryStart(func() {}); !errors.Is(err, ErrFull) {
			t.Errorf("idle work took the last slot: %v", err)
		}
		started := false
		go func() {
			if err := p.StartIdle(t.Context(), func() { started = true }); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		if started {
			t.Error("idle work took the last slot")
		}
		// What is urgent passes the idle work that waits.
		release := block(t, p)
		release()
		synctest.Wait()
		if started {
			t.Error("idle work took the last slot after an urgent call")
		}
		close(done)
		synctest.Wait()
		if !started {
			t.Error("idle work did not start when there was room")
		}
		p.Close()
	})
}

func TestCloseFailsWhoWaitsAndWaitsForWhoRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(1, 10)
		finished := false
		if err := p.Start(t.Context(), time.Time{}, func() { <-time.After(time.Second); finished = true }); err != nil {
			t.Fatal(err)
		}
		result := make(chan error)
		go func() { result <- p.Start(t.Context(), time.Time{}, func() { t.Error("it ran") }) }()
		synctest.Wait()
		closed := make(chan struct{})
		go func() { p.Close(); close(closed) }()
		if err := <-result; !errors.Is(err, ErrClosed) {
			t.Errorf("who waited got %v", err)
		}
		<-closed
		if !finished {
			t.Error("Close did not wait")
		}
		for _, err := range []error{p.Start(t.Context(), time.Time{}, nil), p.StartIdle(t.Context(), nil), p.TryStart(nil)} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		}
		p.Close()
	})
}

// Calls that come, go and are cancelled in any order leave the pool empty.
func TestManyCallsLeaveNothing(t *testing.T) {
	p := NewPool(3, 50)
	results := make(chan error)
	for i := range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			if i%3 == 0 {
				go cancel()
			}
			work := func() {}
			if i%5 == 0 {
				results <- p.StartIdle(ctx, work)
			} else {
				results <- p.Start(ctx, time.Now().Add(time.Duration(i%7)), work)
			}
			cancel()
		}()
	}
	for range 200 {
		if err := <-results; err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrFull) {
			t.Error(err)
		}
	}
	p.Close()
	if p.busy != 0 || len(p.waiting) != 0 {
		t.Errorf("%d slots are taken, %d calls wait", p.busy, len(p.waiting))
	}
}
