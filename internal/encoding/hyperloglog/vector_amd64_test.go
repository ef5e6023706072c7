package hyperloglog

import (
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/cpu"
)

// mergeWays are the ways in which this processor can merge, with how many
// registers they do.
func mergeWays() map[string]func(s *Set, r *[registerBytes]byte) int {
	ways := make(map[string]func(s *Set, r *[registerBytes]byte) int)
	if cpu.X86.HasAVX2 {
		ways["AVX2"] = func(s *Set, r *[registerBytes]byte) int {
			mergeAVX2(&s[0], &r[0], narrowRounds)
			return narrowRounds * narrowRegisters
		}
	}
	if hasWide() {
		ways["AVX-512"] = func(s *Set, r *[registerBytes]byte) int {
			mergeAVX512(&s[0], &r[0], wideRounds)
			return Registers
		}
	}
	return ways
}

// Vector instructions must do what words do.
func TestVectors(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var packed [registerBytes]byte
	for sketches := range 20 { // of none at all, all registers are equal
		var union Set
		fast := make(map[string]*Set)
		for range sketches {
			for i := range packed {
				packed[i] = byte(rng.Uint32())
			}
			union.mergeWords(&packed, 0)
			for name, merge := range mergeWays() {
				if fast[name] == nil {
					fast[name] = new(Set)
				}
				fast[name].mergeWords(&packed, merge(fast[name], &packed))
			}
		}
		for name, s := range fast {
			if *s != union {
				t.Fatalf("%s: registers differ", name)
			}
		}
		var counted, want histogram
		union.countWords(&want)
		if union.countVector(&counted) && counted != want {
			t.Fatalf("counts %v, not %v", counted, want)
		}
	}
}
