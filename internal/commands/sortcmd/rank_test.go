package sortcmd

import (
	"bytes"
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
	f.Add([]byte("\x000"), true) // one that is not there and one that is empty
	f.Fuzz(func(t *testing.T, data []byte, descending bool) {
		var texts [][]byte
		beginning := bytes.Repeat(data[:min(len(data), 3)], len(data)%5)
		for i, b := range data {
			switch {
			case b == 0:
				texts = append(texts, nil)
			case b < 128: // many equal ones, and equal beginnings
				texts = append(texts, bytes.Repeat([]byte{b % 7}, int(b%16)))
			case b < 192:
				texts = append(texts, append(bytes.Clone(beginning), data[i:min(len(data), i+int(b%13))]...))
			default:
				texts = append(texts, data[i:min(len(data), i+int(b%29))])
			}
		}
		places := sortTexts(texts, descending)
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
		for i, p := range places {
			if p.Index != want[i] {
				t.Fatalf("place %d has %d %q, want %d %q", i, p.Index, texts[p.Index], want[i], texts[want[i]])
			}
		}
	})
}

// sortTexts sorts texts, of which nil ones are not there.
func sortTexts(list [][]byte, descending bool) []keysort.Place {
	var all texts
	all.reset(len(list))
	places := make([]keysort.Place, len(list))
	for i, text := range list {
		places[i].Index = int32(i)
		if text == nil {
			all.addAbsent()
		} else {
			all.add(text)
		}
	}
	s := sorter{texts: &all}
	if descending {
		s.flip = ^uint64(0)
	}
	s.byText(places, 0)
	return places
}

// TestTextKeys sorts texts that differ at the borders of keys, and where zero
// bytes follow what others end with.
func TestTextKeys(t *testing.T) {
	var list [][]byte
	for n := range 40 {
		list = append(list, bytes.Repeat([]byte("a"), n), append(bytes.Repeat([]byte("a"), n), 0), append(bytes.Repeat([]byte("a"), n), 0, 'b'))
	}
	list = append(list, nil, []byte{255}, nil)
	for _, descending := range []bool{false, true} {
		places := sortTexts(list, descending)
		for i, p := range places[1:] {
			c := compareTexts(list[places[i].Index], list[p.Index])
			if descending {
				c = -c
			}
			if c > 0 {
				t.Errorf("%q is before %q", list[places[i].Index], list[p.Index])
			}
		}
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
