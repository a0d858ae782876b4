package pace

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/audio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRunDoesNotDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hours = 1
		ctx, cancel := context.WithTimeout(t.Context(), hours*time.Hour-time.Millisecond)
		defer cancel()
		start := time.Now()
		var want int64
		skipped := Run(ctx, func(now time.Time, n int64) {
			if n != want {
				t.Fatalf("tick %d, want %d", n, want)
			}
			if at := now.Sub(start); at != time.Duration(n)*audio.Tick {
				t.Fatalf("tick %d came at %v", n, at)
			}
			want++
			// Work takes time, each time another; the schedule does not move.
			<-time.After(time.Duration(n%19) * time.Millisecond)
		})
		if ticks := int64(hours * time.Hour / audio.Tick); want != ticks || skipped != 0 {
			t.Errorf("%d ticks, %d skipped; want %d and 0", want, skipped, ticks)
		}
	})
}

func TestRunAfterAStall(t *testing.T) {
	const ms = time.Millisecond
	type call struct {
		n  int64
		at time.Duration
	}
	tests := []struct {
		name    string
		stall   time.Duration // in tick 1
		want    []call
		skipped int64
	}{
		{"a little late", 25 * ms, []call{{0, 0}, {1, 20 * ms}, {2, 45 * ms}, {3, 60 * ms}, {4, 80 * ms}}, 0},
		{"as late as is made up for", 79 * ms, []call{{0, 0}, {1, 20 * ms}, {2, 99 * ms}, {3, 99 * ms}, {4, 99 * ms}, {5, 100 * ms}}, 0},
		{"later", 100 * ms, []call{{0, 0}, {1, 20 * ms}, {4, 120 * ms}, {5, 120 * ms}, {6, 120 * ms}, {7, 140 * ms}}, 2},
		{"a second", time.Second, []call{{0, 0}, {1, 20 * ms}, {49, 1020 * ms}, {50, 1020 * ms}, {51, 1020 * ms}, {52, 1040 * ms}}, 47},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				start := time.Now()
				var got []call
				skipped := Run(ctx, func(now time.Time, n int64) {
					got = append(got, call{n, now.Sub(start)})
					if n == 1 {
						<-time.After(tt.stall)
					}
					if len(got) == len(tt.want) {
						cancel()
					}
				})
				if len(got) != len(tt.want) {
					t.Fatalf("got %v, want %v", got, tt.want)
				}
				for i := range got {
					if got[i] != tt.want[i] {
						t.Errorf("call %d: got %v, want %v", i, got[i], tt.want[i])
					}
				}
				if skipped != tt.skipped {
					t.Errorf("%d skipped, want %d", skipped, tt.skipped)
				}
			})
		})
	}
}

func TestRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		calls := 0
		Run(ctx, func(time.Time, int64) { calls++ })
		if calls != 3 {
			t.Errorf("%d ticks in 50 ms", calls)
		}
	})
}

func TestTickDoesNotAllocate(t *testing.T) {
	// Real time: what is measured is what the runtime's timers allocate.
	if n := testing.AllocsPerRun(3, func() {
		ctx, cancel := context.WithCancel(context.Background())
		Run(ctx, func(_ time.Time, n int64) {
			if n >= 14 {
				cancel()
			}
		})
	}); n >= 12 { // the context and the timer are some
		t.Errorf("15 ticks allocate %v times", n)
	}
}
