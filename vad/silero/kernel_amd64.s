//go:build amd64 && !purego

#include "textflag.h"

// func gemvRowsAVX2(dst, w *float32, stride, rows int, x *float32, n int, bias *float32)
//
// Four rows at a time, 16 columns a step: Y0–Y3 gather the even, Y4–Y7 the odd
// groups of eight products of each row, so that eight multiply-adds are under
// way at once and their latency does not count. The eight lanes are added up
// once for the four rows together.
TEXT ·gemvRowsAVX2(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ w+8(FP), R8
	MOVQ stride+16(FP), R12
	MOVQ rows+24(FP), CX
	MOVQ x+32(FP), SI
	MOVQ n+40(FP), R13
	MOVQ bias+48(FP), DX
	SHLQ $2, R12               // bytes from row to row
	SHLQ $2, R13               // bytes of x

rows:
	LEAQ (R8)(R12*1), R9
	LEAQ (R9)(R12*1), R10
	LEAQ (R10)(R12*1), R11
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	XORQ   AX, AX
	MOVQ   R13, BX
	ANDQ   $~63, BX            // bytes in whole steps of 16 columns
	JZ     tail

columns:
	VMOVUPS     (SI)(AX*1), Y8
	VMOVUPS     32(SI)(AX*1), Y9
	VFMADD231PS (R8)(AX*1), Y8, Y0
	VFMADD231PS (R9)(AX*1), Y8, Y1
	VFMADD231PS (R10)(AX*1), Y8, Y2
	VFMADD231PS (R11)(AX*1), Y8, Y3
	VFMADD231PS 32(R8)(AX*1), Y9, Y4
	VFMADD231PS 32(R9)(AX*1), Y9, Y5
	VFMADD231PS 32(R10)(AX*1), Y9, Y6
	VFMADD231PS 32(R11)(AX*1), Y9, Y7
	ADDQ        $64, AX
	CMPQ        AX, BX
	JLT         columns

tail:
	CMPQ        AX, R13
	JGE         sum
	VMOVUPS     (SI)(AX*1), Y8 // the last eight columns
	VFMADD231PS (R8)(AX*1), Y8, Y0
	VFMADD231PS (R9)(AX*1), Y8, Y1
	VFMADD231PS (R10)(AX*1), Y8, Y2
	VFMADD231PS (R11)(AX*1), Y8, Y3

sum:
	VADDPS       Y4, Y0, Y0
	VADDPS       Y5, Y1, Y1
	VADDPS       Y6, Y2, Y2
	VADDPS       Y7, Y3, Y3
	VHADDPS      Y1, Y0, Y0
	VHADDPS      Y3, Y2, Y2
	VHADDPS      Y2, Y0, Y0    // in each half: one part of each row's sum
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VADDPS       (DX), X0, X0
	VMOVUPS      X0, (DI)
	ADDQ         $16, DX
	ADDQ         $16, DI
	LEAQ         (R11)(R12*1), R8
	SUBQ         $4, CX
	JG           rows
	VZEROUPPER
	RET
