// Package keep keeps the photos that shoppers sent, for as long as the shop wants
// them: each once, by its hash, as the photo that intake made and never as it came.
package keep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"parley/photo"
)

// Why a photo is not kept, or not there.
var (
	ErrFull   = errors.New("the folder of photos holds as much as it may")
	ErrBusy   = errors.New("the folder of photos takes too long")
	ErrNoHash = errors.New("this is no hash of a photo; it has 64 of the signs 0-9 and a-f")
)

// atOnce bounds the photos that are being written.
const atOnce = 8

// Options say where photos are kept, and for how long.
type Options struct {
	// Dir is made when the first photo comes; only its owner reads it.
	Dir string
	// Time is how long a photo is kept after it was last sent.
	Time time.Duration
	// Most bounds the folder in bytes; 0 is no bound.
	Most int64
	// Needed says which of at most [sweepStep] hashes are needed although their time
	// is over; nil needs none. After an error nothing is deleted.
	Needed func(ctx context.Context, hashes []string) (map[string]bool, error)
	Log    *slog.Logger
}

// Folder is the photos of a shop. It is safe for many goroutines.
type Folder struct {
	o       Options
	writing chan struct{}
	held    atomic.Int64 // bytes in the folder, as of the last sweep and since
	counts  counts
	// renewing keeps a sweep from deleting a photo that has just been sent again.
	renewing sync.Mutex
}

// New makes a folder; nothing is written before the first photo.
func New(o Options) *Folder {
	return &Folder{o: o, writing: make(chan struct{}, atOnce), counts: newCounts()}
}

// Put keeps a photo. One that is there already is kept from now on anew. It returns
// when the photo is on the disk or ctx has ended; a disk that hangs then holds up
// nobody but [Folder.Run]. The error says why the photo is not kept.
func (f *Folder) Put(ctx context.Context, p *photo.Photo) error {
	err := f.put(ctx, p)
	if err != nil {
		f.counts.failed()
		return fmt.Errorf("keeping photo %s: %w", p.Hash(), err)
	}
	f.counts.kept()
	return nil
}

func (f *Folder) put(ctx context.Context, p *photo.Photo) error {
	select {
	case f.writing <- struct{}{}:
	case <-ctx.Done():
		return ErrBusy
	}
	done := make(chan error, 1)
	go func() { // Run waits for it
		defer func() { <-f.writing }()
		done <- f.write(p.Hash(), p.JPEG())
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ErrBusy
	}
}

// write makes the file under its hash, whole or not at all.
func (f *Folder) write(hash string, data []byte) error {
	path, err := f.path(hash)
	if err != nil {
		return err
	}
	if err := f.renew(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	size := int64(len(data))
	if held := f.held.Add(size); f.o.Most > 0 && held > f.o.Most {
		f.held.Add(-size)
		return ErrFull
	}
	if err := writeFile(path, data); err != nil {
		f.held.Add(-size)
		return err
	}
	return nil
}

// renew makes a photo's time begin anew.
func (f *Folder) renew(path string) error {
	f.renewing.Lock()
	defer f.renewing.Unlock()
	return touch(path)
}

func touch(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

func writeFile(path string, data []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	// The name has a dot first, so that a sweep knows what was left half-written.
	out, err := os.CreateTemp(filepath.Dir(path), unfinished)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(out.Name()))
		}
	}()
	_, err = out.Write(data)
	if err == nil {
		err = out.Sync() // what a record names must still be there after a power cut
	}
	if err = errors.Join(err, out.Close(), touch(out.Name())); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}

// unfinished is the pattern of files that are being written.
const unfinished = ".writing-*"

// path is where a photo lies: two folders deep, so that none gets too large.
func (f *Folder) path(hash string) (string, error) {
	if !IsHash(hash) {
		return "", ErrNoHash
	}
	return filepath.Join(f.o.Dir, hash[:2], hash[2:4], hash+".jpg"), nil
}

// IsHash says whether s looks like a photo's hash.
func IsHash(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Photo is a kept photo's JPEG. One that is not there is [fs.ErrNotExist].
func (f *Folder) Photo(hash string) ([]byte, error) {
	path, err := f.path(hash)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading photo %s: %w", hash, err)
	}
	return data, nil
}

// Delete deletes a kept photo before its time. One that is not there is
// [fs.ErrNotExist].
func (f *Folder) Delete(hash string) error {
	path, err := f.path(hash)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("deleting photo %s: %w", hash, err)
	}
	return nil
}
