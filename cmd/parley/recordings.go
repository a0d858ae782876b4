package main

import (
	"context"
	"fmt"
	"path/filepath"

	"parley/api"
	"parley/metrics"
	"parley/recording"
)

// openRecordings prepares to record calls, where the config wants that.
func (e *engines) openRecordings() error {
	if !e.cfg.Recording.Enabled {
		return nil
	}
	store, err := shopFile(e.cfg.Shop.Data)
	if err != nil {
		return err
	}
	e.recordings = recording.New(recording.Options{Dir: filepath.Join(filepath.Dir(store), "recordings"), Time: e.cfg.Recording.Keep, Log: e.log})
	return nil
}

// record has recordings written until stop is called, and gives the API access to them;
// played is nil where nothing is recorded.
func (e *engines) record(ctx context.Context, counts *metrics.Metrics) (played api.Recordings, stop func(), err error) {
	if e.recordings == nil {
		return nil, func() {}, nil
	}
	if err := counts.Register(e.recordings); err != nil {
		return nil, nil, fmt.Errorf("preparing the metrics: %w", err)
	}
	return e.recordings, inBackground(ctx, e.recordings.Run), nil
}
