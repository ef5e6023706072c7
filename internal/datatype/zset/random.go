package zset

import (
	"math/rand/v2"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
)

// drawBatch bounds the working memory for drawing from a listpack.
const drawBatch = 1000

// Random passes count members to visit, each drawn independently and uniformly,
// until visit returns false.
func Random(v *value.Value, rng *rand.Rand, count int, visit func(member []byte, score float64) bool) {
	switch {
	case v.Root == 0:
	case v.Enc == value.ListPack:
		var scratch listpack.Scratch
		lp := listpack.At(v.Root)
		picks := make([]int, min(count, drawBatch))
		for ; count > 0; count -= len(picks) {
			picks = picks[:min(count, drawBatch)]
			lp.Random(picks, 2, rng.IntN)
			for _, p := range picks {
				if !visit(lp.Bytes(p, &scratch), scoreAt(lp, lp.Next(p))) {
					return
				}
			}
		}
	default:
		z := largeOf(v)
		for range count {
			if e := z.table.Random(rng); !visit(e.Key(), scoreOf(e)) {
				return
			}
		}
	}
}

// RandomDistinct passes count different members to visit, or all if there are
// not more. Each subset has the same chance; the order means nothing.
func RandomDistinct(v *value.Value, rng *rand.Rand, count int, visit func(member []byte, score float64)) {
	size := Len(v)
	if v.Enc == value.SkipList && count <= size/3 {
		z := largeOf(v)
		seen := make(map[hashtable.Element]struct{}, count)
		for len(seen) < count {
			e := z.table.Random(rng)
			if _, twice := seen[e]; !twice {
				seen[e] = struct{}{}
				visit(e.Key(), scoreOf(e))
			}
		}
		return
	}
	// One walk, in which a member is taken with the chance that the members
	// still wanted have among those still to come.
	count = min(count, size)
	Range(v, 0, size, false, func(member []byte, score float64) bool {
		if rng.IntN(size) < count {
			visit(member, score)
			count--
		}
		size--
		return count > 0
	})
}

// Scan passes some members to visit and returns the cursor of the next call, 0
// at the end; see hashtable.Table.Scan for what it guarantees. A listpack is
// passed whole.
func Scan(v *value.Value, cursor uint64, visit func(member []byte, score float64)) uint64 {
	if v.Root != 0 && v.Enc == value.SkipList {
		return largeOf(v).table.Scan(cursor, func(e hashtable.Element) { visit(e.Key(), scoreOf(e)) })
	}
	Range(v, 0, Len(v), false, func(member []byte, score float64) bool {
		visit(member, score)
		return true
	})
	return 0
}
