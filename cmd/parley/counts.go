package main

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"parley/metrics"
	"parley/room/livekit"
)

// counts are the metrics of all that the engines, and a LiveKit worker if it is not nil,
// have to tell; underWay says how many conversations there are.
func (e *engines) counts(underWay func() int, worker *livekit.Worker) (*metrics.Metrics, error) {
	m := metrics.New(underWay)
	tellers := []prometheus.Collector{e.spent, e.photos}
	if e.reader != nil {
		tellers = append(tellers, e.reader)
	}
	if e.recordings != nil {
		tellers = append(tellers, e.recordings)
	}
	var errs []error
	for _, t := range tellers {
		errs = append(errs, m.Register(t))
	}
	errs = append(errs, m.WatchToolFiles(e.toolFiles))
	if e.stories != nil {
		errs = append(errs, m.WatchRecord(e.storyCounts))
	}
	if worker != nil {
		errs = append(errs, m.WatchLiveKit(func() metrics.LiveKit { return workerCounts(worker.Status()) }))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("preparing the metrics: %w", err)
	}
	return m, nil
}

func (e *engines) storyCounts() metrics.Record {
	s := e.stories.Stats()
	return metrics.Record{
		Waiting: s.Waiting, Lag: s.Lag, Reachable: s.Reachable,
		Failures: s.Failures, Dropped: s.Dropped, TakenUp: s.TakenUp, Lost: s.Lost,
	}
}

func workerCounts(s livekit.Status) metrics.LiveKit {
	return metrics.LiveKit{Registered: s.Registered, Draining: s.Draining, Limit: s.Limit, Rooms: len(s.Calls), Refused: s.Refused}
}
