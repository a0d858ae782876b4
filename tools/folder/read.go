package folder

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"parley/tools"
	"parley/tools/file"
)

// maxFiles bounds how many tool files a folder may hold. No model can choose among
// as many tools.
const maxFiles = 1000

// grace is how long a file may be gone before its tool goes: some editors delete a
// file and write it anew.
const grace = 300 * time.Millisecond

// files is what is known of a folder's files. It is for one goroutine.
type files struct {
	dir     string
	runners file.Runners
	extra   []tools.Tool
	pack    []packed
	// strict takes a reference to the environment that is not set for an error.
	strict bool

	entries map[string]*entry
	// err says why the folder cannot be listed, nil if it can; since when.
	err   error
	since time.Time
}

// entry is one file of the folder.
type entry struct {
	name  string
	shown string // with its folder, as in errors
	size  int64
	time  time.Time
	hash  [sha256.Size]byte
	read  bool // hash is that of a read file

	parsed *file.Parsed // what the file says now; nil when it is wrong
	wrong  error        // what is wrong with it, in itself
	twice  error        // that another file has its name
	since  time.Time    // when it was first found wrong
	gone   time.Time    // when it was first not there; zero when it is
	good   *file.Parsed // what is in force; may be nil
}

// err is what is wrong with the file.
func (e *entry) err() error {
	if e.wrong != nil {
		return e.wrong
	}
	return e.twice
}

// scan looks at the folder. With all, it reads every file; otherwise those of
// which size or time have changed. later says that a file is gone and may come back
// within the grace.
func (s *files) scan(ctx context.Context, now time.Time, all bool) (later bool) {
	root, names, err := list(s.dir)
	if err != nil {
		if s.err == nil {
			s.since = now
		}
		s.err = err // what is in force stays so
		return false
	}
	s.err = nil
	defer root.Close()
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, name := range names {
		e := s.entries[name]
		if e == nil {
			e = &entry{name: name, shown: filepath.Join(s.dir, name)}
			s.entries[name] = e
		}
		e.gone = time.Time{}
		group.Go(func() error {
			if ctx.Err() == nil {
				e.look(root, s, all)
			}
			return nil
		})
	}
	_ = group.Wait() // what is wrong is kept with each file
	for name, e := range s.entries {
		switch _, here := slices.BinarySearch(names, name); {
		case here:
		case e.gone.IsZero():
			e.gone, later = now, true
		case now.Sub(e.gone) < grace:
			later = true
		default:
			delete(s.entries, name)
		}
	}
	return later
}

// list opens the folder and lists its tool files, sorted.
func list(dir string) (*os.Root, []string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the folder: %w", err)
	}
	all, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		_ = root.Close()
		return nil, nil, fmt.Errorf("listing the folder: %w", err)
	}
	var names []string
	for _, d := range all {
		if isToolFile(d.Name()) && !d.IsDir() {
			names = append(names, d.Name())
		}
	}
	if len(names) > maxFiles {
		_ = root.Close()
		return nil, nil, fmt.Errorf("%d tool files are in the folder; at most %d are read", len(names), maxFiles)
	}
	slices.Sort(names)
	return root, names, nil
}

// look reads and parses the file if it has changed.
func (e *entry) look(root *os.Root, s *files, all bool) {
	fail := func(format string, args ...any) {
		e.parsed, e.read = nil, false
		e.wrong = file.Errors{{File: e.shown, Message: fmt.Sprintf(format, args...)}}
	}
	info, err := root.Stat(e.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := root.Lstat(e.name); err == nil {
			fail("a link to a file that is not there")
		}
		return // else it went while we looked; the next look finds it gone
	case err != nil:
		if link, lerr := root.Lstat(e.name); lerr == nil && link.Mode()&fs.ModeSymlink != 0 {
			fail("a link out of the folder, which is not followed; put the file itself here")
			return
		}
		fail("it cannot be read: %v", err)
		return
	case !info.Mode().IsRegular():
		fail("not a file")
		return
	case info.Size() > file.MaxBytes:
		e.size, e.time = info.Size(), info.ModTime()
		fail("%d bytes long; at most %d are read, and a tool file has about 3000", info.Size(), file.MaxBytes)
		return
	case !all && e.read && info.Size() == e.size && info.ModTime().Equal(e.time):
		return
	}
	data, err := read(root, e.name)
	if err != nil {
		fail("it cannot be read: %v", err)
		return
	}
	e.size, e.time = info.Size(), info.ModTime()
	hash := sha256.Sum256(data)
	if e.read && hash == e.hash {
		return
	}
	e.hash, e.read = hash, true
	e.parsed, e.wrong = file.Parse(e.shown, data, s.runners)
	if e.wrong == nil && s.strict && len(e.parsed.Unset) > 0 {
		e.wrong, e.parsed = e.parsed.Unset, nil
	}
}

// read reads a file. A pipe in its place does not block it, nor does one that grows
// fill the memory.
func read(root *os.Root, name string) ([]byte, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, file.MaxBytes+1))
}
