package resample

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"
)

// rates are those that the program meets.
func rates() []int { return []int{8000, 16000, 22050, 24000, 44100, 48000} }

// pairs calls f for all conversions between them.
func pairs(t *testing.T, f func(t *testing.T, from, to int)) {
	for _, from := range rates() {
		for _, to := range rates() {
			if from != to {
				t.Run(fmt.Sprintf("%d-%d", from, to), func(t *testing.T) { f(t, from, to) })
			}
		}
	}
}

// tone makes a fifth of a second of a sine.
func tone(rate int, hz, amplitude float64) []int16 {
	pcm := make([]int16, rate/5)
	for i := range pcm {
		pcm[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return pcm
}

// find returns the amplitude of a frequency in pcm: one bin of a Fourier
// transform under a Hann window, by turning two phasors.
func find(pcm []int16, rate int, hz float64) float64 {
	turn := cmplx.Rect(1, -2*math.Pi*hz/float64(rate))
	windowTurn := cmplx.Rect(1, 2*math.Pi/float64(len(pcm)))
	at, window, sum := complex(1, 0), complex(1, 0), complex(0, 0)
	for _, s := range pcm {
		sum += at * complex((1-real(window))*float64(s), 0)
		at *= turn
		window *= windowTurn
	}
	return 2 * cmplx.Abs(sum) / float64(len(pcm))
}

// db is a ratio of amplitudes in decibel.
func db(v float64) float64 { return 20 * math.Log10(v) }

// middle leaves out the ends, where the tone begins and stops.
func middle(pcm []int16) []int16 { return pcm[len(pcm)/10 : len(pcm)*9/10] }

func all(t *testing.T, pcm []int16, from, to int) []int16 {
	t.Helper()
	out, err := All(pcm, from, to)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPassband(t *testing.T) {
	pairs(t, func(t *testing.T, from, to int) {
		low := float64(min(from, to))
		for _, part := range []float64{0.01, 0.2, 0.35, 0.42} {
			const amplitude = 20000
			out := all(t, tone(from, part*low, amplitude), from, to)
			if gain := db(find(middle(out), to, part*low) / amplitude); math.Abs(gain) > 0.01 {
				t.Errorf("%.0f Hz is changed by %.4f dB", part*low, gain)
			}
		}
	})
}

// Tones above half the lower rate must not come back as others: downwards where
// they would fold to, upwards where the spectrum repeats.
func TestStopband(t *testing.T) {
	pairs(t, func(t *testing.T, from, to int) {
		const amplitude, worst = 30000, -74
		if to < from {
			for _, part := range []float64{0.501, 0.53, 0.7, 0.95} {
				hz := part * float64(to)
				if hz >= float64(from)/2 {
					continue
				}
				out := middle(all(t, tone(from, hz, amplitude), from, to))
				fold := math.Abs(float64(to) - hz)
				if got := db(find(out, to, fold) / amplitude); got > worst {
					t.Errorf("%.0f Hz comes back at %.0f Hz with %.1f dB", hz, fold, got)
				}
				if got := db(rms(out) * math.Sqrt2 / amplitude); got > worst {
					t.Errorf("%.0f Hz leaves %.1f dB", hz, got)
				}
			}
			return
		}
		for _, part := range []float64{0.03, 0.25, 0.4, 0.49} {
			hz := part * float64(from)
			out := middle(all(t, tone(from, hz, amplitude), from, to))
			image := float64(from) - hz
			if image > float64(to)/2 {
				continue
			}
			if got := db(find(out, to, image) / amplitude); got > worst {
				t.Errorf("%.0f Hz has an image at %.0f Hz with %.1f dB", hz, image, got)
			}
		}
	})
}

func rms(pcm []int16) float64 {
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(len(pcm)))
}

// One-shot conversion keeps sound where it was.
func TestAligned(t *testing.T) {
	pairs(t, func(t *testing.T, from, to int) {
		hz := 0.31 * float64(min(from, to))
		out, want := all(t, tone(from, hz, 20000), from, to), tone(to, hz, 20000)
		if len(out) != len(want) {
			t.Fatalf("%d samples, want %d", len(out), len(want))
		}
		for i := len(out) / 10; i < len(out)*9/10; i++ {
			if d := int(out[i]) - int(want[i]); d < -25 || d > 25 {
				t.Fatalf("sample %d is %d, want %d", i, out[i], want[i])
			}
		}
	})
}

func TestChunks(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	pairs(t, func(t *testing.T, from, to int) {
		pcm := make([]int16, 5000)
		for i := range pcm {
			pcm[i] = int16(random.Uint32())
		}
		r, err := New(from, to)
		if err != nil {
			t.Fatal(err)
		}
		want := r.Flush(r.Process(nil, pcm))
		for round := range 3 {
			var got []int16
			in := 0
			for rest := pcm; len(rest) > 0; {
				n := min(random.IntN([]int{2, 50, 2000}[round]+1), len(rest))
				before, counted := len(got), r.count(n)
				if got = r.Process(got, rest[:n]); len(got)-before != counted {
					t.Fatalf("%d samples, counted were %d", len(got)-before, counted)
				}
				rest = rest[n:]
				in += n
				if promised := (in*to + from - 1) / from; len(got) != promised {
					t.Fatalf("%d samples out after %d in, want %d", len(got), in, promised)
				}
			}
			if got = r.Flush(got); !slices.Equal(got, want) {
				t.Fatalf("round %d: %d samples in chunks differ from %d in one", round, len(got), len(want))
			}
		}
		if n := (len(pcm)*to+from-1)/from + r.Delay(); len(want) != n {
			t.Errorf("%d samples after Flush, want %d", len(want), n)
		}
		r.Process(nil, pcm[:777])
		r.Reset()
		if got := r.Flush(nil); len(got) != 0 {
			t.Errorf("%d samples after Reset", len(got))
		}
		if got := r.Flush(r.Process(nil, pcm)); !slices.Equal(got, want) {
			t.Error("Reset leaves something behind")
		}
	})
}

func TestTicks(t *testing.T) {
	for _, tt := range []struct{ from, to, in, out int }{{24000, 8000, 480, 160}, {8000, 16000, 160, 320}, {48000, 16000, 960, 320}, {16000, 24000, 320, 480}} {
		r, err := New(tt.from, tt.to)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if got := r.Process(nil, make([]int16, tt.in)); len(got) != tt.out {
				t.Errorf("%d to %d Hz: a tick of %d gives %d samples, want %d", tt.from, tt.to, tt.in, len(got), tt.out)
			}
		}
		if ms := float64(r.Delay()) / float64(tt.to) * 1000; ms > 4 {
			t.Errorf("%d to %d Hz: %.1f ms of delay", tt.from, tt.to, ms)
		}
	}
}

func TestLoud(t *testing.T) {
	// A full-scale square overshoots in any filter; it must be cut, not wrap.
	square := make([]int16, 4800)
	for i := range square {
		square[i] = 32767
		if i/40%2 == 1 {
			square[i] = -32768
		}
	}
	out := all(t, square, 24000, 16000)
	for i := 100; i < len(out)-100; i++ {
		if d := int(out[i]) - int(out[i-1]); d > 60000 || d < -60000 {
			t.Fatalf("sample %d jumps from %d to %d", i, out[i-1], out[i])
		}
	}
	if slices.Max(out) != 32767 || slices.Min(out) != -32768 {
		t.Errorf("the range is %d to %d", slices.Min(out), slices.Max(out))
	}
}

func TestIdentityAndEmpty(t *testing.T) {
	pcm := []int16{1, -2, 3}
	if got := all(t, pcm, 16000, 16000); !slices.Equal(got, pcm) || &got[0] == &pcm[0] {
		t.Errorf("the same rate gives %v", got)
	}
	if got := all(t, nil, 16000, 8000); len(got) != 0 {
		t.Errorf("nothing gives %v", got)
	}
	if got := all(t, pcm, 16000, 8000); len(got) != 2 {
		t.Errorf("three samples give %v", got)
	}
}

func TestConstant(t *testing.T) {
	pairs(t, func(t *testing.T, from, to int) {
		pcm := slices.Repeat([]int16{12345}, from/4)
		for i, s := range middle(all(t, pcm, from, to)) {
			if s != 12345 {
				t.Fatalf("sample %d of a constant is %d", i, s)
			}
		}
	})
}

func TestRound(t *testing.T) {
	for _, tt := range []struct {
		in   float32
		want int16
	}{{0, 0}, {0.4, 0}, {0.6, 1}, {-0.4, 0}, {-0.6, -1}, {32766.6, 32767}, {40000, 32767}, {-32767.7, -32768}, {-1e9, -32768}} {
		if got := round(tt.in); got != tt.want {
			t.Errorf("round(%v) = %d, want %d", tt.in, got, tt.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range [][2]int{{0, 8000}, {8000, 0}, {-8000, 8000}, {3999, 8000}, {8000, 1 << 40}, {44101, 48000}} {
		if r, err := New(tt[0], tt[1]); err == nil {
			t.Errorf("%d to %d Hz: %v, want an error", tt[0], tt[1], r)
		}
		if _, err := All(nil, tt[0], tt[1]); err == nil {
			t.Errorf("All from %d to %d Hz: no error", tt[0], tt[1])
		}
	}
}

// BenchmarkTick resamples 20 ms.
func BenchmarkTick(b *testing.B) {
	for _, tt := range [][2]int{{24000, 8000}, {8000, 16000}, {22050, 24000}, {48000, 16000}} {
		b.Run(fmt.Sprintf("%d-%d", tt[0], tt[1]), func(b *testing.B) {
			r, err := New(tt[0], tt[1])
			if err != nil {
				b.Fatal(err)
			}
			src := tone(tt[0], 700, 20000)[:tt[0]/50]
			dst := make([]int16, 0, tt[1]/50+2)
			b.ReportAllocs()
			for b.Loop() {
				r.Process(dst, src)
			}
		})
	}
}

// BenchmarkNew computes filters; of B/op about half is kept.
func BenchmarkNew(b *testing.B) {
	for _, tt := range [][2]int{{24000, 8000}, {22050, 24000}, {48000, 22050}, {44100, 8000}} {
		b.Run(fmt.Sprintf("%d-%d", tt[0], tt[1]), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := New(tt[0], tt[1]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
