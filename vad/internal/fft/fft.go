// Package fft is a small fast Fourier transform for the sizes that the speech
// models ask for: lengths whose only prime factors are 2 and 5 (256 and 400).
//
// The algorithm is Stockham's self-sorting form of the mixed-radix
// Cooley–Tukey transform (C. Van Loan, Computational Frameworks for the Fast
// Fourier Transform, 1992, chapter 1): each stage reads one buffer and writes
// another in the order the next stage wants, so there is no bit reversal.
package fft

import (
	"fmt"
	"math"
)

// Plan holds the factors and twiddles of one length. It never changes, so that
// any number of goroutines may share it; each brings its own buffers.
type Plan struct {
	n      int
	stages []stage
}

// stage turns n/span transforms of length span into n/(span·radix) of length
// span·radix. twiddles holds radix−1 factors for each of its butterflies.
type stage struct {
	radix, span int
	twiddles    []complex128
}

// New plans transforms of length n, whose prime factors must be 2 and 5.
func New(n int) (*Plan, error) {
	if n < 1 || n > 1<<20 {
		return nil, fmt.Errorf("planning a transform of length %d: the length must be between 1 and %d", n, 1<<20)
	}
	p := &Plan{n: n}
	for span, rest := 1, n; rest > 1; {
		radix := 0
		for _, r := range [...]int{4, 2, 5} {
			if rest%r == 0 {
				radix = r
				break
			}
		}
		if radix == 0 {
			return nil, fmt.Errorf("planning a transform of length %d: it has prime factors other than 2 and 5", n)
		}
		s := stage{radix: radix, span: span, twiddles: make([]complex128, 0, (radix-1)*span)}
		for j := range span {
			for k := 1; k < radix; k++ {
				sin, cos := math.Sincos(-2 * math.Pi * float64(j*k) / float64(span*radix))
				s.twiddles = append(s.twiddles, complex(cos, sin))
			}
		}
		p.stages = append(p.stages, s)
		span *= radix
		rest /= radix
	}
	return p, nil
}

// Len is the length of the transforms.
func (p *Plan) Len() int { return p.n }

// Transform computes X[k] = Σ x[j]·exp(−2πi·jk/n) of the n values in x. It uses
// x and scratch, both of length n, as working room, and returns the one of the
// two that holds the result. It does not allocate.
func (p *Plan) Transform(x, scratch []complex128) []complex128 {
	x, scratch = x[:p.n], scratch[:p.n]
	for i := range p.stages {
		s := &p.stages[i]
		switch s.radix {
		case 2:
			s.radix2(scratch, x)
		case 4:
			s.radix4(scratch, x)
		case 5:
			s.radix5(scratch, x)
		}
		x, scratch = scratch, x
	}
	return x
}

// Each butterfly below takes inputs that lie n/radix apart and writes outputs
// that lie span apart, j being the place within a transform of length span.

func (s *stage) radix2(dst, src []complex128) {
	m := len(src) / 2
	a, b := src[:m], src[m:][:m]
	for start := 0; start < m; start += s.span {
		out := dst[2*start:][:2*s.span]
		for j := range s.span {
			u, v := a[start+j], b[start+j]*s.twiddles[j]
			out[j], out[s.span+j] = u+v, u-v
		}
	}
}

func (s *stage) radix4(dst, src []complex128) {
	m, span := len(src)/4, s.span
	for start := 0; start < m; start += span {
		a, b := src[start:][:span], src[m+start:][:span]
		c, d := src[2*m+start:][:span], src[3*m+start:][:span]
		out := dst[4*start:][:4*span]
		o0, o1, o2, o3 := out[:span], out[span:][:span], out[2*span:][:span], out[3*span:][:span]
		tw := s.twiddles
		for j := range span {
			w := tw[:3]
			tw = tw[3:]
			u0, u1, u2, u3 := a[j], b[j]*w[0], c[j]*w[1], d[j]*w[2]
			s02, d02, s13, d13 := u0+u2, u0-u2, u1+u3, u1-u3
			turned := complex(imag(d13), -real(d13)) // −i·d13
			o0[j], o2[j] = s02+s13, s02-s13
			o1[j], o3[j] = d02+turned, d02-turned
		}
	}
}

// Cosines and sines of 2π/5 and 4π/5.
const (
	cos1, sin1 = 0.30901699437494742410, 0.95105651629515357212
	cos2, sin2 = -0.80901699437494742410, 0.58778525229247312917
)

func (s *stage) radix5(dst, src []complex128) {
	m, span := len(src)/5, s.span
	for start := 0; start < m; start += span {
		out := dst[5*start:][:5*span]
		for j := range span {
			w := s.twiddles[4*j:][:4]
			i := start + j
			u0 := src[i]
			u1, u2 := src[m+i]*w[0], src[2*m+i]*w[1]
			u3, u4 := src[3*m+i]*w[2], src[4*m+i]*w[3]
			s14, d14, s23, d23 := u1+u4, u1-u4, u2+u3, u2-u3
			r1 := u0 + scale(s14, cos1) + scale(s23, cos2)
			r2 := u0 + scale(s14, cos2) + scale(s23, cos1)
			q1 := scale(d14, sin1) + scale(d23, sin2)
			q2 := scale(d14, sin2) - scale(d23, sin1)
			t1, t2 := complex(imag(q1), -real(q1)), complex(imag(q2), -real(q2)) // −i·q
			out[j] = u0 + s14 + s23
			out[span+j], out[4*span+j] = r1+t1, r1-t1
			out[2*span+j], out[3*span+j] = r2+t2, r2-t2
		}
	}
}

// scale multiplies by a real number, which costs half a complex multiplication.
func scale(z complex128, by float64) complex128 { return complex(real(z)*by, imag(z)*by) }

// Power2 returns |A[k]|² and |B[k]|² for the transforms A and B of two real
// signals that were transformed together, one as the real and one as the
// imaginary part of x, from X[k] and X[n−k] (X[0] for k = 0): A[k] is the part
// with Hermitian symmetry, B[k] the other.
func Power2(xk, xnk complex128) (a, b float64) {
	ar, ai := real(xk)+real(xnk), imag(xk)-imag(xnk)
	br, bi := imag(xk)+imag(xnk), real(xnk)-real(xk)
	return (ar*ar + ai*ai) / 4, (br*br + bi*bi) / 4
}
