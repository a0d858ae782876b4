package models

import (
	"context"
	"io/fs"
	"path/filepath"
	"sync"
	"time"
)

const (
	// watchEvery is how often a download's folder is measured.
	watchEvery = 100 * time.Millisecond

	// stallAfter ends a download that has not grown for so long. It is longer
	// than pip's own retries (6 tries of 15 s and their pauses).
	stallAfter = 3 * time.Minute
)

// Stage is how far a package has come.
type Stage string

// The stages of a package.
const (
	Waiting     Stage = "waiting"     // another process is fetching; no package is named
	Downloading Stage = "downloading" // its client is at work
	Unpacking   Stage = "unpacking"   // its files are verified and converted
	Done        Stage = "done"        // its models are in place
)

// Event tells of a fetch's progress.
type Event struct {
	Package string // name and version
	Models  []string
	Stage   Stage
	Bytes   int64 // downloaded so far, of all packages of this fetch
	Total   int64 // to be downloaded by this fetch
}

// tracker adds up the progress of packages that are fetched side by side, and
// tells of it one event at a time.
type tracker struct {
	mu    sync.Mutex
	tell  func(Event)
	bytes map[string]int64 // by package
	total int64
}

func newTracker(tell func(Event)) *tracker {
	return &tracker{tell: tell, bytes: make(map[string]int64)}
}

// add is called with every package before any is reported on.
func (t *tracker) add(p Package) { t.total += p.Size }

// report tells that of the package so many bytes have come. The count never
// goes back or over the package's size: a client may keep the file twice for a
// moment, or throw away an attempt.
func (t *tracker) report(p Package, models []string, stage Stage, bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes[p.Name] = min(max(t.bytes[p.Name], bytes), p.Size)
	if t.tell == nil {
		return
	}
	event := Event{Package: p.String(), Models: models, Stage: stage, Total: t.total}
	for _, n := range t.bytes {
		event.Bytes += n
	}
	t.tell(event)
}

// waiting tells that another process is fetching.
func (t *tracker) waiting() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tell != nil {
		t.tell(Event{Stage: Waiting})
	}
}

// watch measures a download until the context ends and reports each growth. It
// returns ErrStalled when there was none for stallAfter, else nil.
func watch(ctx context.Context, measure func() int64, report func(int64)) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var most int64
	grown := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if n := measure(); n > most {
			most, grown = n, time.Now()
			report(n)
		} else if time.Since(grown) >= stallAfter {
			return ErrStalled
		}
	}
}

// folderSize adds up the files below a folder. What vanishes while it looks
// does not count.
func folderSize(folder string) int64 {
	var size int64
	_ = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // the client is moving its files about
		}
		if info, err := entry.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return size
}
