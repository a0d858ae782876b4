package models

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// allFruits is what the folder holds when all of the manifest of fruits is there.
func allFruits() map[string]string {
	return map[string]string{
		"apple/apple.txt": "an apple", "nuts/nuts/hazel": "hazelnut", "nuts/nuts/deep/wal": "walnut", "pear/pear.txt": "a pear",
	}
}

func wantTree(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	if got := tree(t, dir); !maps.Equal(got, want) {
		t.Fatalf("the folder holds %v, want %v", got, want)
	}
	if _, err := os.Stat(filepath.Join(dir, stagingName)); !os.IsNotExist(err) {
		t.Errorf("the staging folder is left over (%v)", err)
	}
}

func TestFetchPutsAllInPlaceAndThenNeedsNothing(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), filepath.Join(t.TempDir(), "a", "b")
	var events []Event
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m, Progress: func(e Event) { events = append(events, e) }}); err != nil {
		t.Fatal(err)
	}
	wantTree(t, dir, allFruits())
	if got, want := index.downloads(t), []string{"@fruit/bowl@2.0.0", "basket==1.2.3"}; !slices.Equal(got, want) {
		t.Errorf("downloaded %v, want each package once: %v", got, want)
	}
	last := events[len(events)-1]
	if want := m.Packages["basket"].Size + m.Packages["bowl"].Size; last.Stage != Done || last.Bytes != want || last.Total != want {
		t.Errorf("the last event is %+v, want all %d bytes done", last, want)
	}
	for _, s := range m.List(dir) {
		if s.State != Ready {
			t.Errorf("%s is %s: %s", s.Model.Name, s.State, s.Problem)
		}
	}

	t.Setenv("PATH", "") // no client, no network
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m}); err != nil {
		t.Errorf("a second fetch: %v", err)
	}
}

func TestFetchOnlyWhatIsNamed(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), t.TempDir()
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m, Names: []string{"nuts", "nuts"}}); err != nil {
		t.Fatal(err)
	}
	wantTree(t, dir, map[string]string{"nuts/nuts/hazel": "hazelnut", "nuts/nuts/deep/wal": "walnut"})

	err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m, Names: []string{"plum"}})
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "apple, nuts, pear") {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestFetchRefusesAnotherFileAndKeepsTheOldOne(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), t.TempDir()
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m}); err != nil {
		t.Fatal(err)
	}
	newer := fruits(t, index)
	newer.Models[0].Take = []Piece{plain("basket/apple.txt", "apple.txt", "AN APPLE")}
	newer.Models[0].Holds = nil
	newer = reparsed(t, newer)
	err := Fetch(t.Context(), Options{Dir: dir, Manifest: &newer})
	if !errors.Is(err, ErrChecksum) || !strings.Contains(err.Error(), "apple.txt") {
		t.Fatalf("got %v, want a wrong checksum of apple.txt", err)
	}
	wantTree(t, dir, allFruits())
	if s := newer.List(dir)[0]; s.State != Stale {
		t.Errorf("the old apple is %s under the new manifest, want stale", s.State)
	}
}

func TestFetchOfTheOthersGoesOnWhenOneFails(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), t.TempDir()
	index.put(t, "basket.whl", []byte("not a wheel"))
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m}); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v, want a damaged package", err)
	}
	wantTree(t, dir, map[string]string{"pear/pear.txt": "a pear"})
}

func TestFetchReplacesAnOldVersion(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), t.TempDir()
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m}); err != nil {
		t.Fatal(err)
	}
	newer := fruits(t, index)
	index.put(t, "basket.whl", wheel(t, entry{name: "basket/apple.txt", text: "a new apple"}))
	newer.Models[0].Take = []Piece{plain("basket/apple.txt", "apple.txt", "a new apple")}
	newer.Models[0].Holds = nil
	newer = reparsed(t, newer)
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &newer}); err != nil {
		t.Fatal(err)
	}
	want := allFruits()
	want["apple/apple.txt"] = "a new apple"
	wantTree(t, dir, want)
}

func TestFetchAdoptsWhatIsRightAndReplacesWhatIsNot(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), t.TempDir()
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"apple", "nuts", "pear"} {
		if err := os.Remove(filepath.Join(dir, name, stampName)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "pear", "pear.txt"), []byte("a pair"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(index.calls); err != nil {
		t.Fatal(err)
	}
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m}); err != nil {
		t.Fatal(err)
	}
	if got, want := index.downloads(t), []string{"@fruit/bowl@2.0.0"}; !slices.Equal(got, want) {
		t.Errorf("downloaded %v, want %v", got, want)
	}
	wantTree(t, dir, allFruits())
}

func TestFetchConvertsAndVerifiesWhatItMade(t *testing.T) {
	index := newIndex(t)
	packed := string(packTokens("a", "", "bc"))
	size := index.put(t, "ears.whl", wheel(t, entry{name: "ears/tokenizer.bin", text: packed}))
	m := Manifest{
		Packages: map[string]Package{"ears": {Kind: Pip, Name: "ears", Version: "1", Size: size}},
		Models: []Model{{
			Name: "ears", Need: Required, Package: "ears", Convert: "moonshine",
			Take:  []Piece{plain("ears/tokenizer.bin", "tokenizer.bin", packed)},
			Holds: []Piece{plain("", "tokens.txt", "YQ== 0\n 1\nYmM= 2\n")},
		}},
	}
	m = reparsed(t, m)
	dir := t.TempDir()
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m}); err != nil {
		t.Fatal(err)
	}
	wantTree(t, dir, map[string]string{"ears/tokens.txt": "YQ== 0\n 1\nYmM= 2\n"})

	m.Models[0].Holds[0].SHA256 = hashOf("something else")
	dir = t.TempDir()
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m}); !errors.Is(err, ErrChecksum) {
		t.Errorf("got %v, want a wrong checksum of what was made", err)
	}
	wantTree(t, dir, nil)
}

func TestFetchTogetherDownloadsOnce(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), t.TempDir()
	var group sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		group.Go(func() { errs[i] = Fetch(t.Context(), Options{Dir: dir, Manifest: &m}) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	wantTree(t, dir, allFruits())
	if got := index.downloads(t); len(got) != 2 {
		t.Errorf("downloaded %v, want each package once", got)
	}
}

// gate is a named pipe at which a client's script waits.
func gate(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gate")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("this file system has no named pipes:", err)
	}
	return path
}

func TestFetchTellsOfTheDownloadAsItGrows(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), t.TempDir()
	door := gate(t)
	index.serve(t, `head -c 5 "$FROM" >"$TMPDIR/part"; cat `+door+`; cp "$FROM" "$TO"`)
	var stages []Stage
	opened := false
	err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m, Names: []string{"apple"}, Progress: func(e Event) {
		stages = append(stages, e.Stage)
		if e.Stage != Downloading || e.Bytes == 0 || opened {
			return
		}
		opened = true
		if e.Bytes != 5 || e.Total != m.Packages["basket"].Size || e.Package != "basket 1.2.3" {
			t.Errorf("the first growth is told as %+v", e)
		}
		if err := os.WriteFile(door, nil, 0); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if stages[0] != Downloading || stages[len(stages)-1] != Done || !slices.Contains(stages, Unpacking) {
		t.Errorf("the stages were %v", stages)
	}
}

// waitForLine reads a line from a named pipe, which waits for its writer.
func waitForLine(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestFetchCancelledKillsTheClientAndLeavesNothing(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), t.TempDir()
	began := gate(t)
	// The client has a child of its own, as npm does, which must not live on
	// and must not keep Fetch waiting.
	index.serve(t, `sleep 600 & echo $! >`+began+`; wait`)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	result := make(chan error, 1)
	go func() { result <- Fetch(ctx, Options{Dir: dir, Manifest: &m, Names: []string{"apple"}}) }()
	child, err := strconv.Atoi(waitForLine(t, began))
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("changed my mind")
	cancel(why)
	if err := <-result; !errors.Is(err, why) {
		t.Errorf("got %v, want the cause", err)
	}
	wantTree(t, dir, nil)
	awaitEnd(t, child)
}

// awaitEnd waits until a process that is not our child has ended.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		// A process that has ended stays as a zombie until its parent, or init,
		// asks for its status; some containers have no such init.
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("process %d still runs", pid)
		}
	}
}

func TestFetchKilledLeavesNothingHalfDone(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), t.TempDir()
	text, err := yaml.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	manifest := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(manifest, text, 0o644); err != nil {
		t.Fatal(err)
	}
	began := gate(t)
	index.serve(t, `[ "${FROM%.whl}" = "$FROM" ] || { head -c 50 "$FROM" >"$TO"; echo $$ >`+began+`; sleep 600; }; cp "$FROM" "$TO"`)
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), fetchChild+"="+manifest, DirVariable+"="+dir)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	client, err := strconv.Atoi(waitForLine(t, began))
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	t.Cleanup(func() { _ = syscall.Kill(-client, syscall.SIGKILL) })

	for _, s := range m.List(dir) {
		if s.Model.Package == "basket" && s.State != Absent {
			t.Errorf("after the kill %s is %s", s.Model.Name, s.State)
		}
	}
	index.serve(t, copyPackage)
	if err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m}); err != nil {
		t.Fatal(err)
	}
	wantTree(t, dir, allFruits())
}

func TestFetchSaysWhatIsMissing(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*testing.T, *packageIndex)
		kind  error
		says  string
	}{
		{"no python3", func(t *testing.T, i *packageIndex) { remove(t, i.bin, "python3") }, ErrNoClient, "apt-get install python3 python3-pip"},
		{"no pip", func(t *testing.T, i *packageIndex) {
			i.client(t, "python3", `echo "/usr/bin/python3: No module named pip" >&2; exit 1`)
		}, ErrNoClient, "python3-pip"},
		{"no npm", func(t *testing.T, i *packageIndex) { remove(t, i.bin, "npm") }, ErrNoClient, "apt-get install npm"},
		{"no network", func(t *testing.T, i *packageIndex) {
			i.serve(t, `echo "WARNING: Retrying after connection broken by NewConnectionError('Temporary failure in name resolution')"
echo "ERROR: No matching distribution found for basket==1.2.3"; exit 1`)
		}, ErrNoNetwork, "copy the models' folder"},
		{"not offered", func(t *testing.T, i *packageIndex) {
			i.serve(t, `echo "ERROR: No matching distribution found for basket==1.2.3"; exit 1`)
		}, ErrNotFound, "mirror"},
		{"disk full", func(t *testing.T, i *packageIndex) {
			i.serve(t, `echo "OSError: [Errno 28] No space left on device"; exit 1`)
		}, ErrNoSpace, DirVariable},
		{"nothing left by the client", func(t *testing.T, i *packageIndex) { i.serve(t, `exit 0`) }, ErrDamaged, "0 files"},
		{"half a file", func(t *testing.T, i *packageIndex) { i.serve(t, `head -c 60 "$FROM" >"$TO"`) }, ErrDamaged, ""},
		{"something else", func(t *testing.T, i *packageIndex) { i.serve(t, `echo "It is Monday."; exit 7`) }, nil, "It is Monday."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			index := newIndex(t)
			m, dir := fruits(t, index), t.TempDir()
			tt.spoil(t, index)
			err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m})
			if err == nil || tt.kind != nil && !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %v with %q", err, tt.kind, tt.says)
			}
			if got := index.downloads(t); errors.Is(err, ErrNoClient) && len(got) > 0 {
				t.Errorf("downloaded %v before it looked for the clients", got)
			}
			wantTree(t, dir, nil)
		})
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func TestFetchLooksForRoomFirst(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), t.TempDir()
	huge := m.Packages["basket"]
	huge.Size = 1 << 60
	m.Packages["basket"] = huge
	err := Fetch(t.Context(), Options{Dir: dir, Manifest: &m})
	if !errors.Is(err, ErrNoSpace) || len(index.downloads(t)) != 0 {
		t.Errorf("got %v after downloading %v, want no space before any download", err, index.downloads(t))
	}
}

func TestFetchWaitsForAnotherProcess(t *testing.T) {
	index := newIndex(t)
	m, dir := fruits(t, index), t.TempDir()
	unlock, err := lock(t.Context(), filepath.Join(dir, lockName), func() {})
	if err != nil {
		t.Fatal(err)
	}
	waited := false
	err = Fetch(t.Context(), Options{Dir: dir, Manifest: &m, Progress: func(e Event) {
		if e.Stage == Waiting {
			waited = true
			unlock()
		}
	}})
	if err != nil || !waited {
		t.Errorf("got %v, waited: %v", err, waited)
	}
	wantTree(t, dir, allFruits())
}
