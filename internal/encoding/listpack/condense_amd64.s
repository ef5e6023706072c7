#include "textflag.h"

// func suffixesAVX512(dst, src *byte, length, size, elements int) (taken, n int)
TEXT ·suffixesAVX512(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ length+16(FP), R8
	MOVQ size+24(FP), BX
	MOVQ elements+32(FP), CX
	ADDQ SI, R8              // end of the operations

	MOVQ DI, R9
	SUBQ BX, R9
	VMOVDQU64 (R9), Z0       // the entry before
	LEAQ -1(BX), DX          // its length without the back length
	MOVQ $-1, R9
	BZHIQ DX, R9, R9         // a bit for each of these bytes

element:
	CMPQ SI, R8
	JAE  done
	MOVBLZX (SI), AX         // the operation: how many bytes are shared
	CMPL AX, $64
	JAE  done
	MOVQ $-2, R10            // what comes behind the head ...
	SHLXQ AX, R10, R10       // ... and the shared bytes ...
	ANDQ R9, R10             // ... up to the back length
	KMOVQ R10, K1
	SUBQ AX, SI              // these bytes come from behind the operation
	VMOVDQU8 (SI), K1, Z0
	VMOVDQU64 Z0, (DI)
	ADDQ BX, DI
	ADDQ DX, SI              // the next operation
	DECQ CX
	JNZ  element

done:
	VZEROUPPER
	SUBQ src+8(FP), SI
	MOVQ SI, taken+40(FP)
	MOVQ elements+32(FP), AX
	SUBQ CX, AX
	MOVQ AX, n+48(FP)
	RET
