package silero

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"parley/audio/wav"
	"parley/models/modeltest"
	"parley/vad"
)

const modelFile = "silero/silero_vad_16k_op15.onnx"

func load(t testing.TB) *Model {
	t.Helper()
	m, err := Load(modeltest.Path(t, modelFile))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// recording returns the samples of a 16 kHz mono 16-bit wav of the model
// packages, in [-1, 1).
func recording(t testing.TB, name string) []float32 {
	t.Helper()
	pcm, rate, err := wav.ReadFile(modeltest.Path(t, "speech-samples/"+name), 120*vad.Rate)
	if err != nil {
		t.Fatal(err)
	}
	if rate != vad.Rate {
		t.Fatalf("%s is at %d Hz", name, rate)
	}
	out := make([]float32, len(pcm))
	for i, s := range pcm {
		out[i] = float32(s) / 32768
	}
	return out
}

// kernels are the models to test: with the fastest kernel and with plain Go.
func kernels(t testing.TB) map[string]*Model {
	fast := load(t)
	plain := *fast
	plain.gemv = gemvGo
	return map[string]*Model{"fastest": fast, "plain": &plain}
}

func TestProbabilitiesOfTheOfficialModel(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "probabilities.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Recording     string
		Probabilities []float64
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Probabilities) < 300 {
		t.Fatalf("only %d reference probabilities", len(want.Probabilities))
	}
	pcm := recording(t, want.Recording)
	for name, m := range kernels(t) {
		t.Run(name, func(t *testing.T) {
			d := m.New()
			for run := range 2 { // the second after Reset
				worst := 0.0
				for i, p := range want.Probabilities {
					got := d.Probability(pcm[i*vad.Window:][:vad.Window])
					worst = max(worst, math.Abs(float64(got)-p))
				}
				if worst > 2e-5 {
					t.Errorf("run %d: off by up to %v", run, worst)
				}
				t.Logf("run %d: off by at most %.1e in %d windows", run, worst, len(want.Probabilities))
				d.Reset()
			}
		})
	}
}

// TestPeekLeavesTheStateAsItWas peeks at all sorts of windows, garbage included.
func TestPeekLeavesTheStateAsItWas(t *testing.T) {
	m := load(t)
	pcm := recording(t, "beckett.wav")[2*vad.Rate:][:3*vad.Rate]
	quiet, peeked := m.New(), m.New()
	loud := make([]float32, vad.Window)
	for i := range loud {
		loud[i] = float32(math.NaN())
	}
	for i := 0; i+2*vad.Window <= len(pcm); i += vad.Window {
		want, got := quiet.Probability(pcm[i:]), peeked.Probability(pcm[i:])
		if got != want {
			t.Fatalf("after peeking, window %d has the probability %v, not %v", i/vad.Window, got, want)
		}
		if next := m.New(); i == 0 {
			next.Probability(pcm[i:])
			if p, w := peeked.Peek(pcm[i+vad.Window:]), next.Probability(pcm[i+vad.Window:]); p != w {
				t.Fatalf("peeking at the next window says %v, judging it %v", p, w)
			}
		}
		for _, shift := range []int{1, 192, 320, 511, 512} {
			peeked.Peek(pcm[i+shift:])
		}
		peeked.Peek(loud)
	}
}

// TestPeekKnowsWhatCameBefore: a window that overlaps the last one stands behind
// the sound it really followed. A tone has no joint then, which would sound like
// a click.
func TestPeekKnowsWhatCameBefore(t *testing.T) {
	d := load(t).New()
	pcm := make([]float32, 20*vad.Window)
	for i := range pcm {
		x := 2 * math.Pi * float64(i) / vad.Rate
		pcm[i] = float32(0.07 * (math.Sin(350*x) + math.Sin(440*x)))
	}
	for i := 0; i+2*vad.Window <= len(pcm); i += vad.Window {
		d.Probability(pcm[i:])
		for shift := 64; shift <= vad.Window; shift += 64 {
			if p := d.Peek(pcm[i+shift:]); p > 0.1 {
				t.Errorf("a dial tone, peeked at %d samples into window %d, is speech with %.2f", shift, i/vad.Window, p)
			}
		}
	}
}

func TestOverlap(t *testing.T) {
	last := []float32{1, 2, 3, 1, 2}
	tests := []struct {
		next []float32
		want int
	}{
		{[]float32{1, 2, 3, 1, 2}, 0},
		{[]float32{2, 3, 1, 2, 9}, 1},
		{[]float32{1, 2, 8, 8, 8}, 3},
		{[]float32{2, 8, 8, 8, 8}, 4},
		{[]float32{7, 7, 7, 7, 7}, 5},
	}
	for _, tt := range tests {
		if got := overlap(last, tt.next); got != tt.want {
			t.Errorf("%v follows %v from %d on, not %d", tt.next, last, got, tt.want)
		}
	}
}

func TestNothingPoisonsADetector(t *testing.T) {
	for name, m := range kernels(t) {
		d, fresh := m.New(), m.New()
		bad := make([]float32, vad.Window)
		for i := range bad {
			bad[i] = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, -7}[i%5]
		}
		for range 3 {
			if p := d.Probability(bad); !(p >= 0 && p <= 1) {
				t.Fatalf("%s: garbage has the probability %v", name, p)
			}
		}
		silence := make([]float32, vad.Window)
		var p, want float32
		for range 100 {
			p, want = d.Probability(silence), fresh.Probability(silence)
		}
		if math.Abs(float64(p-want)) > 0.02 {
			t.Errorf("%s: silence long after garbage has the probability %v, not %v", name, p, want)
		}
	}
}

// TestDetectorsShareAModel runs several at once; the race detector watches.
func TestDetectorsShareAModel(t *testing.T) {
	m := load(t)
	pcm := recording(t, "beckett.wav")
	var want []float32
	for i, d := 0, m.New(); i < 60; i++ {
		want = append(want, d.Probability(pcm[i*vad.Window:]))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			d := m.New()
			for i, w := range want {
				if p := d.Probability(pcm[i*vad.Window:]); p != w {
					t.Errorf("window %d has the probability %v, alone it had %v", i, p, w)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestDetectorDoesNotAllocate(t *testing.T) {
	pcm := recording(t, "beckett.wav")
	for name, m := range kernels(t) {
		d := m.New()
		i := 0
		if n := testing.AllocsPerRun(50, func() {
			d.Probability(pcm[i*vad.Window:])
			d.Peek(pcm[i*vad.Window+320:])
			i++
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		if n := testing.AllocsPerRun(10, d.Reset); n != 0 {
			t.Errorf("%s: %v allocations in Reset", name, n)
		}
	}
	if size := unsafe.Sizeof(Detector{}); size > 30_000 {
		t.Errorf("a detector takes %d bytes", size)
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.onnx")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	good, err := os.ReadFile(modeltest.Path(t, modelFile))
	if err != nil {
		t.Fatal(err)
	}
	changed := func(old, new string) []byte {
		if len(old) != len(new) || !bytes.Contains(good, []byte(old)) {
			t.Fatalf("the model has no %q", old)
		}
		return bytes.ReplaceAll(good, []byte(old), []byte(new))
	}
	// One value of the first layer: the Fourier transform it is no more.
	basis := bytes.Clone(good)
	at := bytes.Index(basis, []byte("model.stft.forward_basis_bufferJ")) + 60_000
	binary.LittleEndian.PutUint32(basis[at:], math.Float32bits(0.3))
	for name, tt := range map[string]struct {
		file []byte
		want string
	}{
		"empty":        {nil, "no weights named model.stft"},
		"cut short":    {good[:len(good)/2], "field 7"},
		"other names":  {changed("model.decoder.rnn.weight_ih", "model.decoder.rnn.weight_xx"), "weight_ih"},
		"too big":      {make([]byte, maxFile+1), "more than"},
		"other layer":  {basis, "Fourier"},
		"other format": {[]byte("RIFF0000WAVEfmt "), "protobuf"},
	} {
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := os.WriteFile(path, tt.file, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: the error is %v, want one about %q", name, err, tt.want)
		}
	}
}

func BenchmarkProbability(b *testing.B) {
	pcm := recording(b, "beckett.wav")
	for name, m := range kernels(b) {
		d := m.New()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				d.Probability(pcm[i*vad.Window:])
				i = (i + 1) % 300
			}
		})
	}
}

// BenchmarkConversations judges 60 conversations in turn, whose states do not fit
// into the nearest cache together.
func BenchmarkConversations(b *testing.B) {
	pcm := recording(b, "beckett.wav")
	m := load(b)
	var ds [60]vad.Detector
	for i := range ds {
		ds[i] = m.New()
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		ds[i%len(ds)].Probability(pcm[i%300*vad.Window:])
		i++
	}
}

func BenchmarkPeek(b *testing.B) {
	pcm := recording(b, "beckett.wav")
	d := load(b).New()
	for range 20 {
		d.Probability(pcm)
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Peek(pcm[320:])
	}
}
