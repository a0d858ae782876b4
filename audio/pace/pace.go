// Package pace keeps time for the sound that goes out: one tick each 20 ms, on a
// schedule that does not drift.
package pace

import (
	"context"
	"time"

	"parley/audio"
)

// CatchUp is how many ticks that are overdue are made up for after a stall. What
// was missed before those is skipped: a receiver holds 60 ms easily, and more
// sent at once would only stay there as delay.
const CatchUp = 3

// Run calls tick every [audio.Tick] until ctx ends, first at once. n numbers the
// ticks of the schedule from 0: tick n is due n × 20 ms after the start, whatever
// happened before, so an RTP timestamp made from n is right for hours. After a
// stall up to CatchUp overdue ticks follow each other at once and the ones before
// are skipped: n then grows by more than one. Run returns how many were skipped
// in all.
//
// tick runs in the caller's goroutine and is given the time at which it is
// called; Run starts no goroutine and does not allocate after its start.
func Run(ctx context.Context, tick func(now time.Time, n int64)) (skipped int64) {
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := int64(0); ; {
		select {
		case <-ctx.Done():
			return skipped
		case <-timer.C:
		}
		now := time.Now()
		for due := int64(now.Sub(start) / audio.Tick); n <= due; due = int64(now.Sub(start) / audio.Tick) {
			if late := due - n - (CatchUp - 1); late > 0 {
				skipped += late
				n += late
			}
			tick(now, n)
			n++
			if ctx.Err() != nil {
				return skipped
			}
			now = time.Now()
		}
		timer.Reset(start.Add(time.Duration(n) * audio.Tick).Sub(now))
	}
}
