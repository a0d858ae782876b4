package wav

import (
	"errors"
	"fmt"
	"os"
)

// ReadFile is [Read] of a file on disk.
func ReadFile(path string, limit int) (pcm []int16, rate int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	pcm, rate, err = Read(file, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return pcm, rate, nil
}

// WriteFile is [Write] to a file on disk, which it makes or replaces.
func WriteFile(path string, pcm []int16, rate int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(Write(file, pcm, rate), file.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
