package models

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// stampName is the file in a model's folder that says which entry of the
// manifest the folder was made from. It moves into place with the folder, so a
// folder with the right stamp was complete and verified when it was made.
const stampName = ".stamp"

// State says what is to be found of a model on this machine.
type State string

// The states of a model.
const (
	Ready   State = "ready"   // there, complete, of the listed version
	Absent  State = "absent"  // not there
	Stale   State = "stale"   // there, but not made from this entry of the manifest
	Damaged State = "damaged" // a file is missing or is not what it should be
)

// Status is a model and what is to be found of it on this machine.
type Status struct {
	Model   Model
	Package Package
	Path    string // the model's folder
	State   State
	Problem string // in plain words; "" when ready
}

// List says for each model of the manifest whether it is in the folder dir. It
// looks at stamps and sizes only, which takes about a millisecond.
func (m Manifest) List(dir string) []Status {
	list := make([]Status, 0, len(m.Models))
	for _, model := range m.Models {
		list = append(list, m.status(dir, model))
	}
	return list
}

// Verify is List, and also reads every file and compares its SHA-256, which
// takes about a second. It returns early with the context's error.
func (m Manifest) Verify(ctx context.Context, dir string) ([]Status, error) {
	list := m.List(dir)
	for i := range list {
		s := &list[i]
		if s.State == Absent {
			continue
		}
		if err := s.Model.verify(ctx, s.Path); ctx.Err() != nil {
			return nil, fmt.Errorf("verifying the models: %w", context.Cause(ctx))
		} else if err != nil {
			s.State, s.Problem = Damaged, err.Error()
		}
	}
	return list, nil
}

// Missing names the models of Parley's own manifest with the given need that
// are not ready in the folder dir.
func Missing(dir string, need Need) ([]string, error) {
	m, err := Default()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range m.List(dir) {
		if s.State != Ready && s.Model.Need == need {
			names = append(names, s.Model.Name)
		}
	}
	return names, nil
}

func (m Manifest) status(dir string, model Model) Status {
	s := Status{Model: model, Package: m.Packages[model.Package], Path: filepath.Join(dir, model.Name), State: Ready}
	stamp, err := os.ReadFile(filepath.Join(s.Path, stampName))
	switch {
	case err == nil && strings.TrimSpace(string(stamp)) == model.digest():
		if err := model.weigh(s.Path); err != nil {
			s.State, s.Problem = Damaged, err.Error()
		}
	case err == nil:
		s.State, s.Problem = Stale, "it is of another version"
	case !errors.Is(err, fs.ErrNotExist):
		s.State, s.Problem = Damaged, err.Error()
	default:
		s.State, s.Problem = Stale, "it was put there by other means and is not verified yet"
		if _, err := os.Stat(s.Path); err != nil {
			s.State, s.Problem = Absent, "it has not been fetched yet"
		}
	}
	return s
}

// digest is what the stamp says: a hash of what the folder holds. What it was
// taken from and how it is described may change without a new download.
func (m Model) digest() string {
	digest := sha256.New()
	for _, p := range m.Holds {
		fmt.Fprintf(digest, "%s  %s\n", p.SHA256, p.To)
	}
	return hexSum(digest)
}

// weigh compares the sizes of the files in the model's folder with the
// manifest, so that a file that was cut short or deleted is noticed without
// reading it.
func (m Model) weigh(path string) error {
	return m.survey(path, func(p Piece, names []string, root *os.Root) error {
		var size int64
		for _, name := range names {
			info, err := root.Stat(name)
			if err != nil {
				return fmt.Errorf("looking at %s: %w", p.To, err)
			}
			size += info.Size()
		}
		if size != p.Size {
			return fmt.Errorf("%s has %d bytes, not %d", p.To, size, p.Size)
		}
		return nil
	})
}

// verify compares the files in the model's folder with the manifest's sums.
func (m Model) verify(ctx context.Context, path string) error {
	return m.survey(path, func(p Piece, names []string, root *os.Root) error {
		var size int64
		sums := make([]sum, 0, len(names))
		for _, name := range names {
			if err := ctx.Err(); err != nil {
				return err
			}
			hex, n, err := hashFile(root, name)
			if err != nil {
				return fmt.Errorf("reading %s: %w", name, err)
			}
			size += n
			sums = append(sums, sum{path: strings.TrimPrefix(name, p.To), hex: hex})
		}
		if err := p.compare(sums, size); err != nil {
			return fmt.Errorf("%s: %w", p.To, err)
		}
		return nil
	})
}

// survey calls visit with each piece that the folder should hold and the names
// of its files, relative to the folder; a missing file ends it.
func (m Model) survey(path string, visit func(Piece, []string, *os.Root) error) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return fmt.Errorf("opening the model's folder: %w", err)
	}
	defer root.Close()
	for _, p := range m.Holds {
		names := []string{p.To}
		if p.folder() {
			if names, err = filesBelow(root, strings.TrimSuffix(p.To, "/")); err != nil {
				return fmt.Errorf("looking into %s: %w", p.To, err)
			}
			if len(names) != p.Files {
				return fmt.Errorf("%s holds %d files, not %d", p.To, len(names), p.Files)
			}
		}
		if err := visit(p, names, root); err != nil {
			return err
		}
	}
	return nil
}

func filesBelow(root *os.Root, folder string) ([]string, error) {
	var names []string
	err := fs.WalkDir(root.FS(), folder, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

func hashFile(root *os.Root, name string) (string, int64, error) {
	file, err := root.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	digest := sha256.New()
	n, err := io.Copy(digest, file)
	return hexSum(digest), n, err
}
