package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"parley/caller"
)

// scenario is one thing to measure.
type scenario struct {
	name, what string
	run        func(ctx context.Context, w *workshop, scale float64) ([]row, error)
}

// row is one figure of the table.
type row struct{ figure, measured, reach string }

// Of the scenarios that measure medians, each has at least 50 samples.
func scenarios() []scenario {
	return []scenario{
		{"silence", "one call at a time is interrupted", measureSilence},
		{"answer", "answers with providers of 200 ms and 50 ms", measureAnswer},
		{"embedded", "answers of the embedded engines", measureEmbedded},
		{"rooms", "calls through the rooms of a LiveKit server beside it", measureRooms},
		{"load", "processor and memory of 1 and of 60 calls, and interruptions under that load", measureLoad},
	}
}

// outside and embedded are where the engines are.
const (
	outside  = true
	embedded = false
)

func measureSilence(ctx context.Context, w *workshop, scale float64) ([]row, error) {
	s, err := w.start(ctx, outside)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	report, err := s.call(ctx, call{sessions: 2, turns: times(34, scale), bargeIn: 1200 * time.Millisecond, questions: w.questions})
	if err != nil {
		return nil, err
	}
	return []row{
		{"time to silence, p50 / p95", pair(report.TimeToSilence), "≤ 80 / 130 ms"},
		{"offer to first packet, p50", fmt.Sprintf("%.0f ms (n = %d)", report.OfferToFirstPacket.P50, report.OfferToFirstPacket.N), ""},
	}, nil
}

func measureAnswer(ctx context.Context, w *workshop, scale float64) ([]row, error) {
	s, err := w.start(ctx, outside)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	report, err := s.call(ctx, call{sessions: 2, turns: times(27, scale), questions: w.questions})
	if err != nil {
		return nil, err
	}
	return []row{
		{"end of speech → first audible packet, providers of 200 + 50 ms, p50 / p95", pair(report.EndToFirstAudible), "≤ 450 ms"},
		{"packet gap, p50 / p95", pair(report.PacketGap), ""},
	}, nil
}

func measureEmbedded(ctx context.Context, w *workshop, scale float64) ([]row, error) {
	s, err := w.start(ctx, embedded)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	report, err := s.call(ctx, call{sessions: 2, turns: times(26, scale), questions: w.questions[:1]})
	if err != nil {
		return nil, err
	}
	return []row{{"the same with the embedded engines, a short question, p50 / p95", pair(report.EndToFirstAudible), "≤ 700 ms"}}, nil
}

const (
	// crowd is how many calls the load is made of.
	crowd = 60
	// alone is how often a call by itself is measured; the median counts. It costs so
	// little that what else the machine does is a large part of each figure.
	alone = 3
)

// measureLoad compares one call with a crowd, in one process.
func measureLoad(ctx context.Context, w *workshop, scale float64) ([]row, error) {
	s, err := w.start(ctx, outside)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	var costs []float64
	var peak float64
	for range alone {
		one, err := s.load(ctx, call{sessions: 1, turns: times(16, scale), bargeIn: 1200 * time.Millisecond, questions: w.questions})
		if err != nil {
			return nil, err
		}
		costs, peak = append(costs, one.perMinute), max(peak, one.peak)
	}
	slices.Sort(costs)
	many, err := s.load(ctx, call{sessions: crowd, turns: times(16, scale), bargeIn: 1200 * time.Millisecond, questions: w.questions})
	if err != nil {
		return nil, err
	}
	r := many.report
	return []row{
		{"processor time per minute of an active conversation", fmt.Sprintf("%.2f CPU-s (n = %d)", costs[alone/2], alone), "≤ 1.5 CPU-s"},
		{fmt.Sprintf("the same, each of %d calls", crowd), fmt.Sprintf("%.2f CPU-s", many.perMinute), "≤ 0.9 CPU-s"},
		{"memory for one conversation more", fmt.Sprintf("%.2f MB", (many.peak-peak)/(crowd-1)/(1<<20)), "≤ 3 MB"},
		{fmt.Sprintf("%d calls at once: answers missed", crowd), fmt.Sprintf("%d of %d", r.Turns.Missed, r.Turns.Asked), "0"},
		{fmt.Sprintf("%d calls at once: time to silence, p50 / p95", crowd), pair(r.TimeToSilence), "p95 < 150 ms"},
		{fmt.Sprintf("%d calls at once: end of speech → first audible packet, p50 / p95", crowd), pair(r.EndToFirstAudible), ""},
	}, nil
}

func times(n int, scale float64) int { return max(2, int(math.Round(float64(n)*scale))) }

func pair(s caller.Summary) string {
	return fmt.Sprintf("%.0f / %.0f ms (n = %d)", s.P50, s.P95, s.N)
}
