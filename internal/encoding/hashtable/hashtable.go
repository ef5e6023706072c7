// Package hashtable is the table of one large collection: a set, a hash, or
// the members of a sorted set, from a hundred to hundreds of millions of
// elements.
//
// # Vocabulary
//
//   - An element is a block of its own (see [Element]); the table holds
//     references to elements and knows their keys.
//   - A bucket is one cache line: seven slots, a tag byte for each, and an
//     overflow byte.
//   - A slot holds a reference and, in the 16 bits an address does not need,
//     a window of the key's hash.
//   - A tag is the top byte of the hash, never zero for a used slot. A lookup
//     compares seven tags at once and reads few elements that are not the
//     wanted one.
//   - A chain is a bucket with the further buckets that its last slot refers to
//     once seven elements are not enough.
//   - A segment is 64 buckets, 4 KiB. A page is 512 references to segments.
//
// # Layout of a bucket
//
//	byte  0 … 6    7         8 … 15   16 … 23       56 … 63
//	     ┌────────┬─────────┬────────┬────────┬───┬────────┐
//	     │ 7 tags │overflow │ slot 0 │ slot 1 │ … │ slot 6 │
//	     └────────┴─────────┴────────┴────────┴───┴────────┘
//	slot: bits 63…48 window of the hash, 47…0 element
//	overflow = 1: slot 6 refers to the next bucket of the chain, and tag 6 is 0
//
// Used slots are the first ones of a bucket, and only the last bucket of a
// chain has free slots. A further bucket holds at least two elements: a single
// one takes the place of the reference to its bucket.
//
// # Linear hashing
//
// The table has n buckets, for any n. A hash h belongs to bucket h mod 2^k for
// the smallest 2^k ≥ n, or, when that bucket does not exist yet, to bucket
// h mod 2^(k-1). An insert that makes the table too full adds bucket n: it
// takes over about half of the elements of bucket n - 2^level, whose image it
// is. A delete that leaves the table too empty merges the last bucket back.
// Thus an insert or a delete costs at most one split or merge, memory follows
// the count at once and is never doubled for a resize. Until all buckets of a
// round are split, the chains of the others are longer: that is what a chain
// costs here, and why the load factor is one at which few chains have two
// buckets.
//
// Bucket i < 2^level is at level+1 when it has been split in this round, as is
// its image, and at level otherwise. A split at level l goes by bit l of the
// hash. That bit is in the window of each slot, so that a split reads buckets
// but no elements; only when l+1 passes a multiple of 16 are the keys hashed
// again, to move the window.
//
// # Directory
//
//	buckets ≤ 64      root → segment, growing by half
//	buckets ≤ 32,768  root → page, growing by half → segments
//	otherwise         root → top, growing by half → pages → segments
//
// A top has 8 bytes for each 32,768 buckets: 8 KiB at 200 million elements.
//
// The package does not lock. A table lies in a block of its owner and is used
// under the owner's lock.
package hashtable

import (
	"bytes"
	"math/bits"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/hashing"
	"github.com/kvasirdb/kvasir/internal/platform/invariant"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Table is the head of a table. It holds no Go pointers and is meant to lie in
// an off-heap block; it must not be copied while in use. [Table.Init] makes it
// usable. Every method that allocates or frees takes the heap and the purpose,
// which must be the same in all calls.
type Table struct {
	root     offheap.Ref // segment, page or top, depending on buckets
	buckets  uint64      // n, without those of chains
	count    uint64      // elements
	seed     uint64      // of the hash
	room     uint32      // entries for which the block at root has space
	overflow uint32      // further buckets in all chains
}

// HeadBytes is the size of a Table.
const HeadBytes = int(unsafe.Sizeof(Table{}))

type bucket struct {
	tags  uint64
	slots [slotsPerBucket]uint64
}

const (
	slotsPerBucket = 7
	bucketBytes    = 64
	segmentBuckets = 64
	pageSegments   = 512
	pageBuckets    = segmentBuckets * pageSegments

	// The average number of elements in a chain, times two, at which a bucket
	// is split, and under which one is merged. At 6 elements a table costs 13.8
	// bytes for an element on average over a round: 10.7 for its place in a
	// bucket, 3.1 for chains. 5 and 7 would cost 15.0 and 13.1.
	splitLoad = 12
	mergeLoad = 5

	overflowFlag = 1 << 56
	tagsMask     = 1<<56 - 1
	tagOnes      = 0x0001010101010101
	tagHighs     = 0x0080808080808080
	tagLows      = 0x007f7f7f7f7f7f7f

	elementMask = 1<<48 - 1
	windowBits  = 16
)

// Init makes t an empty table whose hash is seeded with seed.
func (t *Table) Init(h *offheap.Heap, why offheap.Purpose, seed uint64) {
	*t = Table{root: h.AllocZeroed(bucketBytes, why), buckets: 1, seed: seed, room: 1}
}

// Len returns the number of elements.
func (t *Table) Len() int { return int(t.count) }

// Seed returns the seed given to Init.
func (t *Table) Seed() uint64 { return t.seed }

// Hash returns the hash of key in this table.
func (t *Table) Hash(key []byte) uint64 { return hashing.Bytes(t.seed, key) }

// Find returns the element with the given key, whose hash is hash, or 0.
func (t *Table) Find(hash uint64, key []byte) Element {
	b := t.bucket(t.index(hash))
	tag := tagOf(hash)
	for {
		for m := b.match(tag); m != 0; m &= m - 1 {
			if e := b.element(bits.TrailingZeros64(m) >> 3); bytes.Equal(e.Key(), key) {
				return e
			}
		}
		if b.tags < overflowFlag {
			return 0
		}
		b = b.next()
	}
}

// Insert adds an element whose key is not in the table. The table owns it from
// now on.
func (t *Table) Insert(h *offheap.Heap, why offheap.Purpose, hash uint64, e Element) {
	if invariant.Enabled {
		invariant.Check(hash == t.Hash(e.Key()), "hash %#x of %q", hash, e.Key())
		invariant.Check(t.Find(hash, e.Key()) == 0, "%q is in the table", e.Key())
	}
	i := t.index(hash)
	a := appender{t, h, why, t.bucket(i)}
	a.add(tagOf(hash), slotOf(e, hash, t.levelOf(i)))
	t.count++
	if 2*t.count > splitLoad*t.buckets {
		t.split(h, why)
	}
}

// Replace puts element e into the place of old, which is in the table and has
// the same key, whose hash is hash. It does not free old.
func (t *Table) Replace(hash uint64, old, e Element) {
	if invariant.Enabled {
		invariant.Check(string(old.Key()) == string(e.Key()), "%q replaced by %q", old.Key(), e.Key())
	}
	b, i := t.locate(hash, old)
	b.slots[i] = b.slots[i]&^elementMask | uint64(e)
}

// Remove takes an element out of the table, without freeing it. hash is the
// hash of its key.
func (t *Table) Remove(h *offheap.Heap, why offheap.Purpose, hash uint64, e Element) {
	hole, i := t.locate(hash, e)
	t.dropSlot(h, why, t.bucket(t.index(hash)), hole, i)
	t.count--
	if 2*t.count < mergeLoad*t.buckets && t.buckets > 1 {
		t.merge(h, why)
	}
}

// locate finds the slot of an element that is in the table.
func (t *Table) locate(hash uint64, e Element) (*bucket, int) {
	b := t.bucket(t.index(hash))
	for {
		for i := range b.used() {
			if b.element(i) == e {
				return b, i
			}
		}
		b = b.next()
	}
}

// dropSlot empties slot i of bucket hole in the chain that begins at head,
// filling the hole with the last element of the chain.
func (t *Table) dropSlot(h *offheap.Heap, why offheap.Purpose, head, hole *bucket, i int) {
	var parent *bucket
	last := head
	for last.tags >= overflowFlag {
		parent, last = last, last.next()
	}
	end := last.used() - 1
	hole.set(i, last.tag(end), last.slots[end])
	last.clear(end)
	if parent != nil && end == 1 {
		// A single element is left: it takes the place of its bucket.
		tag, slot := last.tag(0), last.slots[0]
		h.Free(offheap.Ref(parent.slots[slotsPerBucket-1]), why)
		t.overflow--
		parent.tags &= tagsMask
		parent.set(slotsPerBucket-1, tag, slot)
	}
}

// index returns the number of the bucket to which a hash belongs.
func (t *Table) index(hash uint64) uint64 {
	mask := uint64(1)<<bits.Len64(t.buckets-1) - 1
	i := hash & mask
	if i >= t.buckets {
		i &= mask >> 1
	}
	return i
}

// levelOf returns how many bits of the hash say that an element belongs to
// bucket i.
func (t *Table) levelOf(i uint64) int {
	k := bits.Len64(t.buckets - 1)
	if k == 0 || i >= 1<<(k-1) || i+1<<(k-1) < t.buckets {
		return k
	}
	return k - 1
}

// bucket returns the first bucket of chain i.
func (t *Table) bucket(i uint64) *bucket {
	segment := t.root
	if t.buckets > segmentBuckets {
		segment = t.segment(i / segmentBuckets)
	}
	return (*bucket)(segment.Add(int(i % segmentBuckets * bucketBytes)))
}

// segment returns segment s of a table with more than one.
func (t *Table) segment(s uint64) offheap.Ref {
	page := t.root
	if t.buckets > pageBuckets {
		page = refAt(page, s/pageSegments)
	}
	return refAt(page, s%pageSegments)
}

func refAt(list offheap.Ref, i uint64) offheap.Ref { return *(*offheap.Ref)(list.Add(int(i * 8))) }

func setRef(list offheap.Ref, i uint64, r offheap.Ref) { *(*offheap.Ref)(list.Add(int(i * 8))) = r }

// tagOf returns the tag of a hash.
func tagOf(hash uint64) uint64 {
	if tag := hash >> 56; tag != 0 {
		return tag
	}
	return 1
}

// slotOf returns the slot of an element in a bucket at the given level.
func slotOf(e Element, hash uint64, level int) uint64 {
	return hash>>(level&^(windowBits-1))<<48 | uint64(e)
}

// match returns a mask with bit 8i+7 set for each slot i with the given tag.
// It is exact: an empty slot or a reference to a bucket never matches.
func (b *bucket) match(tag uint64) uint64 {
	x := b.tags ^ tag*tagOnes
	return ^((x&tagLows + tagLows) | x) & tagHighs
}

// used returns the number of elements in the bucket.
func (b *bucket) used() int { return (bits.Len64(b.tags&tagsMask) + 7) / 8 }

func (b *bucket) element(i int) Element { return Element(b.slots[i] & elementMask) }

// next returns the bucket to which an overflowed bucket refers.
func (b *bucket) next() *bucket { return (*bucket)(offheap.Ref(b.slots[slotsPerBucket-1]).Ptr()) }

func (b *bucket) tag(i int) uint64 { return b.tags >> (8 * i) & 0xff }

func (b *bucket) set(i int, tag, slot uint64) {
	b.tags = b.tags&^(0xff<<(8*i)) | tag<<(8*i)
	b.slots[i] = slot
}

func (b *bucket) clear(i int) { b.set(i, 0, 0) }

// appender adds elements at the end of a chain.
type appender struct {
	t   *Table
	h   *offheap.Heap
	why offheap.Purpose
	b   *bucket // where to look for a free slot: a bucket of the chain
}

func (a *appender) add(tag, slot uint64) {
	b := a.b
	for b.tags >= overflowFlag {
		b = b.next()
	}
	if i := b.used(); i < slotsPerBucket {
		b.set(i, tag, slot)
	} else {
		// The last slot becomes the reference; its element moves along.
		const last = slotsPerBucket - 1
		ref := a.h.AllocZeroed(bucketBytes, a.why)
		further := (*bucket)(ref.Ptr())
		further.set(0, b.tag(last), b.slots[last])
		further.set(1, tag, slot)
		b.set(last, 0, uint64(ref))
		b.tags |= overflowFlag
		a.t.overflow++
		b = further
	}
	a.b = b
}
