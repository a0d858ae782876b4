//go:build amd64 && !purego

package silero

import "golang.org/x/sys/cpu"

// fastestGemv returns the fastest gemv that this processor can run.
func fastestGemv() gemv {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return gemvAVX2
	}
	return gemvGo
}

// gemvAVX2 is gemv for processors with AVX2 and FMA. The checks stand here, so
// that the assembly can trust its arguments.
func gemvAVX2(dst, w []float32, stride int, x, bias []float32) {
	rows, n := len(dst), len(x)
	if rows == 0 {
		return
	}
	if rows%4 != 0 || n == 0 || n%8 != 0 || n > stride || len(w) < (rows-1)*stride+n || len(bias) < rows {
		panic("silero: gemv called with lengths it is not made for")
	}
	gemvRowsAVX2(&dst[0], &w[0], stride, rows, &x[0], n, &bias[0])
}

// gemvRowsAVX2 is in kernel_amd64.s.
//
//go:noescape
func gemvRowsAVX2(dst, w *float32, stride, rows int, x *float32, n int, bias *float32)
