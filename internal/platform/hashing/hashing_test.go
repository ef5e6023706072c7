package hashing

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// A flip of any input bit must flip each output bit in about half of the
// cases: tables use low bits, tags high ones.
func TestAvalanche(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const trials = 400
	for _, size := range []int{1, 3, 4, 7, 8, 12, 16, 17, 24, 33, 49, 64, 100} {
		b := make([]byte, size)
		for bit := range size * 8 {
			var flips [64]int
			for range trials {
				for i := range b {
					b[i] = byte(rng.Uint32())
				}
				seed := rng.Uint64()
				before := Bytes(seed, b)
				b[bit/8] ^= 1 << (bit % 8)
				for diff := before ^ Bytes(seed, b); diff != 0; diff &= diff - 1 {
					flips[bits.TrailingZeros64(diff)]++
				}
			}
			for out, n := range flips {
				// 7 standard deviations of a fair coin.
				if math.Abs(float64(n)-trials/2) > 7*math.Sqrt(trials)/2 {
					t.Fatalf("size %d: input bit %d flips output bit %d in %d of %d", size, bit, out, n, trials)
				}
			}
		}
	}
}

// Keys as people name them must fill buckets like random numbers do, taken
// by low bits and by high bits.
func TestSpread(t *testing.T) {
	const buckets, keys = 1 << 12, 1 << 16
	shapes := map[string]func(i int) []byte{
		"key:%d":    func(i int) []byte { return fmt.Appendf(nil, "key:%d", i) },
		"key:%012d": func(i int) []byte { return fmt.Appendf(nil, "key:%012d", i) },
		"%d":        func(i int) []byte { return fmt.Appendf(nil, "%d", i) },
		"binary":    func(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)) },
		"long":      func(i int) []byte { return fmt.Appendf(nil, "%0100d", i) },
		"zeros":     func(i int) []byte { return make([]byte, i) },
	}
	for name, shape := range shapes {
		total := keys
		if name == "zeros" {
			total = buckets
		}
		for _, shift := range []int{0, 20, 52} {
			counts := make([]int, buckets)
			for i := range total {
				counts[Bytes(42, shape(i))>>shift%buckets]++
			}
			mean := float64(total) / buckets
			chi := 0.0
			for _, c := range counts {
				chi += (float64(c) - mean) * (float64(c) - mean) / mean
			}
			if limit := buckets + 6*math.Sqrt(2*buckets); chi > limit {
				t.Errorf("%s, bits from %d: chi-square %.0f, at most %.0f", name, shift, chi, limit)
			}
		}
	}
}

// Inputs that cancel a public constant must not collide.
func TestConstantsDoNotCollide(t *testing.T) {
	for _, c := range []uint64{0, pi0, pi1, pi2, pi3, pi0 ^ pi2, pi1 ^ pi3, ^uint64(0)} {
		seen := map[uint64]bool{}
		for i := range 1000 {
			b := binary.LittleEndian.AppendUint64(nil, c)
			b = binary.LittleEndian.AppendUint64(b, uint64(i))
			seen[Bytes(7, b)] = true
			b = binary.LittleEndian.AppendUint64(nil, uint64(i)+1<<40)
			b = binary.LittleEndian.AppendUint64(b, c)
			seen[Bytes(7, b)] = true
		}
		if len(seen) != 2000 {
			t.Errorf("constant %x: %d distinct hashes of 2000", c, len(seen))
		}
	}
}

func TestEveryByteAndTheLengthCount(t *testing.T) {
	for size := range 200 {
		b := make([]byte, size)
		base := Bytes(3, b)
		if Bytes(3, make([]byte, size+1)) == base || Bytes(4, b) == base {
			t.Fatalf("size %d: length or seed has no effect", size)
		}
		for i := range b {
			b[i] = 1
			if Bytes(3, b) == base {
				t.Fatalf("size %d: byte %d has no effect", size, i)
			}
			b[i] = 0
		}
	}
}

func BenchmarkBytes(b *testing.B) {
	for _, size := range []int{4, 8, 16, 24, 40, 64, 256, 4096} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			key := make([]byte, size)
			b.SetBytes(int64(size))
			sum := uint64(0)
			for b.Loop() {
				sum ^= Bytes(1, key)
			}
			_ = sum
		})
	}
}
