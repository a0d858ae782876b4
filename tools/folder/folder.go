// Package folder keeps the tools of a shop in step with a folder of tool files
// while the agent runs. A file that is saved is in force within a second; one that
// is broken leaves its last good version in force and says so. A conversation that
// has begun keeps the tools it began with: it holds the registry that
// [Folder.Current] gave it.
package folder

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"

	"parley/tools"
	"parley/tools/file"
)

// Options say where tools come from. Of tools with one name, that of Dir wins over
// that of Pack, and that of Pack over that of Tools.
type Options struct {
	// Tools are in no file.
	Tools []tools.Tool
	// Pack holds the files that come with the program, at any depth; nil for none. A
	// fault in it is an error of [Open].
	Pack fs.FS
	// Dir is the shop's folder, whose *.yaml and *.yml files are read; "" for none.
	// Folders in it are not.
	Dir string
	// Runners are the ways in which tools run.
	Runners file.Runners
	Log     *slog.Logger
	// Changed, which may be nil, is told after each change of the tools or of what is
	// broken, in order and never twice at once. It must not call Close.
	Changed func(Status)
	// Poll is how often the folder is looked at even if the system tells of no change;
	// 0 means 2 s.
	Poll time.Duration
	// PollOnly does without the system, which tells nothing of changes that another
	// machine makes.
	PollOnly bool
}

// Status says how the files stand.
type Status struct {
	// Loaded is how many tools there are.
	Loaded int
	// Broken are the files that are wrong, sorted by name.
	Broken []Broken
	// At is when this came to be.
	At time.Time
	// Reloads counts the changes taken up since Open, and Failures those of them after
	// which something was broken.
	Reloads, Failures uint64
}

// Broken is a file that is wrong.
type Broken struct {
	File string
	// Err is what is wrong, [file.Errors] when it is in the file itself.
	Err error
	// Since is when it was first found wrong.
	Since time.Time
	// Held says that the file's last good version is in force.
	Held bool
}

// Error is what is wrong.
func (b Broken) Error() string { return b.Err.Error() }

// Unwrap gives what is wrong to errors.As.
func (b Broken) Unwrap() error { return b.Err }

// Source is where a tool comes from.
type Source struct {
	// File is the path of its file, "" for a tool that is in none.
	File string
	// Pack says that the file came with the program.
	Pack bool
	// Runs says how it runs, for people.
	Runs string
}

// Folder gives the tools as they are now. It is safe for use by many goroutines.
type Folder struct {
	o    Options
	log  *slog.Logger
	now  atomic.Pointer[snapshot]
	set  *files // belongs to the watching goroutine once that runs
	stop context.CancelFunc
	done chan struct{}
}

// snapshot is one state of the tools. It does not change.
type snapshot struct {
	registry *tools.Registry
	status   Status
	sources  map[string]Source
}

// Open reads all files and watches the folder until Close. It fails when there is
// no such folder or the pack is wrong; a broken file in the folder is no failure but
// in the status.
func Open(ctx context.Context, o Options) (*Folder, error) {
	f := &Folder{o: o, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)), done: make(chan struct{})}
	pack, err := readPack(o.Pack, o.Runners)
	if err != nil {
		return nil, err
	}
	f.set = &files{dir: o.Dir, runners: o.Runners, extra: o.Tools, pack: pack, strict: true, entries: map[string]*entry{}}
	if o.Dir == "" {
		close(f.done)
		f.stop = func() {}
		return f, f.publish(time.Now())
	}
	if info, err := os.Stat(o.Dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no folder %s for tool files; make it, or name another", o.Dir)
	}
	// Watching begins before the first look, so that nothing falls between.
	watcher := f.watcher()
	if err := f.first(ctx); err != nil {
		if watcher != nil {
			_ = watcher.Close()
		}
		return nil, err
	}
	ctx, f.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(f.done)
		f.watch(ctx, watcher)
	}()
	return f, nil
}

// first takes the folder up for the first time.
func (f *Folder) first(ctx context.Context) error {
	now := time.Now()
	f.set.scan(ctx, now, true)
	f.set.settle(now)
	if err := f.publish(now); err != nil {
		return err
	}
	f.tell(f.Status(), nil)
	return nil
}

// watcher is the system's word on changes; nil when there is none.
func (f *Folder) watcher() *fsnotify.Watcher {
	if f.o.PollOnly {
		return nil
	}
	w, err := fsnotify.NewWatcher()
	if err == nil {
		if err = w.Add(f.o.Dir); err == nil {
			return w
		}
		_ = w.Close()
	}
	f.log.Warn("the system tells of no changes to tool files; they are looked at now and then", "dir", f.o.Dir, "err", err)
	return nil
}

// Close stops watching and waits until that has stopped. The tools stay usable.
func (f *Folder) Close() error {
	f.stop()
	<-f.done
	return nil
}

// Current is the tools as they are now. What it returns does not change: a
// conversation keeps the one that it began with.
func (f *Folder) Current() *tools.Registry { return f.now.Load().registry }

// Status says how the files stand now.
func (f *Folder) Status() Status { return f.now.Load().status }

// Source says where a tool of [Folder.Current] comes from.
func (f *Folder) Source(name string) (Source, bool) {
	s, ok := f.now.Load().sources[name]
	return s, ok
}

// readPack reads the files that come with the program.
func readPack(pack fs.FS, r file.Runners) ([]packed, error) {
	if pack == nil {
		return nil, nil
	}
	var all []packed
	seen := map[string]string{}
	err := fs.WalkDir(pack, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isToolFile(path.Base(name)) {
			return err
		}
		data, err := fs.ReadFile(pack, name)
		if err != nil {
			return err
		}
		parsed, err := file.Parse(name, data, r)
		if err != nil {
			return err
		}
		if other, twice := seen[parsed.Name]; twice {
			return fmt.Errorf("the tool %q is in both %s and %s", parsed.Name, other, name)
		}
		seen[parsed.Name] = name
		all = append(all, packed{name, parsed})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the builtin tool files: %w", err)
	}
	return all, nil
}

// packed is a file that comes with the program.
type packed struct {
	name   string
	parsed *file.Parsed
}

// isToolFile says whether a file's name is that of a tool file, and not that of an
// editor's copy.
func isToolFile(name string) bool {
	ext := filepath.Ext(name)
	return (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "#") && !strings.HasPrefix(name, "~")
}
