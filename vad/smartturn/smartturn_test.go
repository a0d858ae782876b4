package smartturn

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/k2-fsa/sherpa-onnx-go/sherpa_onnx" // brings ONNX Runtime into the process
	"go.uber.org/goleak"

	"parley/audio/wav"
	"parley/models/modeltest"
	"parley/vad"
)

const modelFile = "smart-turn/smart-turn-v3.2-cpu.onnx"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func load(t testing.TB, o Options) *Model {
	t.Helper()
	m, err := Load(modeltest.Path(t, modelFile), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// recording returns the samples of a wav of the model packages at 16 kHz, as
// testdata/reference.py makes them.
func recording(t testing.TB, name string) []int16 {
	t.Helper()
	in, rate, err := wav.ReadFile(modeltest.Path(t, "speech-samples/"+name), 120*48000)
	if err != nil {
		t.Fatal(err)
	}
	if rate == vad.Rate {
		return in
	}
	out := make([]int16, len(in)/3)
	for i := range out {
		sum := int(in[3*i]) + int(in[3*i+1]) + int(in[3*i+2])
		out[i] = int16(math.Floor(float64(sum) / 3))
	}
	return out
}

type clip struct {
	Recording           string
	Start, End, Silence int
	Probability         float64
	Features            [][]float64
}

func (c clip) pcm(recordings map[string][]int16) []int16 {
	pcm := append([]int16(nil), recordings[c.Recording][c.Start:c.End]...)
	return append(pcm, make([]int16, c.Silence)...)
}

func reference(t testing.TB) (clips []clip, recordings map[string][]int16) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Clips []clip }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Clips) < 8 {
		t.Fatalf("only %d clips", len(file.Clips))
	}
	recordings = map[string][]int16{}
	for _, c := range file.Clips {
		if recordings[c.Recording] == nil {
			recordings[c.Recording] = recording(t, c.Recording)
		}
	}
	return file.Clips, recordings
}

func TestFeaturesOfWhisper(t *testing.T) {
	clips, recordings := reference(t)
	bank, err := newMelBank()
	if err != nil {
		t.Fatal(err)
	}
	room, got := new(melRoom), make([]float32, mels*frames)
	for i, c := range clips {
		bank.features(got, c.pcm(recordings), room)
		worst := 0.0
		for r, row := range c.Features {
			for k, want := range row {
				worst = max(worst, math.Abs(float64(got[7*r*frames+37*k])-want))
			}
		}
		if worst > 1e-3 {
			t.Errorf("clip %d: features off by up to %v", i, worst)
		}
		t.Logf("clip %d: features off by at most %.1e", i, worst)
	}
}

func TestJudgementsOfPipecat(t *testing.T) {
	clips, recordings := reference(t)
	m := load(t, Options{})
	for i, c := range clips {
		p, err := m.Complete(t.Context(), c.pcm(recordings))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(float64(p)-c.Probability) > 0.02 {
			t.Errorf("clip %d: %.4f, the official way says %.4f", i, p, c.Probability)
		}
		t.Logf("clip %2d, %4.1f s: %.4f, officially %.4f", i, float64(c.End-c.Start+c.Silence)/16000, p, c.Probability)
	}
}

func TestManyAtOnceAgree(t *testing.T) {
	clips, recordings := reference(t)
	m := load(t, Options{Parallel: 2})
	clips = clips[:3]
	var want [3]float32
	for i, c := range clips {
		p, err := m.Complete(t.Context(), c.pcm(recordings))
		if err != nil {
			t.Fatal(err)
		}
		want[i] = p
	}
	var wg sync.WaitGroup
	for i := range 9 {
		wg.Go(func() {
			c := clips[i%3]
			p, err := m.Complete(t.Context(), c.pcm(recordings))
			if err != nil || p != want[i%3] {
				t.Errorf("clip %d: %v, %v; alone it was %v", i%3, p, err, want[i%3])
			}
		})
	}
	wg.Wait()
}

func TestContextEndsWaitingAndComputing(t *testing.T) {
	m := load(t, Options{Parallel: 1})
	bargeIn := errors.New("barge-in")

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(bargeIn)
	if _, err := m.Complete(ctx, nil); !errors.Is(err, bargeIn) {
		t.Errorf("ended before: %v", err)
	}

	s := <-m.slots // the only one: others have to wait
	ctx, cancel = context.WithCancelCause(t.Context())
	got := make(chan error)
	go func() {
		_, err := m.Complete(ctx, nil)
		got <- err
	}()
	cancel(bargeIn)
	if err := <-got; !errors.Is(err, bargeIn) {
		t.Errorf("ended while waiting: %v", err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Microsecond)
	defer stop()
	if _, err := m.judge(ctx, s, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended while computing: %v", err)
	}
	m.slots <- s
	if _, err := m.Complete(t.Context(), nil); err != nil {
		t.Errorf("the next judgement: %v", err)
	}
}

func TestCloseSendsWaitersAway(t *testing.T) {
	m, err := Load(modeltest.Path(t, modelFile), Options{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := <-m.slots
	waiting, closing := make(chan error), make(chan error)
	go func() {
		_, err := m.Complete(context.Background(), nil)
		waiting <- err
	}()
	go func() { closing <- m.Close() }()
	if err := <-waiting; !errors.Is(err, ErrClosed) {
		t.Errorf("a judgement that waited: %v", err)
	}
	select {
	case <-closing:
		t.Error("Close did not wait for the judgement under way")
	default:
	}
	m.slots <- s
	if err := <-closing; err != nil {
		t.Error(err)
	}
	if _, err := m.Complete(context.Background(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("a judgement after Close: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.onnx"), Options{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	junk := filepath.Join(t.TempDir(), "junk.onnx")
	if err := os.WriteFile(junk, []byte("this is no network"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(junk, Options{}); err == nil || !strings.Contains(err.Error(), junk) {
		t.Errorf("junk: %v", err)
	}
	// A network, but another one.
	if _, err := Load(modeltest.Path(t, "silero/silero_vad_16k_op15.onnx"), Options{}); err == nil {
		t.Error("Silero passed for a turn model")
	}
}

// TestNoLibrary runs itself again, because a process starts its runtime once.
func TestNoLibrary(t *testing.T) {
	if os.Getenv("SMARTTURN_NO_LIBRARY") == "1" {
		_, err := Load(modeltest.Path(t, modelFile), Options{Library: "libnone.so"})
		if err == nil || !strings.Contains(err.Error(), "libnone.so") {
			t.Fatalf("no library: %v", err)
		}
		// A failed start leaves the next one free to succeed.
		m, err := Load(modeltest.Path(t, modelFile), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		return
	}
	modeltest.Path(t, modelFile)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoLibrary$", "-test.v")
	cmd.Env = append(os.Environ(), "SMARTTURN_NO_LIBRARY=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestFeaturesOfAnyLength(t *testing.T) {
	bank, err := newMelBank()
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]int16, samples+5000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = int16(r.IntN(2000) - 1000)
	}
	short, full := make([]float32, mels*frames), make([]float32, mels*frames)
	roomA, roomB := new(melRoom), new(melRoom)
	for _, n := range []int{0, 1, 159, 160, 161, 199, 200, 201, 399, 400, 401, 8000, 127000, 127599, 127600, 127800, samples - 1, samples, samples + 1, samples + 5000} {
		// The shortcut for the silence in front changes nothing: a padded copy, on
		// which it cannot be taken, has the same features.
		bank.features(short, noise[:n], roomA)
		padded := append(make([]int16, max(0, samples-n)), noise[:n]...)
		bank.features(full, padded, roomB)
		for i, v := range short {
			if math.Abs(float64(v-full[i])) > 1e-5 {
				t.Fatalf("%d samples: feature %d of frame %d is %v, and %v when padded by hand", n, i/frames, i%frames, v, full[i])
			}
		}
	}
}

// TestFeaturesOfExtremes: whatever the sound, the features are numbers in the
// range that the model knows.
func TestFeaturesOfExtremes(t *testing.T) {
	bank, err := newMelBank()
	if err != nil {
		t.Fatal(err)
	}
	room, dst := new(melRoom), make([]float32, mels*frames)
	for name, f := range map[string]func(i int) int16{
		"digital silence": func(int) int16 { return 0 },
		"an offset":       func(int) int16 { return -32768 },
		"a square":        func(i int) int16 { return int16(-32768 + i&1*65535) },
		"a click":         func(i int) int16 { return int16(32767 * (1 - min(1, i))) },
		"the last bit":    func(i int) int16 { return int16(i & 1) },
	} {
		for _, n := range []int{1, 3000, samples} {
			pcm := make([]int16, n)
			for i := range pcm {
				pcm[i] = f(i)
			}
			bank.features(dst, pcm, room)
			for i, v := range dst {
				if !(v >= -1.5 && v <= 4) {
					t.Fatalf("%s, %d samples: feature %d is %v", name, n, i, v)
				}
			}
		}
	}
}

func BenchmarkFeatures(b *testing.B) {
	clips, recordings := reference(b)
	bank, err := newMelBank()
	if err != nil {
		b.Fatal(err)
	}
	room, dst := new(melRoom), make([]float32, mels*frames)
	for name, c := range map[string]clip{"8s": clips[8], "3.5s": clips[2]} {
		pcm := c.pcm(recordings)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bank.features(dst, pcm, room)
			}
		})
	}
}

func BenchmarkComplete(b *testing.B) {
	clips, recordings := reference(b)
	m := load(b, Options{Parallel: 1})
	pcm := clips[8].pcm(recordings)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Complete(b.Context(), pcm); err != nil {
			b.Fatal(err)
		}
	}
}
