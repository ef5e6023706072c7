#include "textflag.h"

// The ones in each number of four bits, for both lanes of a register.
DATA ones<>+0(SB)/8, $0x0302020102010100
DATA ones<>+8(SB)/8, $0x0403030203020201
DATA ones<>+16(SB)/8, $0x0302020102010100
DATA ones<>+24(SB)/8, $0x0403030203020201
GLOBL ones<>(SB), RODATA|NOPTR, $32

DATA low<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL low<>(SB), RODATA|NOPTR, $8

// Adds the ones of 32 bytes to the byte counters in sum.
#define COUNT(offset, sum, a, b) \
	VMOVDQU offset(SI), a   \
	VPSRLW  $4, a, b        \
	VPAND   Y1, a, a        \
	VPAND   Y1, b, b        \
	VPSHUFB a, Y0, a        \
	VPSHUFB b, Y0, b        \
	VPADDB  a, sum, sum     \
	VPADDB  b, sum, sum

// Both functions have two loops: the first one prefetches, as far ahead as memory
// needs, and the second one counts the strides at the end, for which that has been
// done.
#define AHEAD 16384

// Counts one stride in Y3.
#define STRIDE \
	VPXOR Y4, Y4, Y4             \
	VPXOR Y5, Y5, Y5             \
	COUNT(0, Y4, Y6, Y7)         \
	COUNT(32, Y5, Y8, Y9)        \
	COUNT(64, Y4, Y10, Y11)      \
	COUNT(96, Y5, Y12, Y13)      \
	VPADDB  Y4, Y5, Y4           \
	VPSADBW Y2, Y4, Y4           \
	VPADDQ  Y4, Y3, Y3           \
	ADDQ    $128, SI

// func countAVX2(p *byte, strides int) int
TEXT ·countAVX2(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ strides+8(FP), CX
	VMOVDQU ones<>(SB), Y0
	VPBROADCASTQ low<>(SB), Y1
	VPXOR Y2, Y2, Y2 // zero
	VPXOR Y3, Y3, Y3 // four sums of 64 bits
	SUBQ $(AHEAD/128), CX
	JLE end

stride:
	PREFETCHT0 (AHEAD+0)(SI)
	PREFETCHT0 (AHEAD+64)(SI)
	STRIDE
	DECQ CX
	JNZ  stride

end:
	ADDQ $(AHEAD/128), CX

last:
	STRIDE
	DECQ CX
	JNZ  last

	VEXTRACTI128 $1, Y3, X4
	VPADDQ       X4, X3, X3
	VPSRLDQ      $8, X3, X4
	VPADDQ       X4, X3, X3
	VMOVQ        X3, AX
	VZEROUPPER
	MOVQ AX, ret+16(FP)
	RET

// Counts one stride in Z0 to Z3.
#define WIDE \
	VPOPCNTQ (SI), Z4    \
	VPOPCNTQ 64(SI), Z5  \
	VPOPCNTQ 128(SI), Z6 \
	VPOPCNTQ 192(SI), Z7 \
	VPADDQ Z4, Z0, Z0    \
	VPADDQ Z5, Z1, Z1    \
	VPADDQ Z6, Z2, Z2    \
	VPADDQ Z7, Z3, Z3    \
	ADDQ $256, SI

// func countAVX512(p *byte, strides int) int
TEXT ·countAVX512(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ strides+8(FP), CX
	VPXORQ Z0, Z0, Z0 // four times eight sums of 64 bits
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3

	SUBQ $(AHEAD/256), CX
	JLE end

wide:
	PREFETCHT0 (AHEAD+0)(SI)
	PREFETCHT0 (AHEAD+64)(SI)
	PREFETCHT0 (AHEAD+128)(SI)
	PREFETCHT0 (AHEAD+192)(SI)
	WIDE
	DECQ CX
	JNZ wide

end:
	ADDQ $(AHEAD/256), CX

last:
	WIDE
	DECQ CX
	JNZ last

	VPADDQ Z1, Z0, Z0
	VPADDQ Z3, Z2, Z2
	VPADDQ Z2, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPADDQ       Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ       X1, X0, X0
	VPSRLDQ      $8, X0, X1
	VPADDQ       X1, X0, X0
	VMOVQ        X0, AX
	VZEROUPPER
	MOVQ AX, ret+16(FP)
	RET
