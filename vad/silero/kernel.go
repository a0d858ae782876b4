package silero

// gemv computes dst[i] = bias[i] + Σ w[i·stride+k]·x[k]: a matrix of len(dst)
// rows that lie stride apart, times the vector x. len(dst) must be a multiple of
// 4, len(x) a multiple of 8 and at most stride, and w must hold all rows.
type gemv func(dst, w []float32, stride int, x, bias []float32)

// gemvGo is the portable gemv, and the yardstick of the others. Four rows at a
// time keep each x in a register for four products, and give the processor four
// independent chains of additions (two for each row).
func gemvGo(dst, w []float32, stride int, x, bias []float32) {
	n := len(x)
	bias = bias[:len(dst)]
	for i := 0; i+4 <= len(dst); i += 4 {
		r0 := w[i*stride:][:n]
		r1 := w[(i+1)*stride:][:n]
		r2 := w[(i+2)*stride:][:n]
		r3 := w[(i+3)*stride:][:n]
		var a0, a1, a2, a3, b0, b1, b2, b3 float32
		for k := 0; k+2 <= len(x) && k+2 <= len(r0) && k+2 <= len(r1) && k+2 <= len(r2) && k+2 <= len(r3); k += 2 {
			u, v := x[k], x[k+1]
			a0 += u * r0[k]
			b0 += v * r0[k+1]
			a1 += u * r1[k]
			b1 += v * r1[k+1]
			a2 += u * r2[k]
			b2 += v * r2[k+1]
			a3 += u * r3[k]
			b3 += v * r3[k+1]
		}
		dst[i] = bias[i] + a0 + b0
		dst[i+1] = bias[i+1] + a1 + b1
		dst[i+2] = bias[i+2] + a2 + b2
		dst[i+3] = bias[i+3] + a3 + b3
	}
}
