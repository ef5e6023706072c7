package zset

import (
	"math"
	"math/rand/v2"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/sortedtree"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// large is the block of a large sorted set. The table owns the elements, whose
// numbers are the bits of the scores.
type large struct {
	table hashtable.Table
	tree  sortedtree.Tree
}

func largeOf(v *value.Value) *large { return (*large)(v.Root.Ptr()) }

func newLarge(h *offheap.Heap, v *value.Value) {
	v.Enc, v.Root = value.SkipList, h.AllocZeroed(int(unsafe.Sizeof(large{})), why)
	largeOf(v).table.Init(h, why, rand.Uint64())
}

func scoreOf(e hashtable.Element) float64 { return math.Float64frombits(e.Number()) }

func (z *large) find(member []byte) (hash uint64, e hashtable.Element) {
	hash = z.table.Hash(member)
	return hash, z.table.Find(hash, member)
}

// add is Add, with one lookup for all it does.
func (z *large) add(h *offheap.Heap, score float64, member []byte, flags Flags) (float64, Outcome) {
	hash, e := z.find(member)
	current := 0.0
	if e != 0 {
		current = scoreOf(e)
	}
	score, outcome := decide(current, e != 0, score, flags)
	switch outcome {
	case Added:
		z.insert(h, hash, score, member)
	case Updated:
		z.tree.Remove(h, why, e)
		e.SetNumber(math.Float64bits(score))
		z.tree.Insert(h, why, e)
	}
	return score, outcome
}

func (z *large) insert(h *offheap.Heap, hash uint64, score float64, member []byte) {
	e := hashtable.NewNumbered(h, why, math.Float64bits(score), member, 0)
	z.table.Insert(h, why, hash, e)
	z.tree.Insert(h, why, e)
}

// append adds a member that is behind all others.
func (z *large) append(h *offheap.Heap, score float64, member []byte) {
	e := hashtable.NewNumbered(h, why, math.Float64bits(score), member, 0)
	z.table.Insert(h, why, z.table.Hash(member), e)
	z.tree.Append(h, why, e)
}

func (z *large) remove(h *offheap.Heap, member []byte) bool {
	hash, e := z.find(member)
	if e == 0 {
		return false
	}
	z.tree.Remove(h, why, e)
	z.table.Remove(h, why, hash, e)
	e.Free(h, why)
	return true
}

func (z *large) rank(member []byte) (rank int, score float64, ok bool) {
	_, e := z.find(member)
	if e == 0 {
		return 0, 0, false
	}
	return z.tree.Rank(sortedtree.Before(e)), scoreOf(e), true
}

func (z *large) walk(rank, count int, reverse bool, visit func([]byte, float64) bool) {
	for c := z.tree.At(rank); ; count-- {
		e := c.Element()
		if !visit(e.Key(), scoreOf(e)) || count == 1 {
			return
		}
		if reverse {
			c.Prev()
		} else {
			c.Next()
		}
	}
}

func (z *large) removeRange(h *offheap.Heap, from, count int) {
	z.tree.RemoveRange(h, why, from, count, func(c sortedtree.Cursor, n int) {
		first, step := 0, 1
		if c.Peek(n) == 0 { // at the end of the set, those before are likely to follow
			first, step = n-1, -1
		}
		cold := z.table.OutgrowsCache()
		for i := range n {
			k := first + i*step
			if cold {
				z.prefetch(h.Pool(), c, k, step)
			}
			e := c.Peek(k)
			z.table.Remove(h, why, z.table.Hash(e.Key()), e)
			e.Free(h, why)
		}
	})
}

// ahead is how many removals lie between the steps of prefetching an element.
const ahead = 2

// prefetch prepares removals while element k from the cursor is being removed, of
// those behind it in the direction of step. Members that are neighbours in the order
// are far from each other in memory: their blocks, and their buckets in the table.
// Who takes one off an end of the set usually comes for the next, so they are
// prefetched even if this is the last to go now.
func (z *large) prefetch(pool *offheap.Pool, c sortedtree.Cursor, k, step int) {
	if e := c.Peek(k + ahead*step); e != 0 {
		z.table.PrefetchBlock(pool, z.table.Hash(e.Key()))
	}
	if e := c.Peek(k + 2*ahead*step); e != 0 {
		z.table.PrefetchBucket(pool, z.table.Hash(e.Key()))
	}
	if e := c.Peek(k + 3*ahead*step); e != 0 {
		e.Prefetch()
	}
}

// toLarge gives a listpack the large encoding.
func toLarge(h *offheap.Heap, v *value.Value) {
	old := *v
	newLarge(h, v)
	z := largeOf(v)
	Range(&old, 0, Len(&old), false, func(member []byte, score float64) bool {
		z.append(h, score, member)
		return true
	})
	listpack.Free(h, why, old.Root)
}

// toSmall makes a large set a listpack.
func toSmall(h *offheap.Heap, v *value.Value) {
	lp := listpack.New(h, why, 0)
	Range(v, 0, Len(v), false, func(member []byte, score float64) bool {
		lp = smallPut(h, lp, listpack.At(lp).End(), score, member)
		return true
	})
	Free(h, v)
	v.Enc, v.Root = value.ListPack, lp
}
