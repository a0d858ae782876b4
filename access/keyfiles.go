package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A key is one file, ID.json, so that two commands at once do not undo each
// other's work, and so that each write is whole or did not happen.

const maxKeyFile = 16 << 10

func readKeys(dir string) (map[string]Key, error) {
	out := map[string]Key{}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || dir == "" {
		return out, nil
	}
	if err != nil {
		return out, fmt.Errorf("reading the keys: %w", err)
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || !validID(id) {
			continue
		}
		if len(out) == maxKeys {
			return out, fmt.Errorf("reading the keys: there are more than %d in %s", maxKeys, dir)
		}
		key, err := readKey(dir, id)
		if errors.Is(err, ErrNoKey) {
			continue // deleted between the two looks
		}
		if err != nil {
			return out, err
		}
		out[id] = key
	}
	return out, nil
}

func readKey(dir, id string) (Key, error) {
	if !validID(id) {
		return Key{}, fmt.Errorf("%w: %q", ErrNoKey, id)
	}
	f, err := os.Open(keyFile(dir, id))
	if errors.Is(err, fs.ErrNotExist) {
		return Key{}, fmt.Errorf("%w: %q", ErrNoKey, id)
	}
	if err != nil {
		return Key{}, fmt.Errorf("reading the key %s: %w", id, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return Key{}, fmt.Errorf("reading the key %s: %w", id, err)
	}
	var key Key
	if err := json.Unmarshal(data, &key); err != nil || key.ID != id || len(key.Hash) != 32 {
		return Key{}, fmt.Errorf("the file %s holds no key %s; delete it and create another", keyFile(dir, id), id)
	}
	return key, nil
}

// writeKey writes a key beside its place and moves it there.
func writeKey(dir string, key Key, flag int) error {
	data, err := json.MarshalIndent(key, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the key %s: %w", key.ID, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder for keys: %w", err)
	}
	if flag&os.O_EXCL != 0 {
		if _, err := os.Stat(keyFile(dir, key.ID)); err == nil {
			return fmt.Errorf("writing the key %s: there is one of that id already; try again", key.ID)
		}
	}
	if err := writeWhole(keyFile(dir, key.ID), append(data, '\n')); err != nil {
		return fmt.Errorf("writing the key %s: %w", key.ID, err)
	}
	return nil
}

// writeWhole writes a file that only its owner reads, whole or not at all.
func writeWhole(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error counts
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func keyFile(dir, id string) string { return filepath.Join(dir, id+".json") }
