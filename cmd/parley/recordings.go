package main

import (
	"path/filepath"

	"parley/api"
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

// played gives the API access to the recordings; nil where nothing is recorded.
func (e *engines) played() api.Recordings {
	if e.recordings == nil {
		return nil
	}
	return e.recordings
}
