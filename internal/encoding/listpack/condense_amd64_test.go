package listpack

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Vector instructions must do what words do, and overwrite no more than they may.
func TestSuffixesWide(t *testing.T) {
	if !hasWide() {
		return
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for size := 3; size <= wideBytes; size++ {
		for elements := range 20 {
			v := make(View, (elements+1)*size)
			var src []byte
			for i := range v[:size] {
				v[i] = byte(rnd.Uint32())
			}
			v[0], v[size-1] = headShortString|byte(size-2), byte(size-1)
			for range elements {
				shared := rnd.IntN(size - 1)
				src = append(src, opSuffix|byte(shared))
				for range size - 2 - shared {
					src = append(src, byte(rnd.Uint32()))
				}
			}
			length := len(src)
			src = append(src, opSame) // ends the run
			src = append(src, make([]byte, 2*ExpandSlack)...)
			wide := append(bytes.Clone(v), bytes.Repeat([]byte{0xAA}, 2*ExpandSlack)...)
			words := bytes.Clone(wide)

			p, i, n := suffixesWide(wide, size, size, src, 0, len(src), elements+1)
			if n != elements || i != length || p != len(v) {
				t.Fatalf("%d elements in %d bytes to %d, want %d in %d to %d", n, i, p, elements, length, len(v))
			}
			suffixWords(words, size, size, src, 0, len(src), elements)
			if !bytes.Equal(wide[:p], words[:p]) {
				t.Fatalf("entries of %d bytes: %x, want %x", size, wide[:p], words[:p])
			}
			if behind := wide[len(v)+wideBytes:]; bytes.Count(behind, []byte{0xAA}) != len(behind) {
				t.Fatalf("entries of %d bytes: %x behind them", size, behind)
			}

			// With less room it does less.
			few, _, n := suffixesWide(words[:p], size, size, src, 0, len(src), elements)
			if few != size+n*size || n < elements && few <= p-wideBytes-size {
				t.Fatalf("room for %d entries of %d bytes: %d, to %d", elements, size, n, few)
			}
		}
	}
}
