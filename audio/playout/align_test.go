package playout

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"parley/audio"
)

const ms = time.Millisecond

// part is a stretch of noise of one loudness.
type part struct {
	length time.Duration
	loud   float64
}

func samples(d time.Duration) int64 { return int64(d) * audio.SpeakRate / int64(time.Second) }

func noise(parts ...part) []int16 {
	rng := rand.New(rand.NewPCG(5, 6))
	var pcm []int16
	for _, p := range parts {
		for range samples(p.length) {
			pcm = append(pcm, int16((rng.Float64()*2-1)*p.loud))
		}
	}
	return pcm
}

func TestAlign(t *testing.T) {
	const loud, soft = 8000, 400
	tests := []struct {
		name    string
		parts   []part
		weights []float64
		want    []time.Duration
		within  time.Duration
	}{
		{"one word, trimmed", []part{{50 * ms, 0}, {300 * ms, loud}, {100 * ms, 2}}, []float64{3}, []time.Duration{50 * ms, 350 * ms}, 3 * ms},
		{"no words", []part{{50 * ms, 0}, {300 * ms, loud}}, nil, []time.Duration{50 * ms}, 3 * ms},
		{"a pause where the weights want it not", []part{{340 * ms, loud}, {20 * ms, soft}, {240 * ms, loud}}, []float64{1, 1},
			[]time.Duration{0, 350 * ms, 600 * ms}, 6 * ms},
		{"a pause too far away", []part{{500 * ms, loud}, {20 * ms, soft}, {480 * ms, loud}}, []float64{3, 7},
			[]time.Duration{0, 300 * ms, 1000 * ms}, 81 * ms},
		{"each boundary at its own pause", []part{{30 * ms, 0}, {180 * ms, loud}, {20 * ms, soft}, {400 * ms, loud}, {20 * ms, soft}, {90 * ms, loud}, {40 * ms, 0}}, []float64{4, 8, 2.5},
			[]time.Duration{30 * ms, 220 * ms, 640 * ms, 740 * ms}, 6 * ms},
		{"a digital silence: the middle nearest to the wish", []part{{200 * ms, loud}, {100 * ms, 0}, {200 * ms, loud}}, []float64{1, 1},
			[]time.Duration{0, 250 * ms, 500 * ms}, 3 * ms},
		{"silent all over", []part{{400 * ms, 0}}, []float64{1, 3}, []time.Duration{0, 100 * ms, 400 * ms}, 3 * ms},
		{"bad weights count as one", []part{{400 * ms, 0}}, []float64{math.NaN(), -1, 0, math.Inf(1)}, []time.Duration{0, 100 * ms, 200 * ms, 300 * ms, 400 * ms}, 3 * ms},
		{"no sound", nil, []float64{1, 1}, []time.Duration{0, 0, 0}, 0},
		{"shorter than anything", []part{{2 * ms, loud}}, []float64{1, 1, 1}, []time.Duration{0, 1 * ms, 1 * ms, 2 * ms}, 1 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Align(noise(tt.parts...), tt.weights)
			if len(got) != len(tt.want) {
				t.Fatalf("got %v", got)
			}
			for i := range got {
				if off := abs(got[i] - samples(tt.want[i])); off > samples(tt.within) {
					t.Errorf("boundary %d is at %.1f ms, want %v", i, float64(got[i])/24, tt.want[i])
				}
			}
		})
	}
}

func TestAlignInPieces(t *testing.T) {
	pcm := noise(part{50 * ms, 0}, part{300 * ms, 9000}, part{30 * ms, 100}, part{400 * ms, 7000})
	weights := []float64{3, 2, 2}
	want := Align(pcm, weights)
	for _, size := range []int{1, 7, 480, 5000} {
		var pieces [][]int16
		for rest := pcm; len(rest) > 0; {
			n := min(size, len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		got := alignInto(nil, pieces, weights)
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("in pieces of %d: %v, want %v", size, got, want)
			}
		}
	}
}

func FuzzAlign(f *testing.F) {
	f.Add([]byte{1, 200, 100, 3, 9, 9}, uint8(3), 1.0)
	f.Add([]byte{}, uint8(0), 0.0)
	f.Fuzz(func(t *testing.T, data []byte, words uint8, odd float64) {
		pcm := make([]int16, 0, len(data)*50)
		for i := range cap(pcm) {
			pcm = append(pcm, int16(int8(data[i/50]))*int16(i%7))
		}
		weights := make([]float64, words)
		for i := range weights {
			weights[i] = float64(i % 5)
		}
		if words > 0 {
			weights[words/2] = odd
		}
		got := Align(pcm, weights)
		if len(got) != int(words)+1 {
			t.Fatalf("%d boundaries for %d words", len(got), words)
		}
		last := int64(0)
		for _, b := range got {
			if b < last || b > int64(len(pcm)) {
				t.Fatalf("%v in %d samples", got, len(pcm))
			}
			last = b
		}
	})
}

func BenchmarkAlign(b *testing.B) {
	pcm := noise(part{3 * time.Second, 8000})
	weights := []float64{3, 4, 5, 2, 7, 4, 3, 5, 6}
	b.ReportAllocs()
	for b.Loop() {
		Align(pcm, weights)
	}
}
