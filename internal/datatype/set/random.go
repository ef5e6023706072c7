package set

import (
	"math/rand/v2"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/encoding/intset"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// drawBatch bounds the working memory for drawing from a listpack.
const drawBatch = 1000

// Random passes count members to visit, each drawn independently and uniformly,
// until visit returns false.
func Random(v *value.Value, rng *rand.Rand, count int, visit func(member []byte) bool) {
	var scratch listpack.Scratch
	switch {
	case v.Root == 0:
	case v.Enc == value.IntSet:
		is := intset.At(v.Root)
		for range count {
			if !visit(number.AppendInt(scratch[:0], is.Random(rng.IntN))) {
				return
			}
		}
	case v.Enc == value.ListPack:
		lp := listpack.At(v.Root)
		picks := make([]int, min(count, drawBatch))
		for ; count > 0; count -= len(picks) {
			picks = picks[:min(count, drawBatch)]
			lp.Random(picks, 1, rng.IntN)
			for _, p := range picks {
				if !visit(lp.Bytes(p, &scratch)) {
					return
				}
			}
		}
	default:
		t := tableOf(v)
		for range count {
			if !visit(t.Random(rng).Key()) {
				return
			}
		}
	}
}

// RandomDistinct passes count different members to visit, or all if there are
// not more. Each subset has the same chance; the order means nothing.
func RandomDistinct(v *value.Value, rng *rand.Rand, count int, visit func(member []byte)) {
	switch size := Len(v); {
	case count >= size:
		for member := range All(v) {
			visit(member)
		}
	case v.Enc == value.ListPack:
		var scratch listpack.Scratch
		lp := listpack.At(v.Root)
		for _, p := range lp.RandomUnique(make([]int, count), 1, rng.IntN) {
			visit(lp.Bytes(p, &scratch))
		}
	case v.Enc == value.IntSet || count > size/3:
		// One walk, in which a member is taken with the chance that the
		// members still wanted have among those still to come.
		for member := range All(v) {
			if rng.IntN(size) < count {
				visit(member)
				count--
			}
			size--
		}
	default:
		t := tableOf(v)
		seen := make(map[hashtable.Element]struct{}, count)
		for len(seen) < count {
			e := t.Random(rng)
			if _, twice := seen[e]; !twice {
				seen[e] = struct{}{}
				visit(e.Key())
			}
		}
	}
}

// keptShare is how many times more members must go than stay for Pop to build
// the set anew.
const keptShare = 5

// Pop takes count random members out, or all if there are not more, and passes
// each to visit before it goes. A table that loses most of its members becomes
// a listpack if the others fit one: Valkey then builds a new set of them.
func Pop(h *offheap.Heap, lim *value.Limits, v *value.Value, rng *rand.Rand, count int, visit func(member []byte)) {
	var scratch listpack.Scratch
	switch size := Len(v); {
	case count <= 0:
		return
	case count >= size:
		for member := range All(v) {
			visit(member)
		}
		Free(h, v)
	case v.Enc == value.IntSet:
		for range count {
			n := intset.At(v.Root).Random(rng.IntN)
			visit(number.AppendInt(scratch[:0], n))
			v.Root, _ = intset.Remove(h, why, v.Root, n)
		}
	case v.Enc == value.ListPack:
		lp := listpack.At(v.Root)
		picks := lp.RandomUnique(make([]int, count), 1, rng.IntN)
		for _, p := range picks {
			visit(lp.Bytes(p, &scratch))
		}
		v.Root = listpack.BatchDelete(h, why, v.Root, picks)
	default:
		t := tableOf(v)
		for range count {
			e := t.Random(rng)
			visit(e.Key())
			t.Remove(h, why, t.Hash(e.Key()), e)
			e.Free(h, why)
		}
		if (size-count)*keptShare <= count {
			toListpackIfFits(h, lim, v)
		}
	}
}

// toListpackIfFits makes a table a listpack unless it is too large.
func toListpackIfFits(h *offheap.Heap, lim *value.Limits, v *value.Value) {
	t := tableOf(v)
	if t.Len() > lim.SetMaxListpackEntries {
		return
	}
	total := 0
	for e := range t.All() {
		total += len(e.Key())
		if len(e.Key()) > lim.SetMaxListpackValue || !listpack.SafeToAdd(0, total) {
			return
		}
	}
	lp := listpack.New(h, why, 0)
	for e := range t.All() {
		lp = listpack.Append(h, why, lp, e.Key())
	}
	Free(h, v)
	v.Enc, v.Root = value.ListPack, lp
}
