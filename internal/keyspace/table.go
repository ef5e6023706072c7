package keyspace

import (
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/platform/prefetch"
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
// A bucket is one cache line of ten slots, an extension half a line of five:
//
//	bucket                      extension
//	byte  0..49  references     0..24   40 bits each: distance from the pool's
//	                                    base in units of 8 bytes
//	byte 50..59  tags          25..29   one hash byte per slot; 0 is an empty slot
//	byte 60      flags         30       1 when chained: the last slot refers to
//	                                    an extension, and has no tag
//
// With seven entries a bucket on average, a twelfth of the entries lie in
// extensions, and the table takes 10 bytes per key.
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
	origin  uint64 // the pool's base
}

const tableBytes = int(unsafe.Sizeof(table{}))

const (
	bucketBytes    = 64
	bucketSlots    = 10
	bucketTags     = 50
	bucketFlags    = 60
	extensionBytes = 32
	extensionSlots = 5
	extensionTags  = 25
	extensionFlags = 30
	slotBytes      = 5
	segmentBuckets = 64
	segmentBytes   = segmentBuckets * bucketBytes

	chainedFlag = 1
	slotMask    = 1<<40 - 1

	// Load bounds in entries per bucket.
	growAbove   = 7
	shrinkBelow = 3

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

// slot is the address of an entry's reference in its bucket or extension.
type slot unsafe.Pointer

// refAt reads a reference, which counts from origin. The three bytes behind it
// are in the same block.
func refAt(origin uint64, s slot) offheap.Ref {
	return offheap.Ref(origin + load64(unsafe.Pointer(s))&slotMask<<3)
}

func (t *table) ref(s slot) offheap.Ref       { return refAt(t.origin, s) }
func (t *table) setRef(s slot, r offheap.Ref) { setRef(t.origin, s, r) }

// setRef overwrites a reference.
func setRef(origin uint64, s slot, r offheap.Ref) {
	v := (uint64(r) - origin) >> 3
	*(*uint32)(unsafe.Pointer(s)) = uint32(v)
	*(*byte)(unsafe.Add(unsafe.Pointer(s), 4)) = byte(v >> 32)
}

// block is a bucket or an extension.
type block struct {
	at        unsafe.Pointer
	slots     int // that hold entries or the reference to an extension
	tags      int // offset of the tags
	chained   bool
	extension bool
}

func bucketBlock(r offheap.Ref) block {
	p := r.Ptr()
	return block{at: p, slots: bucketSlots, tags: bucketTags, chained: *(*byte)(unsafe.Add(p, bucketFlags)) != 0}
}

func extensionBlock(r offheap.Ref) block {
	p := r.Ptr()
	return block{at: p, slots: extensionSlots, tags: extensionTags, chained: *(*byte)(unsafe.Add(p, extensionFlags)) != 0, extension: true}
}

// entries is how many slots may hold entries.
func (b *block) entries() int {
	if b.chained {
		return b.slots - 1
	}
	return b.slots
}

func (b *block) slot(i int) slot { return slot(unsafe.Add(b.at, i*slotBytes)) }
func (b *block) tag(i int) *byte { return (*byte)(unsafe.Add(b.at, b.tags+i)) }

// next returns the extension of a chained block.
func (t *table) next(b *block) block { return extensionBlock(t.ref(b.slot(b.slots - 1))) }

// setChained changes the flag.
func (b *block) setChained(on bool) {
	b.chained = on
	at := bucketFlags
	if b.extension {
		at = extensionFlags
	}
	v := byte(0)
	if on {
		v = chainedFlag
	}
	*(*byte)(unsafe.Add(b.at, at)) = v
}

// empty reports whether no slot of an unchained block is in use.
func (b *block) empty() bool {
	for i := range b.slots {
		if *b.tag(i) != 0 {
			return false
		}
	}
	return true
}

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

// matches returns a word with the high bit set in each byte of w that may equal
// tag. A false match is possible above a true one.
func matches(w, tag uint64) uint64 {
	x := w ^ tag*ones
	return (x - ones) & ^x & highs
}

// find returns key's slot, or nil.
func (t *table) find(h uint64, key []byte) slot {
	if t.used == 0 {
		return nil
	}
	p, tag := t.bucketAt(t.bucketOf(h)).Ptr(), hashTag(h)
	for m := matches(load64(unsafe.Add(p, bucketTags)), tag); m != 0; m &= m - 1 {
		s := slot(unsafe.Add(p, bits.TrailingZeros64(m)>>3*slotBytes))
		if keyEqual(t.ref(s), key) {
			return s
		}
	}
	// The last two tags and the flags are one word.
	tail := uint64(*(*uint32)(unsafe.Add(p, bucketTags+8)))
	if byte(tail) == byte(tag) {
		if s := slot(unsafe.Add(p, 8*slotBytes)); keyEqual(t.ref(s), key) {
			return s
		}
	}
	if byte(tail>>8) == byte(tag) {
		if s := slot(unsafe.Add(p, 9*slotBytes)); keyEqual(t.ref(s), key) {
			return s
		}
	}
	if tail>>16&0xff == 0 {
		return nil
	}
	return t.findExtended(t.ref(slot(unsafe.Add(p, 9*slotBytes))), byte(tag), key)
}

// findExtended goes on in the extensions of a bucket.
func (t *table) findExtended(r offheap.Ref, tag byte, key []byte) slot {
	for {
		b := extensionBlock(r)
		for i := range b.entries() {
			if *b.tag(i) == tag && keyEqual(t.ref(b.slot(i)), key) {
				return b.slot(i)
			}
		}
		if !b.chained {
			return nil
		}
		r = t.ref(b.slot(b.slots - 1))
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
// table may grow by one bucket.
func (t *table) insert(heap *offheap.Heap, h uint64, r offheap.Ref) slot {
	if t.n == 0 {
		t.base = heap.AllocZeroed(bucketBytes, offheap.PurposeTable)
		t.baseCap, t.n = 1, 1
	}
	t.used++
	if t.used > t.n*growAbove {
		t.grow(heap)
	}
	return t.place(heap, t.bucketAt(t.bucketOf(h)), byte(hashTag(h)), r)
}

// place puts an entry into the chain that begins with bucket r0.
func (t *table) place(heap *offheap.Heap, r0 offheap.Ref, tag byte, r offheap.Ref) slot {
	b := bucketBlock(r0)
	for {
		for i := range b.entries() {
			if p := b.tag(i); *p == 0 {
				*p = tag
				t.setRef(b.slot(i), r)
				return b.slot(i)
			}
		}
		if !b.chained {
			break
		}
		b = t.next(&b)
	}
	// The last slot becomes the reference to a new extension, to which its
	// entry moves.
	x := heap.AllocZeroed(extensionBytes, offheap.PurposeTable)
	t.extends++
	xb := extensionBlock(x)
	last := b.slots - 1
	*xb.tag(0), *b.tag(last) = *b.tag(last), 0
	t.setRef(xb.slot(0), t.ref(b.slot(last)))
	*xb.tag(1) = tag
	t.setRef(xb.slot(1), r)
	t.setRef(b.slot(last), x)
	b.setChained(true)
	return xb.slot(1)
}

// eachSlot calls f for every entry of bucket i and its chain until f returns
// false. f must not change the chain.
func (t *table) eachSlot(i uint64, f func(s slot) bool) {
	b := bucketBlock(t.bucketAt(i))
	for {
		for k := range b.entries() {
			if *b.tag(k) != 0 && !f(b.slot(k)) {
				return
			}
		}
		if !b.chained {
			return
		}
		b = t.next(&b)
	}
}

// remove empties slot s of an entry with hash h. The hole is filled from the
// end of the chain, so that extensions shrink with their bucket. The table may
// shrink by one bucket. The entry itself is not freed.
func (t *table) remove(heap *offheap.Heap, h uint64, s slot) {
	t.unlink(heap, t.bucketAt(t.bucketOf(h)), s)
	t.used--
	switch {
	case t.used == 0:
		t.release(heap)
	case t.n > 1 && t.used < t.n*shrinkBelow:
		t.shrink(heap)
	}
}

// unlink clears slot s in the chain that begins with bucket r0.
func (t *table) unlink(heap *offheap.Heap, r0 offheap.Ref, s slot) {
	b := bucketBlock(r0)
	parent, holder := b, b
	at := uintptr(unsafe.Pointer(s))
	for b.chained {
		parent = b
		b = t.next(&b)
		if at-uintptr(b.at) < extensionBytes {
			holder = b
		}
	}
	hole := int(at-uintptr(holder.at)) / slotBytes
	last := b.slots - 1
	for *b.tag(last) == 0 {
		last--
	}
	// b is the end of the chain; its last entry goes into the hole.
	if b.at != holder.at || last != hole {
		*holder.tag(hole) = *b.tag(last)
		t.setRef(s, t.ref(b.slot(last)))
	}
	*b.tag(last) = 0
	if b.extension && b.empty() {
		parent.setChained(false)
		heap.Free(offheap.Ref(uintptr(b.at)), offheap.PurposeTable)
		t.extends--
	}
}

// moving is an entry on its way from one bucket to another.
type moving struct {
	ref offheap.Ref
	tag byte
}

// grow adds bucket n and moves to it its share of the bucket it splits. The
// share is decided by a hash bit that is kept nowhere, so the keys are read;
// they are prefetched together first.
func (t *table) grow(heap *offheap.Heap) {
	t.makeRoom(heap)
	level := bits.Len64(t.n) - 1 // 2^level ≤ n
	source, target := t.n-1<<level, t.n
	t.n++
	sb, tb := t.bucketAt(source), t.bucketAt(target)
	clear(tb.Bytes(bucketBytes))
	var space [32]moving
	list := t.drain(heap, sb, space[:0])
	for _, e := range list {
		prefetch.T0(e.ref.Ptr())
	}
	for _, e := range list {
		h := hashKey(t.seed, entKey(e.ref, entHeader(e.ref)))
		if h>>level&1 == 0 {
			t.place(heap, sb, e.tag, e.ref)
		} else {
			t.place(heap, tb, e.tag, e.ref)
		}
	}
}

// shrink moves the last bucket's entries back to the bucket they came from.
func (t *table) shrink(heap *offheap.Heap) {
	last := t.n - 1
	source := last - 1<<(bits.Len64(last)-1)
	sb := t.bucketAt(source)
	var space [32]moving
	for _, e := range t.drain(heap, t.bucketAt(last), space[:0]) {
		t.place(heap, sb, e.tag, e.ref)
	}
	t.n = last
	t.trimRoom(heap)
}

// drain empties the chain that begins with bucket r0 and frees its extensions.
func (t *table) drain(heap *offheap.Heap, r0 offheap.Ref, to []moving) []moving {
	b := bucketBlock(r0)
	for {
		for k := range b.entries() {
			if tag := *b.tag(k); tag != 0 {
				to = append(to, moving{t.ref(b.slot(k)), tag})
			}
		}
		done := b
		if b.chained {
			b = t.next(&b)
		}
		if done.extension {
			heap.Free(offheap.Ref(uintptr(done.at)), offheap.PurposeTable)
			t.extends--
		}
		if !done.chained {
			break
		}
	}
	clear(r0.Bytes(bucketBytes))
	return to
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
	*t = table{seed: t.seed, origin: t.origin}
}

// scan calls f for every entry in the buckets that cursor stands for and
// returns the next cursor, 0 at the end. Cursors count bucket numbers with
// their bits reversed, so that the buckets into which one splits follow each
// other: an entry that is there during the whole scan is met at least once,
// however the table grows or shrinks in between.
func (t *table) scan(cursor uint64, f func(s slot)) uint64 {
	if t.n == 0 {
		return 0
	}
	level := bits.Len64(t.n) - 1
	mask := uint64(1)<<level - 1
	i := cursor & mask
	visit := func(s slot) bool { f(s); return true }
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
		t.eachSlot(i, func(s slot) bool {
			r := t.ref(s)
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
			case t.find(h, entKey(r, hd)) != s:
				err = fmt.Errorf("key %q is not found in its slot", entKey(r, hd))
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
