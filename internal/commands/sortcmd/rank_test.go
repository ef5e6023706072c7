package sortcmd

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/keysort"
	"github.com/kvasirdb/kvasir/internal/platform/number"
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
		ranks := make([]keysort.Place, len(texts))
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
			if r.Index != want[i] {
				t.Fatalf("place %d has %d %q, want %d %q", i, r.Index, texts[r.Index], want[i], texts[want[i]])
			}
		}
	})
}

func TestPrefixKey(t *testing.T) {
	if k := prefixKey([]byte("ab")); k != binary.BigEndian.Uint64([]byte("ab\x00\x00\x00\x00\x00\x00")) {
		t.Errorf("%x", k)
	}
}

// Short numbers are read here, and must be what they are everywhere else.
func TestParseScore(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	texts := []string{"", "-", ".", "1.", ".5", "-.5", "1..2", "1.2.3", "0", "-0", "-0.0", "1e3", "inf", "+1", " 1", "1 ",
		"123456789012345", "1234567890123456", "1.23456789012345", "9007199254740993", "0.1", "--1", "nan", "0x10"}
	for range 5000 {
		digits := strconv.FormatUint(rnd.Uint64()>>(rnd.IntN(63)), 10)
		at := rnd.IntN(len(digits) + 1)
		texts = append(texts, digits[:at]+"."+digits[at:], "-"+digits[:at]+"."+digits[at:])
	}
	for _, text := range texts {
		score, ok := parseScore([]byte(text))
		want, wantOK := number.ParseDouble([]byte(text))
		if ok != wantOK || math.Float64bits(score) != math.Float64bits(want) {
			t.Errorf("%q: %v %v, not %v %v", text, score, ok, want, wantOK)
		}
	}
}
