package keyspace

import (
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// table is a linear-hashing table of entry references. It lives outside the Go
// heap, in an array with the other tables of its database.
//
// It has n buckets, numbered 0…n-1. With 2^L the highest power of two not above
// n, an entry whose hash ends in b belongs to bucket b mod 2^(L+1) if that is
// below n, else to b mod 2^L. Growing adds bucket n and moves to it the share of
// bucket n-2^L that has hash bit L set; shrinking moves the last bucket back.
// Both touch two buckets only.
//
// A bucket is one cache line:
//
//	byte 0..6   tags, one hash byte per slot; 0 is an empty slot
//	byte 7      1 when chained: slot 6 refers to an extension
//	word 1..7   slots: entry reference (48 bits), 16 low hash bits above it
//
// An extension is half a line, one word of tags and three slots, the last of
// which may refer to a further extension. With 5.5 entries a bucket, one in
// five has an extension.
//
// Buckets lie in 4 KiB segments. Up to 64 buckets, base is the only segment,
// whose block grows by doubling; beyond, base is the directory, an array of
// segment references.
//
// The prefetch stage calls bucketAddr without the shard's lock. It may see n
// and base of different moments; it then reads a wrong place, which Contains
// has checked to be mapped, and its prefetch is wasted. Execution always looks
// up again under the lock.
type table struct {
	base    offheap.Ref
	n       uint64
	used    uint64 // entries
	expires uint64 // entries with an expiry
	baseCap uint64 // buckets that fit base (n ≤ 64), or segments that fit it
	extends uint64 // extensions in use
	seed    uint64 // of the space's hash
	_       uint64
}

const tableBytes = int(unsafe.Sizeof(table{}))

const (
	bucketBytes    = 64
	extensionBytes = 32
	bucketSlots    = 7
	extensionSlots = 3
	segmentBuckets = 64
	segmentBytes   = segmentBuckets * bucketBytes

	chainedFlag = 1 << 56
	refMask     = 1<<48 - 1
	hashBits    = 16 // hash bits kept in a slot

	// Load bounds in entries per bucket, times two.
	growAbove2   = 11 // 5.5
	shrinkBelow2 = 5  // 2.5

	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// A key's hash is used in three disjoint parts: the top byte chooses the table
// (outside cluster mode), the next byte is the tag, the rest the bucket.
func hashTag(h uint64) uint64 {
	t := h >> 48 & 0xff
	if t == 0 {
		t = 1
	}
	return t
}

func slotWord(r offheap.Ref, h uint64) uint64 { return uint64(r) | h<<48 }
func slotRef(w uint64) offheap.Ref            { return offheap.Ref(w & refMask) }

func (t *table) bucketOf(h uint64) uint64 {
	mask := uint64(1)<<bits.Len64(t.n-1) - 1
	i := h & mask
	if i >= t.n {
		i &= mask >> 1
	}
	return i
}

func (t *table) bucketAt(i uint64) offheap.Ref {
	if t.n <= segmentBuckets {
		return t.base + offheap.Ref(i*bucketBytes)
	}
	seg := *(*offheap.Ref)(t.base.Add(int(i/segmentBuckets) * 8))
	return seg + offheap.Ref(i%segmentBuckets*bucketBytes)
}

// bucketAddr returns the bucket of hash h for prefetching, or 0. It needs no
// lock; see the type's comment.
func (t *table) bucketAddr(pool *offheap.Pool, h uint64) offheap.Ref {
	n, base := t.n, t.base
	if n == 0 || base == 0 {
		return 0
	}
	mask := uint64(1)<<bits.Len64(n-1) - 1
	i := h & mask
	if i >= n {
		i &= mask >> 1
	}
	if n > segmentBuckets {
		d := base + offheap.Ref(i/segmentBuckets*8)
		if !pool.Contains(d) {
			return 0
		}
		base, i = *(*offheap.Ref)(d.Ptr()), i%segmentBuckets
	}
	b := base + offheap.Ref(i*bucketBytes)
	if b&7 != 0 || !pool.Contains(b) || !pool.Contains(b+bucketBytes-1) {
		return 0
	}
	return b
}

// slots of a bucket or extension with tag word w: how many hold entries.
func bucketCap(w uint64) int {
	if w&chainedFlag != 0 {
		return bucketSlots - 1
	}
	return bucketSlots
}

func extensionCap(w uint64) int {
	if w&chainedFlag != 0 {
		return extensionSlots - 1
	}
	return extensionSlots
}

// matches returns a word with the high bit set in each of the first n tag
// bytes that may equal tag. A false match is possible above a true one.
func matches(w, tag uint64, n int) uint64 {
	x := w ^ tag*ones
	return (x - ones) & ^x & highs & (1<<(8*n) - 1)
}

// find returns the address of key's slot word, or nil.
func (t *table) find(h uint64, key []byte) *uint64 {
	if t.used == 0 {
		return nil
	}
	b, tag := t.bucketAt(t.bucketOf(h)), hashTag(h)
	w := load64(b.Ptr())
	n := bucketCap(w)
	for {
		for m := matches(w, tag, n); m != 0; m &= m - 1 {
			s := (*uint64)(b.Add(8 + bits.TrailingZeros64(m)&^7))
			r := slotRef(*s)
			if r != 0 && keyEqual(r, key) {
				return s
			}
		}
		if w&chainedFlag == 0 {
			return nil
		}
		b = slotRef(load64(b.Add(8 + 8*n)))
		w = load64(b.Ptr())
		n = extensionCap(w)
	}
}

// keyEqual reports whether the entry at r has the given key.
func keyEqual(r offheap.Ref, key []byte) bool {
	h := entHeader(r)
	if l := int(h >> entKeyShift & 0xff); l != len(key) && (l != 0xff || len(key) <= shortKeyMax) {
		return false
	}
	return string(entKey(r, h)) == string(key)
}

// insert adds an entry that is known to be absent and returns its slot. The
// table may grow by one bucket afterwards; the slot is searched again then.
func (t *table) insert(heap *offheap.Heap, h uint64, r offheap.Ref) *uint64 {
	if t.n == 0 {
		t.base = heap.AllocZeroed(bucketBytes, offheap.PurposeTable)
		t.baseCap, t.n = 1, 1
	}
	s := t.place(heap, h, slotWord(r, h))
	t.used++
	if t.used*2 > t.n*growAbove2 {
		t.grow(heap)
		s = t.slotOf(h, r)
	}
	return s
}

// place puts a slot word into the chain of its bucket.
func (t *table) place(heap *offheap.Heap, h, word uint64) *uint64 {
	return t.placeAt(heap, t.bucketAt(t.bucketOf(h)), hashTag(h), word)
}

func (t *table) placeAt(heap *offheap.Heap, b offheap.Ref, tag, word uint64) *uint64 {
	w := load64(b.Ptr())
	n := bucketCap(w)
	for {
		for i := 0; i < n; i++ {
			if w>>(8*i)&0xff == 0 {
				store64(b.Ptr(), w|tag<<(8*i))
				s := (*uint64)(b.Add(8 + 8*i))
				*s = word
				return s
			}
		}
		if w&chainedFlag == 0 {
			return t.extend(heap, b, w, n, tag, word)
		}
		b = slotRef(load64(b.Add(8 + 8*n)))
		w = load64(b.Ptr())
		n = extensionCap(w)
	}
}

// extend turns the last slot of a full, unchained block into a reference to a
// new extension, to which the displaced entry and the new one go.
func (t *table) extend(heap *offheap.Heap, b offheap.Ref, w uint64, n int, tag, word uint64) *uint64 {
	x := heap.AllocZeroed(extensionBytes, offheap.PurposeTable)
	t.extends++
	last := n - 1
	displacedTag := w >> (8 * last) & 0xff
	store64(x.Ptr(), displacedTag|tag<<8)
	store64(x.Add(8), load64(b.Add(8+8*last)))
	s := (*uint64)(x.Add(16))
	*s = word
	store64(b.Add(8+8*last), uint64(x))
	store64(b.Ptr(), w&^(0xff<<(8*last))|chainedFlag)
	return s
}

// slotOf finds the slot of a known entry by its reference.
func (t *table) slotOf(h uint64, r offheap.Ref) *uint64 {
	var found *uint64
	t.eachSlot(t.bucketOf(h), func(s *uint64, _ uint64) bool {
		if slotRef(*s) == r {
			found = s
		}
		return found == nil
	})
	return found
}

// eachSlot calls f for every entry of bucket i and its chain, with the slot and
// its tag, until f returns false. f must not change the chain.
func (t *table) eachSlot(i uint64, f func(s *uint64, tag uint64) bool) {
	b := t.bucketAt(i)
	w := load64(b.Ptr())
	n := bucketCap(w)
	for {
		for k := 0; k < n; k++ {
			if tag := w >> (8 * k) & 0xff; tag != 0 && !f((*uint64)(b.Add(8+8*k)), tag) {
				return
			}
		}
		if w&chainedFlag == 0 {
			return
		}
		b = slotRef(load64(b.Add(8 + 8*n)))
		w = load64(b.Ptr())
		n = extensionCap(w)
	}
}

// remove empties slot s of an entry with hash h. The hole is filled from the
// end of the chain, so that extensions shrink with their bucket. The table may
// shrink by one bucket. The entry itself is not freed.
func (t *table) remove(heap *offheap.Heap, h uint64, s *uint64) {
	t.unlink(heap, t.bucketAt(t.bucketOf(h)), s)
	t.used--
	switch {
	case t.used == 0:
		t.release(heap)
	case t.n > 1 && t.used*2 < t.n*shrinkBelow2:
		t.shrink(heap)
	}
}

// unlink clears slot s in the chain that begins at b.
func (t *table) unlink(heap *offheap.Heap, b offheap.Ref, s *uint64) {
	var parent offheap.Ref
	var link int // offset of the parent's reference to b
	holder := b  // block that contains s
	at := uintptr(unsafe.Pointer(s))
	w := load64(b.Ptr())
	n := bucketCap(w)
	for w&chainedFlag != 0 {
		parent, link = b, 8+8*n
		b = slotRef(load64(b.Add(link)))
		w = load64(b.Ptr())
		n = extensionCap(w)
		if at > uintptr(b) && at < uintptr(b)+extensionBytes {
			holder = b
		}
	}
	hole := (int(at-uintptr(holder)) - 8) / 8
	if parent == 0 {
		store64(holder.Ptr(), w&^(0xff<<(8*hole)))
		*s = 0
		return
	}
	// b is the last extension; its last entry goes into the hole.
	last := (bits.Len64(w) - 1) / 8
	tag, word := w>>(8*last)&0xff, load64(b.Add(8+8*last))
	if b != holder || last != hole {
		hw := load64(holder.Ptr())
		store64(holder.Ptr(), hw&^(0xff<<(8*hole))|tag<<(8*hole))
		*s = word
	}
	w = load64(b.Ptr()) &^ (0xff << (8 * last))
	store64(b.Ptr(), w)
	store64(b.Add(8+8*last), 0)
	if w == 0 {
		store64(parent.Add(link), 0)
		store64(parent.Ptr(), load64(parent.Ptr())&^chainedFlag)
		heap.Free(b, offheap.PurposeTable)
		t.extends--
	}
}

// taggedSlot is an entry on its way from one bucket to another.
type taggedSlot struct{ tag, word uint64 }

// grow adds bucket n and moves to it its share of the bucket it splits.
func (t *table) grow(heap *offheap.Heap) {
	t.makeRoom(heap)
	level := bits.Len64(t.n) - 1 // 2^level ≤ n
	source, target := t.n-1<<level, t.n
	t.n++
	sb, tb := t.bucketAt(source), t.bucketAt(target)
	clear(tb.Bytes(bucketBytes))
	var space [32]taggedSlot
	for _, e := range t.drain(heap, sb, space[:0]) {
		if t.hashBit(e.word, level) == 0 {
			t.placeAt(heap, sb, e.tag, e.word)
		} else {
			t.placeAt(heap, tb, e.tag, e.word)
		}
	}
}

// shrink moves the last bucket's entries back to the bucket they came from.
func (t *table) shrink(heap *offheap.Heap) {
	last := t.n - 1
	source := last - 1<<(bits.Len64(last)-1)
	sb := t.bucketAt(source)
	var space [32]taggedSlot
	for _, e := range t.drain(heap, t.bucketAt(last), space[:0]) {
		t.placeAt(heap, sb, e.tag, e.word)
	}
	t.n = last
	t.trimRoom(heap)
}

// drain empties the chain that begins at b and frees its extensions.
func (t *table) drain(heap *offheap.Heap, b offheap.Ref, to []taggedSlot) []taggedSlot {
	first := b
	w := load64(b.Ptr())
	n := bucketCap(w)
	for {
		for k := 0; k < n; k++ {
			if tag := w >> (8 * k) & 0xff; tag != 0 {
				to = append(to, taggedSlot{tag, load64(b.Add(8 + 8*k))})
			}
		}
		chained := w&chainedFlag != 0
		var next offheap.Ref
		if chained {
			next = slotRef(load64(b.Add(8 + 8*n)))
		}
		if b != first {
			heap.Free(b, offheap.PurposeTable)
			t.extends--
		}
		if !chained {
			break
		}
		b = next
		w = load64(b.Ptr())
		n = extensionCap(w)
	}
	clear(first.Bytes(bucketBytes))
	return to
}

// hashBit returns bit i of the hash of the entry that a slot word refers to:
// from the word itself, or from the key where the table is so large that the
// word does not keep that bit.
func (t *table) hashBit(word uint64, i int) uint64 {
	if i < hashBits {
		return word >> (48 + i) & 1
	}
	r := slotRef(word)
	return hashKey(t.seed, entKey(r, entHeader(r))) >> i & 1
}

// makeRoom provides the memory of bucket n.
func (t *table) makeRoom(heap *offheap.Heap) {
	switch {
	case t.n < segmentBuckets:
		if t.n == t.baseCap {
			t.baseCap *= 2
			t.base = heap.Resize(t.base, int(t.baseCap)*bucketBytes, offheap.PurposeTable)
		}
	case t.n == segmentBuckets:
		const firstSegments = 4
		dir := heap.AllocZeroed(firstSegments*8, offheap.PurposeTable)
		store64(dir.Ptr(), uint64(t.base))
		store64(dir.Add(8), uint64(heap.Alloc(segmentBytes, offheap.PurposeTable)))
		t.base, t.baseCap = dir, firstSegments
	case t.n%segmentBuckets == 0:
		seg := t.n / segmentBuckets
		if seg == t.baseCap {
			t.baseCap *= 2
			t.base = heap.Resize(t.base, int(t.baseCap)*8, offheap.PurposeTable)
		}
		store64(t.base.Add(int(seg)*8), uint64(heap.Alloc(segmentBytes, offheap.PurposeTable)))
	}
}

// trimRoom gives back what the buckets from n on occupied.
func (t *table) trimRoom(heap *offheap.Heap) {
	switch {
	case t.n < segmentBuckets:
		if t.n <= t.baseCap/4 {
			t.baseCap /= 2
			t.base = heap.Resize(t.base, int(t.baseCap)*bucketBytes, offheap.PurposeTable)
		}
	case t.n == segmentBuckets:
		dir := t.base
		first, second := offheap.Ref(load64(dir.Ptr())), offheap.Ref(load64(dir.Add(8)))
		t.base, t.baseCap = first, segmentBuckets
		heap.Free(second, offheap.PurposeTable)
		heap.Free(dir, offheap.PurposeTable)
	case t.n%segmentBuckets == 0:
		seg := t.n / segmentBuckets
		heap.Free(offheap.Ref(load64(t.base.Add(int(seg)*8))), offheap.PurposeTable)
		if seg < t.baseCap/4 {
			t.baseCap /= 2
			t.base = heap.Resize(t.base, int(t.baseCap)*8, offheap.PurposeTable)
		}
	}
}

// release frees an empty table's memory, or that of a table whose entries have
// been freed.
func (t *table) release(heap *offheap.Heap) {
	if t.n == 0 {
		return
	}
	for i := uint64(0); t.extends > 0 && i < t.n; i++ {
		t.drain(heap, t.bucketAt(i), nil)
	}
	if t.n <= segmentBuckets {
		heap.Free(t.base, offheap.PurposeTable)
	} else {
		for i := uint64(0); i < t.n; i += segmentBuckets {
			heap.Free(offheap.Ref(load64(t.base.Add(int(i/segmentBuckets)*8))), offheap.PurposeTable)
		}
		heap.Free(t.base, offheap.PurposeTable)
	}
	*t = table{seed: t.seed}
}

// scan calls f for every entry in the buckets that cursor stands for and
// returns the next cursor, 0 at the end. Cursors count bucket numbers with
// their bits reversed, so that the buckets into which one splits follow each
// other: an entry that is there during the whole scan is met at least once,
// however the table grows or shrinks in between.
func (t *table) scan(cursor uint64, f func(s *uint64)) uint64 {
	if t.n == 0 {
		return 0
	}
	level := bits.Len64(t.n) - 1
	mask := uint64(1)<<level - 1
	i := cursor & mask
	visit := func(s *uint64, _ uint64) bool { f(s); return true }
	t.eachSlot(i, visit)
	if image := i + mask + 1; image < t.n {
		t.eachSlot(image, visit)
	}
	return bits.Reverse64(bits.Reverse64(cursor|^mask) + 1)
}

// bytes is the memory of the table itself.
func (t *table) bytes() int64 {
	n := int64(t.extends) * extensionBytes
	switch {
	case t.n == 0:
	case t.n <= segmentBuckets:
		n += int64(t.baseCap) * bucketBytes
	default:
		n += int64((t.n+segmentBuckets-1)/segmentBuckets)*segmentBytes + int64(t.baseCap)*8
	}
	return n
}

// check walks the whole table and returns the first contradiction.
func (t *table) check(pool *offheap.Pool, number func(h uint64) bool) error {
	var used, expires uint64
	for i := uint64(0); i < t.n; i++ {
		var err error
		t.eachSlot(i, func(s *uint64, tag uint64) bool {
			r := slotRef(*s)
			if !pool.Contains(r) {
				err = fmt.Errorf("bucket %d: entry %#x outside the pool", i, r)
				return false
			}
			hd := entHeader(r)
			h := hashKey(t.seed, entKey(r, hd))
			used++
			if hd&entHasExpiry != 0 {
				expires++
			}
			switch {
			case t.bucketOf(h) != i:
				err = fmt.Errorf("key %q in bucket %d, belongs to %d", entKey(r, hd), i, t.bucketOf(h))
			case hashTag(h) != tag:
				err = fmt.Errorf("key %q has tag %#x, not %#x", entKey(r, hd), tag, hashTag(h))
			case *s != slotWord(r, h):
				err = fmt.Errorf("key %q: slot %#x", entKey(r, hd), *s)
			case !number(h):
				err = fmt.Errorf("key %q in the wrong table", entKey(r, hd))
			}
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	if used != t.used || expires != t.expires {
		return fmt.Errorf("found %d entries, %d with expiry; counted %d, %d", used, expires, t.used, t.expires)
	}
	return nil
}
