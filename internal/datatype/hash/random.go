package hash

import (
	"math/rand/v2"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
)

const (
	// drawBatch bounds the working memory for drawing from a listpack.
	drawBatch = 1000
	// drawsMax is how often a field that turns out to be expired is drawn again
	// before the answer is that there is none, as in Valkey.
	drawsMax = 100
)

// Random passes count entries that are not expired to visit, each drawn
// independently and uniformly, until visit returns false. It passes fewer when
// nearly all fields are expired.
func Random(v *value.Value, rng *rand.Rand, count int, now int64, visit func(Entry) bool) {
	switch {
	case v.Root == 0:
	case v.Enc == value.ListPack:
		var field, val Scratch
		lp := listpack.At(v.Root)
		picks := make([]int, min(count, drawBatch))
		for ; count > 0; count -= len(picks) {
			picks = picks[:min(count, drawBatch)]
			lp.Random(picks, 2, rng.IntN)
			for _, p := range picks {
				if !visit(Entry{lp.Bytes(p, &field), lp.Bytes(lp.Next(p), &val), NoExpiry}) {
					return
				}
			}
		}
	default:
		z := largeOf(v)
		for range count {
			e := z.random(rng, now)
			if e == 0 || !visit(entryOf(e)) {
				return
			}
		}
	}
}

// random returns an element that is not expired, or 0.
func (z *large) random(rng *rand.Rand, now int64) hashtable.Element {
	for range drawsMax {
		if e := z.table.Random(rng); !expired(e, now) {
			return e
		}
	}
	return 0
}

// RandomDistinct passes count different entries that are not expired to visit,
// or all if there are not more. Each subset has the same chance; the order means
// nothing.
func RandomDistinct(v *value.Value, rng *rand.Rand, count int, now int64, visit func(Entry)) {
	size := Len(v) - ExpiredLen(v, now)
	if v.Enc == value.HashTable && count <= size/3 && size >= Len(v)/2 {
		z := largeOf(v)
		seen := make(map[hashtable.Element]struct{}, count)
		for len(seen) < count {
			e := z.table.Random(rng)
			if _, twice := seen[e]; !twice && !expired(e, now) {
				seen[e] = struct{}{}
				visit(entryOf(e))
			}
		}
		return
	}
	// One walk, in which an entry is taken with the chance that the entries
	// still wanted have among those still to come.
	count = min(count, size)
	for entry := range All(v, now) {
		if count == 0 {
			return
		}
		if rng.IntN(size) < count {
			visit(entry)
			count--
		}
		size--
	}
}
