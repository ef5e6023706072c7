package sortcmd

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// FuzzOrder sorts texts, each taken from a few random bytes, and compares the
// order with that of a plain stable sort.
func FuzzOrder(f *testing.F) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 50, 500, 3000} {
		seed := make([]byte, n)
		for i := range seed {
			seed[i] = byte(rnd.Uint32())
		}
		f.Add(seed, n%2 == 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, descending bool) {
		var texts [][]byte
		for i, b := range data {
			switch {
			case b == 0:
				texts = append(texts, nil)
			case b < 128: // many equal ones, and equal beginnings
				texts = append(texts, bytes.Repeat([]byte{b % 7}, int(b%16)))
			default:
				texts = append(texts, data[i:min(len(data), i+int(b%13))])
			}
		}
		ranks := make([]rank, len(texts))
		rankTexts(ranks, texts)
		order(ranks, texts, descending)
		want := make([]int32, len(texts))
		for i := range want {
			want[i] = int32(i)
		}
		slices.SortStableFunc(want, func(a, b int32) int {
			c := compareTexts(texts[a], texts[b])
			if descending {
				c = -c
			}
			return c
		})
		for i, r := range ranks {
			if r.index != want[i] {
				t.Fatalf("place %d has %d %q, want %d %q", i, r.index, texts[r.index], want[i], texts[want[i]])
			}
		}
	})
}

func TestScoreKey(t *testing.T) {
	scores := []float64{math.Inf(-1), -math.MaxFloat64, -1.5, -1, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 1, 1.5, math.MaxFloat64, math.Inf(1)}
	for i := range scores[1:] {
		if a, b := scoreKey(scores[i]), scoreKey(scores[i+1]); a >= b {
			t.Errorf("%g is not below %g: %x, %x", scores[i], scores[i+1], a, b)
		}
	}
	if scoreKey(math.Copysign(0, -1)) != scoreKey(0) {
		t.Error("the zeros differ")
	}
	if k := prefixKey([]byte("ab")); k != binary.BigEndian.Uint64([]byte("ab\x00\x00\x00\x00\x00\x00")) {
		t.Errorf("%x", k)
	}
}
