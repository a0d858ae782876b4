// Package heic makes JPEG of the HEIC photos of iPhones, by the program that comes with
// libheif where that is installed. The decoder reads what a stranger has sent: it runs
// in a process of its own, with bounds and without this process's secrets. Go modules
// for HEIC carry libheif and libde265 in them, which the LGPL asks to be replaceable;
// inside of one binary they are not.
package heic

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"parley/internal/child"
)

const (
	// convertTime bounds one photo, memory the program.
	convertTime = 5 * time.Second
	memory      = 2 << 30
	// maxFile bounds the JPEG in bytes: 40 million pixels that are hard to pack.
	maxFile = 64 << 20
	// quality is that of the JPEG in between.
	quality = "95"
)

// ErrMissing is why nothing can be converted.
var ErrMissing = errors.New("neither heif-dec nor heif-convert is installed (Debian: libheif-examples)")

// Converter converts photos. It is safe for many goroutines.
type Converter struct{ program string }

// Find looks for the program, by its newer name first.
func Find() (*Converter, error) {
	for _, name := range []string{"heif-dec", "heif-convert"} {
		if program, err := exec.LookPath(name); err == nil {
			return &Converter{program}, nil
		}
	}
	return nil, ErrMissing
}

// Program is the path of the program.
func (c *Converter) Program() string { return c.program }

// Convert makes a JPEG of a HEIC file, upright as the file says. The caller has looked
// at the sizes in it.
func (c *Converter) Convert(ctx context.Context, data []byte) (jpeg []byte, err error) {
	dir, err := os.MkdirTemp("", "parley-heic-")
	if err != nil {
		return nil, fmt.Errorf("converting a HEIC photo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in, out := filepath.Join(dir, "in.heic"), filepath.Join(dir, "out.jpg")
	if err := os.WriteFile(in, data, 0o600); err != nil {
		return nil, fmt.Errorf("converting a HEIC photo: %w", err)
	}
	limits := child.Limits{Time: convertTime, Memory: memory, Output: 16 << 10, File: maxFile}
	// Each thread would reserve memory of its own otherwise, and run into the bound.
	env := []string{"MALLOC_ARENA_MAX=2"}
	if _, err := child.Run(ctx, limits, dir, env, nil, c.program, "-q", quality, in, out); err != nil {
		return nil, fmt.Errorf("converting a HEIC photo: %w", err)
	}
	jpeg, err = os.ReadFile(out)
	if errors.Is(err, os.ErrNotExist) { // a file with several pictures makes several
		jpeg, err = os.ReadFile(filepath.Join(dir, "out-1.jpg"))
	}
	if err != nil {
		return nil, fmt.Errorf("converting a HEIC photo: %w", err)
	}
	return jpeg, nil
}
