// Package hashtable is the table of one large collection: a set, a hash, or
// the members of a sorted set, from a hundred to hundreds of millions of
// elements.
//
// # Vocabulary
//
//   - An element is a key and what belongs to it (see [Element]). Short ones
//     without a number lie in their bucket, others in blocks of their own.
//   - A bucket is a word: the address of a block, which has as many bytes as its
//     entries need, and their number.
//   - An entry is an element, or the slot of one that has a block of its own.
//   - A slot holds a reference and, in the 16 bits that it leaves, a window of the
//     key's hash.
//   - A tag is the top seven bits of the hash. A lookup reads few elements whose
//     keys are not the wanted one.
//   - A segment is 512 buckets, 4 KiB. A page is 512 references to segments.
//
// # Layout of a bucket
//
//	word   63 … 48  number of entries, 47 … 0 address of the block
//	block  length : 4, entry …
//
//	inline entry    0ttttttt  size : 1  key length  key  payload      size bytes
//	external entry  1ttttttt  window : 16 bits, element : 48 bits
//
// Neither has bytes between it and the next. An element of 16 bytes thus takes 19,
// a half more for the length of the block, one for the word and a half for the
// rounding of the block to its size class.
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
// round are split, the others are twice as long; memory is the same for it, since
// each has the block that it needs.
//
// Bucket i < 2^level is at level+1 when it has been split in this round, as is
// its image, and at level otherwise. A split at level l goes by bit l of the
// hash. For an inline element the key is hashed again, which lies beside the entry
// and costs a few nanoseconds; an external one has that bit in the window of its
// slot, so that a split does not read it. Only when l+1 passes a multiple of 16 are
// external keys hashed again, to move the window.
//
// # Directory
//
//	buckets ≤ 512      root → segment, growing by half
//	buckets ≤ 262,144  root → page, growing by half → segments
//	otherwise          root → top, growing by half → pages → segments
//
// A top has 8 bytes for each 262,144 buckets: 1 KiB at 270 million elements.
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
	root    offheap.Ref // segment, page or top, depending on buckets
	buckets uint64      // n
	count   uint64      // elements
	seed    uint64      // of the hash
	room    uint64      // entries for which the block at root has space
}

// HeadBytes is the size of a Table.
const HeadBytes = int(unsafe.Sizeof(Table{}))

const (
	bucketBytes    = 8
	segmentBuckets = 512
	pageSegments   = 512
	pageBuckets    = segmentBuckets * pageSegments

	// ElementsPerBucket is the average number of elements in a bucket of a table
	// that grows, beyond which one is split. With more, the word, the length and
	// the rounding of the block, 15 bytes or so, are shared by more elements, and a
	// lookup walks over more of them.
	ElementsPerBucket = 8
	// mergeLoad is the average under which two buckets are merged.
	mergeLoad = 3

	windowBits = 16
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
	b := *t.bucket(t.index(hash))
	tag := tagOf(hash)
	at := b.first()
	for range b.count() {
		if at.tag()&^externalTag == tag {
			if e := at.element(); bytes.Equal(e.Key(), key) {
				return e
			}
		}
		at = at.next()
	}
	return 0
}

// Add adds an element without a number, whose key is not in the table, with
// payloadBytes bytes after the key, which the caller writes. The key must not lie in
// the table.
func (t *Table) Add(h *offheap.Heap, why offheap.Purpose, hash uint64, key []byte, payloadBytes int) Element {
	size := lengthBytes(len(key)) + len(key) + payloadBytes
	if size > inlineMax {
		e := New(h, why, key, payloadBytes)
		t.Insert(h, why, hash, e)
		return e
	}
	t.grow(h, why, hash, key)
	return t.bucket(t.index(hash)).extend(h, why, inlineHead+size).putInline(tagOf(hash), size, key)
}

// Insert adds an element with a block of its own, whose key is not in the table. The
// table owns it from now on.
func (t *Table) Insert(h *offheap.Heap, why offheap.Purpose, hash uint64, e Element) {
	t.grow(h, why, hash, e.Key())
	t.put(h, why, hash, e)
}

// grow counts an element that is being added, and splits a bucket if there are too
// many.
func (t *Table) grow(h *offheap.Heap, why offheap.Purpose, hash uint64, key []byte) {
	if invariant.Enabled {
		invariant.Check(hash == t.Hash(key), "hash %#x of %q", hash, key)
		invariant.Check(t.Find(hash, key) == 0, "%q is in the table", key)
	}
	t.count++
	if t.count > ElementsPerBucket*t.buckets {
		t.split(h, why)
	}
}

// put writes the entry of an element with a block of its own.
func (t *Table) put(h *offheap.Heap, why offheap.Purpose, hash uint64, e Element) {
	i := t.index(hash)
	t.bucket(i).extend(h, why, externalBytes).putExternal(tagOf(hash), slotOf(e, hash, t.levelOf(i)))
}

// Replace puts element e, which has a block of its own, into the place of old, which
// is in the table and has the same key, whose hash is hash. It does not free old.
func (t *Table) Replace(h *offheap.Heap, why offheap.Purpose, hash uint64, old, e Element) {
	if invariant.Enabled {
		invariant.Check(string(old.Key()) == string(e.Key()), "%q replaced by %q", old.Key(), e.Key())
	}
	b := t.bucket(t.index(hash))
	at := b.locate(old)
	if old.InBucket() {
		b.drop(h, why, at)
		t.put(h, why, hash, e)
		return
	}
	at.setSlot(at.slot()&^slotMask | uint64(e))
}

// Remove takes an element out of the table, without freeing it if it has a block of
// its own. hash is the hash of its key.
func (t *Table) Remove(h *offheap.Heap, why offheap.Purpose, hash uint64, e Element) {
	b := t.bucket(t.index(hash))
	b.drop(h, why, b.locate(e))
	t.count--
	if t.count < mergeLoad*t.buckets && t.buckets > 1 {
		t.merge(h, why)
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

// bucket returns bucket i.
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
func tagOf(hash uint64) byte { return byte(hash >> 57) }

// slotOf returns the slot of an element in a bucket at the given level.
func slotOf(e Element, hash uint64, level int) uint64 {
	return hash>>(level&^(windowBits-1))<<48 | uint64(e)
}
