package hyperloglog

import "golang.org/x/sys/cpu"

const (
	roundRegisters = 32 // that a round of mergeAVX2 takes
	roundBytes     = 24 // of the sketch, for them
)

// mergeVector raises the first of s to the dense registers at r, as many as it
// can do faster than eight at a time, and returns their number.
func (s *Set) mergeVector(r *[registerBytes]byte) int {
	if !cpu.X86.HasAVX2 {
		return 0
	}
	// A round reads four bytes more than it takes, which the last one has not.
	const rounds = Registers/roundRegisters - 1
	mergeAVX2(&s[0], &r[0], rounds)
	return rounds * roundRegisters
}

// mergeAVX2 raises registers, one in a byte, to packed ones, for so many rounds.
//
//go:noescape
func mergeAVX2(registers, packed *byte, rounds int)
