package bitmap

import "golang.org/x/sys/cpu"

// What one round of countAVX2 and of countAVX512 takes.
const (
	strideBytes = 128
	strideWide  = 256
)

// countVector counts the ones of as many bytes at the start of m as it can do
// faster than a word at a time.
func countVector(m []byte) (n, done int) {
	if strides := len(m) / strideWide; strides >= 2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VPOPCNTDQ {
		return countAVX512(&m[0], strides), strides * strideWide
	}
	strides := len(m) / strideBytes
	if strides < 2 || !cpu.X86.HasAVX2 {
		return 0, 0
	}
	return countAVX2(&m[0], strides), strides * strideBytes
}

// countAVX2 returns the number of ones in strides strides from p on. It looks
// both halves of every byte up in a table of 16 (Muła, Kurz, Lemire: "Faster
// Population Counts Using AVX2 Instructions", 2016).
//
//go:noescape
func countAVX2(p *byte, strides int) int

// countAVX512 is countAVX2 with strides twice as long, for processors that count
// the ones of a word themselves.
//
//go:noescape
func countAVX512(p *byte, strides int) int
