package keep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"parley/photo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plain is a photo of one colour.
func plain(t testing.TB, shade uint8) *photo.Photo {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	img.SetGray(3, 3, color.Gray{255 - shade})
	var file bytes.Buffer
	if err := jpeg.Encode(&file, img, nil); err != nil {
		t.Fatal(err)
	}
	p, err := photo.NewIntake(photo.Limits{}).Take(t.Context(), file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func folder(t *testing.T, change func(*Options)) *Folder {
	t.Helper()
	o := Options{Dir: filepath.Join(t.TempDir(), "photos"), Time: 24 * time.Hour, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	return New(o)
}

// counted is the metric for an outcome.
func counted(t *testing.T, f *Folder, outcome string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(f)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == "parley_photos_kept_total" && m.GetLabel()[0].GetValue() == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// files lists what lies in a folder.
func files(t *testing.T, f *Folder) (names []string) {
	t.Helper()
	err := filepath.WalkDir(f.o.Dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestAPhotoIsKeptOnceAsIntakeMadeIt(t *testing.T) {
	f := folder(t, nil)
	p := plain(t, 90)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := f.Put(t.Context(), p); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := f.Photo(p.Hash())
	if err != nil || !bytes.Equal(got, p.JPEG()) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	names := files(t, f)
	want := filepath.Join(f.o.Dir, p.Hash()[:2], p.Hash()[2:4], p.Hash()+".jpg")
	if len(names) != 1 || names[0] != want {
		t.Errorf("%v", names)
	}
	info, err := os.Stat(want)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := f.Delete(p.Hash()); err != nil || len(files(t, f)) > 0 {
		t.Errorf("deleting it: %v, %v", err, files(t, f))
	}
	if err := f.Delete(p.Hash()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleting it again: %v", err)
	}
	if n := counted(t, f, "kept"); n != 20 {
		t.Errorf("%v are counted", n)
	}
}

func TestOnlyHashesNamePhotos(t *testing.T) {
	f := folder(t, nil)
	for _, name := range []string{"", "../../etc/passwd", strings.Repeat("A", 64), strings.Repeat("a", 63), strings.Repeat("a", 62) + "/.", strings.Repeat("a", 65)} {
		if _, err := f.Photo(name); !errors.Is(err, ErrNoHash) {
			t.Errorf("%q: %v", name, err)
		}
		if err := f.Delete(name); !errors.Is(err, ErrNoHash) {
			t.Errorf("deleting %q: %v", name, err)
		}
	}
	if _, err := f.Photo(strings.Repeat("a", 64)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a photo that is not there: %v", err)
	}
}

// TestOldPhotosAreDeleted lets the folder run for days.
func TestOldPhotosAreDeleted(t *testing.T) {
	old, sentAgain, needed := plain(t, 10), plain(t, 20), plain(t, 30)
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		needs := map[string]bool{needed.Hash(): true}
		var fault error
		f := folder(t, func(o *Options) {
			o.Needed = func(_ context.Context, hashes []string) (map[string]bool, error) {
				mu.Lock()
				defer mu.Unlock()
				return maps.Clone(needs), fault
			}
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { f.Run(ctx); close(ended) }()
		defer func() { stop(); <-ended }()
		there := func(when string, want ...*photo.Photo) {
			t.Helper()
			synctest.Wait()
			names := strings.Join(files(t, f), "\n")
			if strings.Count(names, ".jpg") != len(want) {
				t.Errorf("%s: %s", when, names)
			}
			for _, p := range want {
				if !strings.Contains(names, p.Hash()) {
					t.Errorf("%s: %s is gone", when, p.Hash())
				}
			}
		}
		put := func(photos ...*photo.Photo) {
			t.Helper()
			for _, p := range photos {
				if err := f.Put(ctx, p); err != nil {
					t.Fatal(err)
				}
			}
		}
		put(old, sentAgain, needed)
		half := filepath.Join(filepath.Dir(files(t, f)[0]), strings.Replace(unfinished, "*", "77", 1))
		if err := os.WriteFile(half, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if err := os.Chtimes(half, now, now); err != nil {
			t.Fatal(err)
		}
		<-time.After(23 * time.Hour)
		there("after 23 hours", old, sentAgain, needed)
		if _, err := os.Stat(half); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what was half-written: %v", err)
		}
		put(sentAgain)
		mu.Lock()
		fault = errors.New("no database")
		mu.Unlock()
		<-time.After(3 * time.Hour)
		there("without a database", old, sentAgain, needed)
		mu.Lock()
		fault = nil
		mu.Unlock()
		<-time.After(time.Hour)
		there("after 27 hours", sentAgain, needed)
		<-time.After(24 * time.Hour)
		there("after two days", needed)
		mu.Lock()
		clear(needs)
		mu.Unlock()
		<-time.After(time.Hour)
		there("when nothing is needed")
	})
}

func TestASweepTakesManyInSteps(t *testing.T) {
	f := folder(t, func(o *Options) {
		o.Needed = func(_ context.Context, hashes []string) (map[string]bool, error) {
			if len(hashes) > sweepStep {
				return nil, fmt.Errorf("%d hashes", len(hashes))
			}
			return nil, nil
		}
	})
	past := time.Now().Add(-48 * time.Hour)
	for i := range 2*sweepStep + 3 {
		path, err := f.path(fmt.Sprintf("%064x", i))
		if err == nil {
			err = writeFile(path, []byte("x"))
		}
		if err == nil {
			err = os.Chtimes(path, past, past)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n, err := f.Sweep(t.Context()); err != nil || n != 2*sweepStep+3 {
		t.Errorf("%d, %v", n, err)
	}
}

// TestAFolderThatCannotBeWritten wants an error, a count, and no more.
func TestAFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := folder(t, func(o *Options) { o.Dir = filepath.Join(file, "photos") })
	if err := f.Put(t.Context(), plain(t, 1)); err == nil {
		t.Error("a file is no folder, and took a photo")
	}
	if n := counted(t, f, "failed"); n != 1 {
		t.Errorf("%v failures are counted", n)
	}
}

func TestTheFolderIsBounded(t *testing.T) {
	first, second := plain(t, 1), plain(t, 2)
	f := folder(t, func(o *Options) { o.Most = int64(len(first.JPEG())) + 10 })
	if err := f.Put(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := f.Put(t.Context(), second); !errors.Is(err, ErrFull) {
		t.Errorf("%v", err)
	}
	if err := f.Put(t.Context(), first); err != nil {
		t.Errorf("one that is there already: %v", err)
	}
	f.o.Time = -1
	if n, err := f.Sweep(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if err := f.Put(t.Context(), second); err != nil {
		t.Errorf("after a sweep: %v", err)
	}
}

// TestADiskThatHangs holds all writers up.
func TestADiskThatHangs(t *testing.T) {
	p := plain(t, 5)
	synctest.Test(t, func(t *testing.T) {
		f := folder(t, nil)
		for range atOnce {
			f.writing <- struct{}{}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Put(ctx, p); !errors.Is(err, ErrBusy) {
			t.Errorf("%v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		begun := time.Now()
		f.Run(ctx)
		if took := time.Since(begun); took != ending {
			t.Errorf("the end took %s", took)
		}
	})
}
