package keep

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAFullDisk keeps photos on a disk of four pages. Only root may make one.
func TestAFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("none", disk, "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	f := folder(t, func(o *Options) { o.Dir = filepath.Join(disk, "photos") })
	fitted := 0
	for shade := range uint8(10) {
		err := f.Put(t.Context(), plain(t, shade))
		if err == nil {
			fitted++
		} else if !errors.Is(err, unix.ENOSPC) {
			t.Errorf("photo %d: %v", shade, err)
		}
	}
	if n := len(files(t, f)); fitted == 0 || fitted == 10 || n != fitted {
		t.Errorf("%d of 10 fitted, and there are %d files", fitted, n)
	}
	f.o.Time = -1
	if n, err := f.Sweep(t.Context()); n != fitted || err != nil {
		t.Errorf("a sweep deletes %d, %v", n, err)
	}
	if err := f.Put(t.Context(), plain(t, 77)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
