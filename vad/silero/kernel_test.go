package silero

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// gemvSlow is the definition, in double precision.
func gemvSlow(dst, w []float32, stride int, x, bias []float32) {
	for i := range dst {
		sum := float64(bias[i])
		for k, v := range x {
			sum += float64(w[i*stride+k]) * float64(v)
		}
		dst[i] = float32(sum)
	}
}

// gemvs are all kernels that this machine can run.
func gemvs() map[string]gemv {
	return map[string]gemv{"plain": gemvGo, "fastest": fastestGemv()}
}

// checkGemv compares all kernels with the definition on random numbers. offset
// moves every slice away from where the allocator aligned it.
func checkGemv(t *testing.T, rows, n, stride, offset int, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	random := func(n int) []float32 {
		x := make([]float32, offset+n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x[offset:]
	}
	w, x, bias := random((rows-1)*stride+n), random(n), random(rows)
	want := make([]float32, rows)
	gemvSlow(want, w, stride, x, bias)
	for name, f := range gemvs() {
		// What lies around dst must stay.
		room := random(rows + 16)
		got := room[8 : 8+rows]
		before, after := [8]float32(room[:8]), [8]float32(room[8+rows:])
		f(got, w, stride, x, bias)
		if before != [8]float32(room[:8]) || after != [8]float32(room[8+rows:]) {
			t.Fatalf("%s: wrote outside of its %d rows", name, rows)
		}
		for i, v := range want {
			// Sums of n numbers about 1 in another order differ by about √n roundings.
			if d := math.Abs(float64(got[i] - v)); !(d <= 2e-6*math.Sqrt(float64(n))+1e-5) {
				t.Fatalf("%s, %d×%d, stride %d, offset %d: row %d is %v, not %v", name, rows, n, stride, offset, i, got[i], v)
			}
		}
	}
}

func TestKernels(t *testing.T) {
	for _, rows := range []int{4, 8, 12, 64, 512} {
		for _, n := range []int{8, 16, 24, 64, 128, 136, 256, 272, 408} {
			for _, extra := range []int{0, 1, 136} {
				checkGemv(t, rows, n, n+extra, (rows+n+extra)%9, 1)
			}
		}
	}
}

func TestKernelsKeepSpecialNumbers(t *testing.T) {
	inf := float32(math.Inf(1))
	for name, f := range gemvs() {
		for _, at := range []int{0, 7, 8, 15, 16, 23} {
			x, w := make([]float32, 24), make([]float32, 4*24)
			for i := range w {
				w[i] = 1
			}
			dst := make([]float32, 4)
			x[at] = inf
			f(dst, w, 24, x, make([]float32, 4))
			if dst[0] != inf || dst[3] != inf {
				t.Errorf("%s: an infinity in column %d gave %v", name, at, dst)
			}
		}
	}
}

// TestKernelRefusesWrongLengths: the assembly must never be reached with lengths
// with which it would leave the slices.
func TestKernelRefusesWrongLengths(t *testing.T) {
	tests := []struct {
		name                            string
		dst, w, stride, columns, biases int
	}{
		{"too few weights", 8, 8*16 - 1, 16, 16, 8},
		{"too few biases", 8, 8 * 16, 16, 16, 7},
	}
	for _, tt := range tests {
		for name, f := range gemvs() {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				f(make([]float32, tt.dst), make([]float32, tt.w), tt.stride, make([]float32, tt.columns), make([]float32, tt.biases))
			})
		}
	}
}

func FuzzKernels(f *testing.F) {
	f.Add(uint8(1), uint8(1), uint8(0), uint8(0), uint64(1))
	f.Add(uint8(128), uint8(51), uint8(3), uint8(5), uint64(2))
	f.Fuzz(func(t *testing.T, rows, columns, extra, offset uint8, seed uint64) {
		checkGemv(t, 4*(1+int(rows)%128), 8*(1+int(columns)%64), 8*(1+int(columns)%64)+int(extra), int(offset)%16, seed)
	})
}

func BenchmarkKernels(b *testing.B) {
	for name, f := range gemvs() {
		for _, size := range [][2]int{{512, 256}, {128, 408}} {
			rows, n := size[0], size[1]
			b.Run(fmt.Sprintf("%s/%dx%d", name, rows, n), func(b *testing.B) {
				w, x, y, bias := make([]float32, rows*n), make([]float32, n), make([]float32, rows), make([]float32, rows)
				b.SetBytes(int64(4 * rows * n))
				for b.Loop() {
					f(y, w, n, x, bias)
				}
			})
		}
	}
}
