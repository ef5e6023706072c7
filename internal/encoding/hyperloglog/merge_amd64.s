#include "textflag.h"

// Three bytes, four registers, to each of four numbers of 32 bits.
DATA spread<>+0(SB)/8, $0xff050403ff020100
DATA spread<>+8(SB)/8, $0xff0b0a09ff080706
DATA spread<>+16(SB)/8, $0xff050403ff020100
DATA spread<>+24(SB)/8, $0xff0b0a09ff080706
GLOBL spread<>(SB), RODATA|NOPTR, $32

DATA lowest<>+0(SB)/4, $0x3f
GLOBL lowest<>(SB), RODATA|NOPTR, $4

// func mergeAVX2(registers, packed *byte, rounds int)
TEXT ·mergeAVX2(SB), NOSPLIT, $0-24
	MOVQ registers+0(FP), DI
	MOVQ packed+8(FP), SI
	MOVQ rounds+16(FP), CX
	VMOVDQU spread<>(SB), Y8
	VPBROADCASTD lowest<>(SB), Y4 // the place of a number's first register
	VPSLLD $8, Y4, Y5             // and of the others
	VPSLLD $16, Y4, Y6
	VPSLLD $24, Y4, Y7

round:
	VMOVDQU (SI), X0
	VINSERTI128 $1, 12(SI), Y0, Y0
	VPSHUFB Y8, Y0, Y0
	VPSLLD $2, Y0, Y1
	VPSLLD $4, Y0, Y2
	VPSLLD $6, Y0, Y3
	VPAND Y4, Y0, Y0
	VPAND Y5, Y1, Y1
	VPAND Y6, Y2, Y2
	VPAND Y7, Y3, Y3
	VPOR Y1, Y0, Y0
	VPOR Y3, Y2, Y2
	VPOR Y2, Y0, Y0
	VPMAXUB (DI), Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ $24, SI
	ADDQ $32, DI
	DECQ CX
	JNZ round

	VZEROUPPER
	RET
