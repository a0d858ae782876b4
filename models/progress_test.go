package models

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatchReportsGrowthAndStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sizes := []int64{0, 5, 5, 9, 3, 9} // then 9 for ever
		var told []int64
		start := time.Now()
		err := watch(t.Context(), func() int64 {
			n := sizes[0]
			if len(sizes) > 1 {
				sizes = sizes[1:]
			}
			return n
		}, func(n int64) { told = append(told, n) })
		if !errors.Is(err, ErrStalled) || !slices.Equal(told, []int64{5, 9}) {
			t.Errorf("told of %v and ended with %v", told, err)
		}
		if took := time.Since(start); took != 4*watchEvery+stallAfter {
			t.Errorf("a download that stands still was ended after %v", took)
		}
	})
}

func TestWatchEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := watch(ctx, func() int64 { return 0 }, func(int64) {}); err != nil {
			t.Error(err)
		}
	})
}

func TestTrackerNeverGoesBack(t *testing.T) {
	var told []Event
	tr := newTracker(func(e Event) { told = append(told, e) })
	a, b := Package{Name: "a", Version: "1", Size: 10}, Package{Name: "b", Version: "2", Size: 20}
	tr.add(a)
	tr.add(b)
	tr.report(a, nil, Downloading, 4)
	tr.report(b, nil, Downloading, 50) // pip has it twice for a moment
	tr.report(a, nil, Downloading, 1)
	tr.report(a, []string{"x"}, Done, 10)
	var bytes []int64
	for _, e := range told {
		bytes = append(bytes, e.Bytes)
		if e.Total != 30 {
			t.Errorf("the total is %d", e.Total)
		}
	}
	if !slices.Equal(bytes, []int64{4, 24, 24, 30}) {
		t.Errorf("told of %v", bytes)
	}
}

func TestLockWaitsAndGivesUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), lockName)
	unlock, err := lock(t.Context(), path, func() { t.Error("had to wait for a free lock") })
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		waits := 0
		if _, err := lock(ctx, path, func() { waits++ }); !errors.Is(err, context.DeadlineExceeded) || waits != 1 {
			t.Errorf("a taken lock gave %v after telling %d times", err, waits)
		}
	})
	unlock()
	again, err := lock(t.Context(), path, func() { t.Error("had to wait for a lock that was let go") })
	if err != nil {
		t.Fatal(err)
	}
	again()
}
