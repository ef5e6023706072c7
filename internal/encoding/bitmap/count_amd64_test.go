package bitmap

import (
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/cpu"
)

// ways are the ways in which this processor can count, with their strides.
func ways() map[string]func(m []byte) (n, done int) {
	ways := make(map[string]func(m []byte) (n, done int))
	if cpu.X86.HasAVX2 {
		ways["AVX2"] = func(m []byte) (n, done int) {
			return countAVX2(&m[0], len(m)/strideBytes), len(m) / strideBytes * strideBytes
		}
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VPOPCNTDQ {
		ways["AVX-512"] = func(m []byte) (n, done int) {
			return countAVX512(&m[0], len(m)/strideWide), len(m) / strideWide * strideWide
		}
	}
	return ways
}

func TestVectorsCountAsWordsDo(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	m := make([]byte, 80*strideWide) // more than is prefetched
	for i := range m {
		m[i] = byte(rng.Uint32())
	}
	for name, count := range ways() {
		for from := range 70 {
			part := m[from : from+strideWide+rng.IntN(len(m)-from-strideWide)]
			n, done := count(part)
			if want := countWords(part[:done]); n != want {
				t.Fatalf("%s counts %d ones in %d bytes, not %d", name, n, done, want)
			}
		}
	}
}

func BenchmarkWays(b *testing.B) {
	m := make([]byte, 10<<20)
	for name, count := range ways() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(m)))
			for b.Loop() {
				count(m)
			}
		})
	}
}
