package listpack

import "golang.org/x/sys/cpu"

// suffixesWide is suffixes for entries that fit a register of 64 bytes.
func suffixesWide(v View, p, size int, src []byte, i, j, elements int) (end, next, n int) {
	elements = min(elements, (len(v)-p-wideBytes)/size)
	if elements <= 0 || i >= j || size > wideBytes || !hasWide() {
		return p, i, 0
	}
	taken, n := suffixesAVX512(&v[p], &src[i], j-i, size, elements)
	return p + n*size, i + taken, n
}

// wideBytes is how much suffixesAVX512 writes at a time.
const wideBytes = 64

func hasWide() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasBMI2 }

// suffixesAVX512 expands up to so many operations that lie at src, in length bytes,
// behind the entry that ends at dst, and returns how many there were and how many
// bytes they have. Behind the last entry it overwrites less than wideBytes.
//
// The entry is kept in a register. Since entries differ only in the end of their
// strings, each is the one before with that end loaded over it.
//
//go:noescape
func suffixesAVX512(dst, src *byte, length, size, elements int) (taken, n int)
