package recording

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/agent"
	"parley/audio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, keep time.Duration) *Folder {
	t.Helper()
	return New(Options{Dir: filepath.Join(t.TempDir(), "recordings"), Time: keep, Log: slog.New(slog.DiscardHandler)})
}

// run has f.Run do its work until the returned function is called, which waits.
func run(f *Folder) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	return func() { cancel(); running.Wait() }
}

func constant(n int, value int16) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = value
	}
	return pcm
}

// read reads a file's two channels.
func read(t *testing.T, f *Folder, conversation string, turn int64) (left, right []int16) {
	t.Helper()
	file, err := f.Open(conversation, turn)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if !bytes.HasPrefix(data, []byte("RIFF")) || le.Uint16(data[22:]) != 2 || le.Uint32(data[24:]) != audio.HearRate || int(le.Uint32(data[40:])) != len(data)-44 {
		t.Fatalf("the file begins with %q", data[:44])
	}
	for at := 44; at < len(data); at += 4 {
		left, right = append(left, int16(le.Uint16(data[at:]))), append(right, int16(le.Uint16(data[at+2:])))
	}
	return left, right
}

// TestATurnIsKept: first the caller, then the pause, then the agent, each on a side.
func TestATurnIsKept(t *testing.T) {
	f := open(t, time.Hour)
	stop := run(f)
	f.Record(agent.Sound{
		Conversation: "c-1", Turn: 2, Caller: constant(audio.HearRate, 1000), Pause: 500 * time.Millisecond,
		Agent: [][]int16{constant(audio.SpeakRate/2, 2000), constant(audio.SpeakRate/2, 2000)},
	})
	f.Record(agent.Sound{Conversation: "c-1", Turn: 3, Agent: [][]int16{constant(audio.SpeakRate, 3000)}})
	stop()
	left, right := read(t, f, "c-1", 2)
	if len(left) != audio.HearRate*5/2 {
		t.Errorf("the turn has %d samples", len(left))
	}
	for at, want := range map[int][2]int16{audio.HearRate / 2: {1000, 0}, audio.HearRate * 5 / 4: {0, 0}, audio.HearRate * 2: {0, 2000}} {
		if got := [2]int16{left[at], right[at]}; abs(got[0]-want[0]) > 20 || abs(got[1]-want[1]) > 20 {
			t.Errorf("sample %d is %v, want %v", at, got, want)
		}
	}
	if left, _ := read(t, f, "c-1", 3); len(left) != audio.HearRate {
		t.Errorf("an answer alone has %d samples", len(left))
	}
}

func abs(v int16) int16 { return max(v, -v) }

func TestTurnsThatAreNotThere(t *testing.T) {
	f := open(t, time.Hour)
	for _, conversation := range []string{"c-1", "", "..", "../../etc", "a/b", ".", "a b"} {
		for _, turn := range []int64{1, 0, -1} {
			if file, err := f.Open(conversation, turn); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q %d: %v, %v", conversation, turn, file, err)
			}
		}
	}
}

// TestOldRecordings are deleted; what is no recording stays.
func TestOldRecordings(t *testing.T) {
	f := open(t, time.Hour)
	for _, name := range []string{"old", "new", "no conversation"} {
		if err := os.MkdirAll(filepath.Join(f.o.Dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * time.Hour)
	for _, name := range []string{"old", "no conversation"} {
		if err := os.Chtimes(filepath.Join(f.o.Dir, name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	f.sweep(t.Context())
	for name, want := range map[string]bool{"old": false, "new": true, "no conversation": true} {
		if _, err := os.Stat(filepath.Join(f.o.Dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestADiskThatIsTooSlow loses turns, and holds nobody up.
func TestADiskThatIsTooSlow(t *testing.T) {
	f := open(t, time.Hour)
	for i := range int64(2 * waiting) {
		f.Record(agent.Sound{Conversation: "c", Turn: i + 1, Caller: constant(10, 1)})
	}
	run(f)()
	entries, err := os.ReadDir(filepath.Join(f.o.Dir, "c"))
	if err != nil || len(entries) != waiting {
		t.Errorf("%d turns are kept, %v", len(entries), err)
	}
}

// TestAFolderThatCannotBeWritten costs the recording alone.
func TestAFolderThatCannotBeWritten(t *testing.T) {
	f := open(t, time.Hour)
	if err := os.WriteFile(f.o.Dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stop := run(f)
	f.Record(agent.Sound{Conversation: "c", Turn: 1, Caller: constant(10, 1)})
	stop()
	if _, err := f.Open("c", 1); err == nil {
		t.Error("there is a recording")
	}
}
