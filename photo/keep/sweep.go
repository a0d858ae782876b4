package keep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// every is how often old photos are looked for.
	every = time.Hour
	// sweepStep bounds the hashes that Needed is asked about at once.
	sweepStep = 500
	// ending is how long photos that are being written are waited for at the end.
	ending = 5 * time.Second
	// abandoned is the age of a file that is not being written any more.
	abandoned = time.Hour
)

// Run deletes what is too old, now and each hour, until ctx ends. It returns when no
// photo is being written any more.
func (f *Folder) Run(ctx context.Context) {
	defer f.settle()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		deleted, err := f.Sweep(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			f.counts.failed()
			f.o.Log.WarnContext(ctx, "old photos were not all deleted", "folder", f.o.Dir, "deleted", deleted, "err", err)
		case deleted > 0:
			f.o.Log.InfoContext(ctx, "old photos were deleted", "deleted", deleted)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// settle waits for the photos that are being written, and lets no more be.
func (f *Folder) settle() {
	late := time.NewTimer(ending)
	defer late.Stop()
	for range atOnce {
		select {
		case f.writing <- struct{}{}:
		case <-late.C:
			f.o.Log.Warn("photos are still being written; the disk hangs", "folder", f.o.Dir)
			return
		}
	}
}

// Sweep deletes the photos whose time is over and that are not needed, and what was
// left half-written. It returns how many photos it deleted; after an error it has
// gone on with the others.
func (f *Folder) Sweep(ctx context.Context) (deleted int, err error) {
	now := time.Now()
	var held int64
	var old []kept
	var faults []error
	sweep := func() {
		n, freed, err := f.delete(ctx, old, now)
		deleted, held, old = deleted+n, held-freed, old[:0]
		if err != nil {
			faults = append(faults, err)
		}
	}
	begun := f.held.Load()
	err = filepath.WalkDir(f.o.Dir, func(path string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing was sent yet, or somebody else has deleted it
		}
		if err != nil {
			faults = append(faults, err)
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // it is gone
		}
		hash, isPhoto := strings.CutSuffix(entry.Name(), ".jpg")
		age := now.Sub(info.ModTime())
		switch {
		case isPhoto && IsHash(hash):
			held += info.Size()
			if age > f.o.Time {
				old = append(old, kept{hash, path, info.Size()})
			}
		case strings.HasPrefix(entry.Name(), strings.TrimSuffix(unfinished, "*")) && age > abandoned:
			faults = append(faults, os.Remove(path))
		}
		if len(old) == sweepStep {
			sweep()
		}
		return nil
	})
	sweep()
	if err == nil {
		f.held.Add(held - begun) // what came meanwhile is counted beside it
		f.counts.size(f.held.Load())
	}
	return deleted, errors.Join(append(faults, err)...)
}

// kept is a photo in the folder.
type kept struct {
	hash, path string
	size       int64
}

// delete deletes those photos that are not needed.
func (f *Folder) delete(ctx context.Context, old []kept, now time.Time) (n int, freed int64, err error) {
	if len(old) == 0 {
		return 0, 0, nil
	}
	var needed map[string]bool
	if f.o.Needed != nil {
		hashes := make([]string, len(old))
		for i, k := range old {
			hashes[i] = k.hash
		}
		if needed, err = f.o.Needed(ctx, hashes); err != nil {
			return 0, 0, fmt.Errorf("asking which photos are needed: %w", err)
		}
	}
	var faults []error
	for _, k := range old {
		if needed[k.hash] {
			continue
		}
		gone, err := f.drop(k.path, now)
		if err != nil {
			faults = append(faults, err)
		} else if gone {
			n, freed = n+1, freed+k.size
		}
	}
	return n, freed, errors.Join(faults...)
}

// drop deletes a photo, unless it was sent again meanwhile.
func (f *Folder) drop(path string, now time.Time) (gone bool, err error) {
	f.renewing.Lock()
	defer f.renewing.Unlock()
	info, err := os.Stat(path)
	if err != nil || now.Sub(info.ModTime()) <= f.o.Time {
		return false, nil // it is gone
	}
	err = os.Remove(path)
	return err == nil, err
}
