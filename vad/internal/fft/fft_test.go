package fft

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// slow is the definition of the transform.
func slow(x []complex128) []complex128 {
	out := make([]complex128, len(x))
	for k := range out {
		for j, v := range x {
			out[k] += v * cmplx.Rect(1, -2*math.Pi*float64(j*k%len(x))/float64(len(x)))
		}
	}
	return out
}

func random(n int) []complex128 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]complex128, n)
	for i := range x {
		x[i] = complex(r.NormFloat64(), r.NormFloat64())
	}
	return x
}

func TestTransformIsTheDefinition(t *testing.T) {
	for _, n := range []int{1, 2, 4, 5, 8, 10, 16, 20, 25, 32, 50, 64, 100, 125, 256, 400} {
		p, err := New(n)
		if err != nil {
			t.Fatal(err)
		}
		x := random(n)
		want := slow(x)
		got := p.Transform(x, make([]complex128, n))
		for k := range want {
			if d := cmplx.Abs(got[k] - want[k]); d > 1e-11 {
				t.Fatalf("length %d: value %d is %v, the definition gives %v", n, k, got[k], want[k])
			}
		}
	}
}

func TestPower2(t *testing.T) {
	const n = 400
	p, err := New(n)
	if err != nil {
		t.Fatal(err)
	}
	x := random(n)
	a, b := make([]complex128, n), make([]complex128, n)
	for i, v := range x {
		a[i], b[i] = complex(real(v), 0), complex(imag(v), 0)
	}
	wantA, wantB := slow(a), slow(b)
	got := p.Transform(x, make([]complex128, n))
	for k := range n/2 + 1 {
		pa, pb := Power2(got[k], got[(n-k)%n])
		wa, wb := cmplx.Abs(wantA[k]), cmplx.Abs(wantB[k])
		if math.Abs(pa-wa*wa) > 1e-8 || math.Abs(pb-wb*wb) > 1e-8 {
			t.Fatalf("bin %d: powers %v and %v, want %v and %v", k, pa, pb, wa*wa, wb*wb)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, n := range []int{-4, 0, 3, 7, 12, 1<<20 + 1, 1 << 40} {
		if _, err := New(n); err == nil {
			t.Errorf("length %d was accepted", n)
		}
	}
}

func BenchmarkTransform(b *testing.B) {
	for _, n := range []int{256, 400} {
		b.Run(map[int]string{256: "256", 400: "400"}[n], func(b *testing.B) {
			b.ReportAllocs()
			p, err := New(n)
			if err != nil {
				b.Fatal(err)
			}
			x, scratch := random(n), make([]complex128, n)
			y := make([]complex128, n)
			for b.Loop() {
				copy(y, x)
				p.Transform(y, scratch)
			}
		})
	}
}
