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

// Six bytes, eight registers, to each number of 64 bits.
DATA spreadWide<>+0(SB)/8, $0xffff050403020100
DATA spreadWide<>+8(SB)/8, $0xffff0b0a09080706
DATA spreadWide<>+16(SB)/8, $0xffff11100f0e0d0c
DATA spreadWide<>+24(SB)/8, $0xffff171615141312
DATA spreadWide<>+32(SB)/8, $0xffff1d1c1b1a1918
DATA spreadWide<>+40(SB)/8, $0xffff232221201f1e
DATA spreadWide<>+48(SB)/8, $0xffff292827262524
DATA spreadWide<>+56(SB)/8, $0xffff2f2e2d2c2b2a
GLOBL spreadWide<>(SB), RODATA|NOPTR, $64

// The bits at which the eight registers begin.
DATA begins<>+0(SB)/8, $0x2a241e18120c0600
GLOBL begins<>(SB), RODATA|NOPTR, $8

// func mergeAVX512(registers, packed *byte, rounds int)
TEXT ·mergeAVX512(SB), NOSPLIT, $0-24
	MOVQ registers+0(FP), DI
	MOVQ packed+8(FP), SI
	MOVQ rounds+16(FP), CX
	MOVQ $0xffffffffffff, AX
	KMOVQ AX, K1 // 48 bytes are 64 registers
	VMOVDQU64 spreadWide<>(SB), Z2
	VPBROADCASTQ begins<>(SB), Z3
	VPBROADCASTD lowest<>(SB), Z4
	VPSLLD $8, Z4, Z5
	VPORD Z5, Z4, Z4
	VPSLLD $16, Z4, Z5
	VPORD Z5, Z4, Z4 // 63 in each byte

wide:
	VMOVDQU8.Z (SI), K1, Z0
	VPERMB Z0, Z2, Z0
	VPMULTISHIFTQB Z0, Z3, Z0 // eight bits from where each register begins
	VPANDQ Z4, Z0, Z0
	VPMAXUB (DI), Z0, Z0
	VMOVDQU64 Z0, (DI)
	ADDQ $48, SI
	ADDQ $64, DI
	DECQ CX
	JNZ wide

	VZEROUPPER
	RET

// Counts the bytes of Z16 that are those of value.
#define COUNT(value, mask, counter) \
	VPCMPEQB value, Z16, mask \
	VPSUBB Z17, counter, mask, counter

// Adds the bytes of counter up and stores the sum.
#define STORE(offset, counter, y, x) \
	VPSADBW Z18, counter, counter \
	VEXTRACTI64X4 $1, counter, Y8 \
	VPADDQ Y8, y, y               \
	VEXTRACTI128 $1, y, X8        \
	VPADDQ X8, x, x               \
	VPSRLDQ $8, x, X8             \
	VPADDQ X8, x, x               \
	VMOVQ x, offset(DI)

// func countAVX512(registers *byte, rounds int, first byte, counts *[8]uint64)
TEXT ·countAVX512(SB), NOSPLIT, $0-32
	MOVQ registers+0(FP), SI
	MOVQ rounds+8(FP), CX
	MOVQ counts+24(FP), DI
	VPTERNLOGD $0xff, Z17, Z17, Z17 // -1 in each byte
	VPXORQ Z18, Z18, Z18
	VPBROADCASTB first+16(FP), Z8 // the values
	VPSUBB Z17, Z8, Z9
	VPSUBB Z17, Z9, Z10
	VPSUBB Z17, Z10, Z11
	VPSUBB Z17, Z11, Z12
	VPSUBB Z17, Z12, Z13
	VPSUBB Z17, Z13, Z14
	VPSUBB Z17, Z14, Z15
	VPXORQ Z0, Z0, Z0 // their counters
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7

round:
	VMOVDQU64 (SI), Z16
	COUNT(Z8, K1, Z0)
	COUNT(Z9, K2, Z1)
	COUNT(Z10, K3, Z2)
	COUNT(Z11, K4, Z3)
	COUNT(Z12, K5, Z4)
	COUNT(Z13, K6, Z5)
	COUNT(Z14, K7, Z6)
	COUNT(Z15, K1, Z7)
	ADDQ $64, SI
	DECQ CX
	JNZ round

	STORE(0, Z0, Y0, X0)
	STORE(8, Z1, Y1, X1)
	STORE(16, Z2, Y2, X2)
	STORE(24, Z3, Y3, X3)
	STORE(32, Z4, Y4, X4)
	STORE(40, Z5, Y5, X5)
	STORE(48, Z6, Y6, X6)
	STORE(56, Z7, Y7, X7)
	VZEROUPPER
	RET
