package match

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// header opens an index's file. The number changes with the network, the views, and
// what is kept of them; a file with another is made anew.
const header = "parley photo index 1 efficientnet-lite0\n"

// maxIndex bounds a file: 10,000 products with five photos each have 2 GB.
const maxIndex = 4 << 30

// ErrOtherIndex says that a file is no index, or one of another version.
var ErrOtherIndex = errors.New("it is no index of photos of this version; make it anew")

// Save writes the index to a file, as a whole or not at all.
func (x *Index) Save(path string) error {
	x.mu.RLock()
	products := slices.Clone(x.products)
	x.mu.RUnlock()
	f, err := os.CreateTemp(filepath.Dir(path), ".photos-*")
	if err != nil {
		return fmt.Errorf("saving the index of photos: %w", err)
	}
	defer os.Remove(f.Name()) // it has another name when all went well
	w := bufio.NewWriter(f)
	_, err = w.WriteString(header)
	if err == nil {
		err = gob.NewEncoder(w).Encode(products)
	}
	err = errors.Join(err, w.Flush(), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("saving the index of photos: %w", err)
	}
	return nil
}

// Load reads an index from a file. The error wraps fs.ErrNotExist when there is none,
// and [ErrOtherIndex] when it cannot be used.
func Load(path string, n *Network) (*Index, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the index of photos: %w", err)
	}
	defer f.Close()
	x := NewIndex(n)
	if x.products, err = readIndex(io.LimitReader(f, maxIndex)); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return x, nil
}

func readIndex(r io.Reader) ([]indexed, error) {
	b := bufio.NewReader(r)
	head := make([]byte, len(header))
	if _, err := io.ReadFull(b, head); err != nil || string(head) != header {
		return nil, ErrOtherIndex
	}
	var products []indexed
	if err := gob.NewDecoder(b).Decode(&products); err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrOtherIndex, err) //nolint:errorlint // gob's errors mean nothing to a caller
	}
	for _, p := range products {
		for _, v := range p.Views {
			if len(v) != featureCount {
				return nil, ErrOtherIndex
			}
		}
	}
	return products, nil
}
