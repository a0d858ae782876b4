package folder

import (
	"cmp"
	"context"
	"time"

	"github.com/fsnotify/fsnotify"

	"parley/tools"
)

// An editor's save is several changes: quiet is how long there must be none before
// the folder is looked at, and most is how long it may take if they never end.
const (
	quiet = 50 * time.Millisecond
	most  = 300 * time.Millisecond
	poll  = 2 * time.Second
)

// watch looks at the folder when the system tells of a change, and now and then
// anyway, until ctx ends.
func (f *Folder) watch(ctx context.Context, watcher *fsnotify.Watcher) {
	var events chan fsnotify.Event
	var failures chan error
	if watcher != nil {
		defer watcher.Close()
		events, failures = watcher.Events, watcher.Errors
	}
	ticker := time.NewTicker(cmp.Or(f.o.Poll, poll))
	defer ticker.Stop()
	look := time.NewTimer(time.Hour)
	look.Stop()
	defer look.Stop()
	var first time.Time // of the changes that nobody has looked at yet
	soon := func() {
		now := time.Now()
		if first.IsZero() {
			first = now
		}
		look.Reset(min(quiet, max(0, first.Add(most).Sub(now))))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-events:
			if !open {
				events = nil
				continue
			}
			soon()
		case err, open := <-failures:
			if !open {
				failures = nil
				continue
			}
			f.log.Warn("watching the tool files", "dir", f.o.Dir, "err", err) // some changes may be lost
			soon()
		case <-look.C:
			first = time.Time{}
			if f.reload(ctx, true) {
				look.Reset(grace)
			}
		case <-ticker.C:
			if watcher != nil {
				_ = watcher.Add(f.o.Dir) // the folder may be another one by now
			}
			if f.reload(ctx, false) {
				look.Reset(grace)
			}
		}
	}
}

// reload takes up what has changed, and says whether to look again after the grace.
func (f *Folder) reload(ctx context.Context, all bool) (again bool) {
	now := time.Now()
	before, known := f.Status(), len(f.set.entries)
	again = f.set.scan(ctx, now, all)
	if ctx.Err() != nil {
		return false // a look that was broken off counts for nothing
	}
	changed := f.set.settle(now)
	broken := f.set.broken()
	if !changed && known == len(f.set.entries) && same(before.Broken, broken) {
		return again
	}
	if err := f.publish(now); err != nil { // every tool has been compiled, so there is no known way
		f.log.Error("the tools stay as they are", "err", err)
		return again
	}
	status := f.Status()
	f.tell(status, before.Broken)
	if f.o.Changed != nil {
		f.o.Changed(status)
	}
	return again
}

func same(a, b []Broken) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].File != b[i].File || a[i].Held != b[i].Held || a[i].Error() != b[i].Error() {
			return false
		}
	}
	return true
}

// publish makes what is in force the current tools.
func (f *Folder) publish(now time.Time) error {
	all, sources := f.set.merge()
	registry, err := tools.NewRegistry(f.log, all...)
	if err != nil {
		return err
	}
	status := Status{Loaded: len(all), Broken: f.set.broken(), At: now}
	if last := f.now.Load(); last != nil {
		status.Reloads, status.Failures = last.status.Reloads+1, last.status.Failures
		if len(status.Broken) > 0 {
			status.Failures++
		}
	}
	f.now.Store(&snapshot{registry, status, sources})
	return nil
}

// tell logs what has become of the files.
func (f *Folder) tell(s Status, before []Broken) {
	f.log.Info("tool files taken up", "dir", f.o.Dir, "tools", s.Loaded, "broken", len(s.Broken))
	known := map[string]string{}
	for _, b := range before {
		known[b.File] = b.Error()
	}
	for _, b := range s.Broken {
		if known[b.File] != b.Error() {
			f.log.Warn("a tool file is broken", "file", b.File, "last_good_in_force", b.Held, "err", b.Err)
		}
	}
}
