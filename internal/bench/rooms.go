package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"parley/internal/livekittest"
)

// roomCrowd is how many calls at once go through rooms.
const roomCrowd = 20

// measureRooms measures through the rooms of a LiveKit server, which runs beside Parley
// and the callers on the same cores.
func measureRooms(ctx context.Context, w *workshop, scale float64) ([]row, error) {
	rooms, err := livekittest.Open()
	if errors.Is(err, livekittest.ErrMissing) {
		return []row{{"through a LiveKit room", "not measured: " + err.Error(), ""}}, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := w.startBeside(ctx, outside, rooms)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	interrupted, err := s.call(ctx, call{sessions: 2, turns: times(20, scale), bargeIn: 1200 * time.Millisecond, questions: w.questions, room: "interrupted"})
	if err != nil {
		return nil, err
	}
	asked, err := s.call(ctx, call{sessions: 2, turns: times(17, scale), questions: w.questions, room: "asked"})
	if err != nil {
		return nil, err
	}
	entered, err := s.enterRooms(ctx, times(30, scale), "entered")
	if err != nil {
		return nil, err
	}
	followed, err := s.enterRooms(ctx, times(30, scale), "followed", "--no-prepare")
	if err != nil {
		return nil, err
	}
	many, err := s.load(ctx, call{sessions: roomCrowd, turns: times(8, scale), bargeIn: 1200 * time.Millisecond, questions: w.questions, room: "crowd"})
	if err != nil {
		return nil, err
	}
	r := many.report
	return []row{
		{"through a LiveKit room: time to silence, p50 / p95", pair(interrupted.TimeToSilence), "≤ 110 / 170 ms"},
		{"through a LiveKit room: end of speech → first audible packet, p50 / p95", pair(asked.EndToFirstAudible), "≤ 480 ms"},
		{"caller in the room → the agent's track, p50 / max", middleAndMost(entered), "≤ 200 ms"},
		{"the same where the agent does not go ahead, p50 / max", middleAndMost(followed), ""},
		{fmt.Sprintf("%d calls in rooms at once: answers missed", roomCrowd), fmt.Sprintf("%d of %d", r.Turns.Missed, r.Turns.Planned), "0"},
		{fmt.Sprintf("%d calls in rooms at once: time to silence, p50 / p95", roomCrowd), pair(r.TimeToSilence), ""},
		{fmt.Sprintf("%d calls in rooms at once: end of speech → first audible packet, p50 / p95", roomCrowd), pair(r.EndToFirstAudible), ""},
		{fmt.Sprintf("%d calls in rooms at once: processor time per minute of each", roomCrowd), fmt.Sprintf("%.2f CPU-s", many.perMinute), ""},
	}, nil
}

// middleAndMost describes waits that are in order.
func middleAndMost(waits []float64) string {
	return fmt.Sprintf("%.0f / %.0f ms (n = %d)", waits[len(waits)/2], waits[len(waits)-1], len(waits))
}

// enterAtOnce is how many callers enter rooms side by side.
const enterAtOnce = 3

// enterRooms has n callers enter rooms of this name and a number, a few at a time, with
// these flags, and returns how long each waited for the agent's track, in ms, the shortest
// first.
func (s *server) enterRooms(ctx context.Context, n int, name string, flags ...string) ([]float64, error) {
	waits := make([]float64, n)
	failed := make([]error, n)
	places := make(chan struct{}, enterAtOnce)
	var entering sync.WaitGroup
	for i := range n {
		places <- struct{}{}
		entering.Go(func() {
			defer func() { <-places }()
			waits[i], failed[i] = s.enterRoom(ctx, fmt.Sprintf("%s-%d", name, i), flags)
		})
	}
	entering.Wait()
	slices.Sort(waits)
	return waits, errors.Join(failed...)
}

func (s *server) enterRoom(ctx context.Context, room string, flags []string) (float64, error) {
	report, err := s.call(ctx, call{sessions: 1, turns: 1, questions: s.w.questions[:1], room: room, flags: flags})
	if err != nil {
		return 0, err
	}
	if report.RoomToTrack == nil {
		return 0, fmt.Errorf("no agent came into the room: %q", report.Errors)
	}
	return report.RoomToTrack.P50, nil
}
