package hyperloglog

import "golang.org/x/sys/cpu"

const (
	narrowRegisters = 32 // that a round of mergeAVX2 takes
	// A round reads four bytes more than it takes, which the last one has not.
	narrowRounds = Registers/narrowRegisters - 1

	wideRegisters = 64 // that a round of the functions for AVX-512 takes
	wideRounds    = Registers / wideRegisters
	countedAtOnce = 8 // values that countAVX512 counts
)

// hasWide reports whether the processor has what the functions for AVX-512 use.
func hasWide() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI }

// mergeVector raises the first of s to the dense registers at r, as many as it
// can do faster than eight at a time, and returns their number.
func (s *Set) mergeVector(r *[registerBytes]byte) int {
	switch {
	case hasWide():
		mergeAVX512(&s[0], &r[0], wideRounds)
		return Registers
	case cpu.X86.HasAVX2:
		mergeAVX2(&s[0], &r[0], narrowRounds)
		return narrowRounds * narrowRegisters
	}
	return 0
}

// countVector fills h, unless countWords is faster. It counts a few neighbouring
// values at a time; few sketches have any above 24.
func (s *Set) countVector(h *histogram) bool {
	if !hasWide() {
		return false
	}
	// The counters in the vectors hold less than the rounds of all registers.
	const half = wideRounds / 2
	counted := 0
	for first := 0; first <= registerMax && counted < Registers; first += countedAtOnce {
		var low, high [countedAtOnce]uint64
		countAVX512(&s[0], half, byte(first), &low)
		countAVX512(&s[Registers/2], half, byte(first), &high)
		for i := range low {
			n := int(low[i] + high[i])
			h[first+i] = n
			counted += n
		}
	}
	return true
}

// mergeAVX2 raises registers, one in a byte, to packed ones, for so many rounds.
//
//go:noescape
func mergeAVX2(registers, packed *byte, rounds int)

// mergeAVX512 is mergeAVX2 with rounds twice as long.
//
//go:noescape
func mergeAVX512(registers, packed *byte, rounds int)

// countAVX512 counts registers that have the values from first on. There must be
// less than 256 rounds.
//
//go:noescape
func countAVX512(registers *byte, rounds int, first byte, counts *[countedAtOnce]uint64)
