package silero

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	raw, err := os.ReadFile(modeltest.Path(t, "speech-samples/"+name))
	if err != nil {
		t.Fatal(err)
	}
	_, data, ok := strings.Cut(string(raw), "data")
	if !ok || len(data) < 4 || binary.LittleEndian.Uint32(raw[24:]) != vad.Rate {
		t.Fatalf("%s is not a wav of %d Hz", name, vad.Rate)
	}
	out := make([]float32, (len(data)-4)/2)
	for i := range out {
		out[i] = float32(int16(binary.LittleEndian.Uint16([]byte(data[4+2*i:])))) / 32768
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
