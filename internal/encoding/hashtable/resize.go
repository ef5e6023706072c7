package hashtable

import (
	"math/bits"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// split adds a bucket and moves to it what belongs there from the bucket whose
// image it is.
func (t *Table) split(h *offheap.Heap, why offheap.Purpose) {
	n := t.buckets
	level := bits.Len64(n) - 1
	t.addBucket(h, why)
	source, image := t.bucket(n-1<<level), t.bucket(n)
	*image = 0
	if *source == 0 {
		return
	}
	stay := compactor{block: source.block(), used: blockHead}
	move := compactor{block: h.Alloc(source.used(), why), used: blockHead}
	at := source.first()
	for range source.count() {
		next, to := at.next(), &stay
		if t.hashBit(at, level) {
			to = &move
		}
		to.add(offheap.Ref(at), int(next-at), 1)
		at = next
	}
	*source, *image = stay.finish(h, why), move.finish(h, why)
	if (level+1)%windowBits == 0 {
		t.rewindow(*source, level+1)
		t.rewindow(*image, level+1)
	}
}

// hashBit returns a bit of the hash of an entry in a bucket at that level.
func (t *Table) hashBit(at place, level int) bool {
	if at.external() {
		return at.slot()>>(48+level%windowBits)&1 != 0
	}
	return t.Hash(at.element().Key())>>level&1 != 0
}

// merge removes the last bucket after moving its entries to the bucket whose
// image it is.
func (t *Table) merge(h *offheap.Heap, why offheap.Purpose) {
	last := t.buckets - 1
	level := bits.Len64(last) - 1
	target, image := t.bucket(last-1<<level), t.bucket(last)
	if *target == 0 {
		*target = *image
	} else if *image != 0 {
		joined := compactor{used: target.used(), count: target.count()}
		more := image.used() - blockHead
		joined.block = h.Resize(target.block(), joined.used+more, why)
		joined.add(offheap.Ref(image.first()), more, image.count())
		h.Free(image.block(), why)
		*target = joined.finish(h, why)
	}
	if (level+1)%windowBits == 0 {
		t.rewindow(*target, level)
	}
	t.dropBucket(h, why)
}

// rewindow makes the windows of a bucket's slots those of another level.
func (t *Table) rewindow(b bucket, level int) {
	at := b.first()
	for range b.count() {
		if at.external() {
			e := at.element()
			at.setSlot(slotOf(e, t.Hash(e.Key()), level))
		}
		at = at.next()
	}
}

// addBucket makes room for bucket n and counts it; its bytes are arbitrary.
func (t *Table) addBucket(h *offheap.Heap, why offheap.Purpose) {
	n := t.buckets
	t.buckets++
	switch {
	case n < segmentBuckets:
		t.growRoot(h, why, n, bucketBytes, segmentBuckets)
		return
	case n%segmentBuckets != 0:
		return
	}
	segment := h.Alloc(segmentBuckets*bucketBytes, why)
	s := n / segmentBuckets
	switch {
	case n == segmentBuckets:
		t.liftRoot(h, why)
	case s < pageSegments:
		t.growRoot(h, why, s, 8, pageSegments)
	case n == pageBuckets:
		t.liftRoot(h, why)
		setRef(t.root, 1, h.Alloc(pageSegments*8, why))
	case s%pageSegments == 0:
		t.growRoot(h, why, s/pageSegments, 8, 1<<31)
		setRef(t.root, s/pageSegments, h.Alloc(pageSegments*8, why))
	}
	page := t.root
	if t.buckets > pageBuckets {
		page = refAt(page, s/pageSegments)
	}
	setRef(page, s%pageSegments, segment)
}

// growRoot makes room for entry i in the block at root, of entries of the given
// size.
func (t *Table) growRoot(h *offheap.Heap, why offheap.Purpose, i uint64, entryBytes, limit int) {
	if i < t.room {
		return
	}
	t.room = min(t.room+t.room/2+1, uint64(limit))
	t.root = h.Resize(t.root, int(t.room)*entryBytes, why)
}

// liftRoot puts a list of references above the root, which becomes its entry 0.
func (t *Table) liftRoot(h *offheap.Heap, why offheap.Purpose) {
	list := h.Alloc(2*8, why)
	setRef(list, 0, t.root)
	t.root, t.room = list, 2
}

// dropBucket removes the last bucket, which is empty.
func (t *Table) dropBucket(h *offheap.Heap, why offheap.Purpose) {
	t.buckets--
	n := t.buckets
	if n < segmentBuckets {
		t.shrinkRoot(h, why, n, bucketBytes)
		return
	}
	if n%segmentBuckets != 0 {
		return
	}
	s := n / segmentBuckets
	page := t.root
	if n >= pageBuckets {
		page = refAt(t.root, s/pageSegments)
	}
	h.Free(refAt(page, s%pageSegments), why)
	switch {
	case n == segmentBuckets:
		t.lowerRoot(h, why, segmentBuckets)
	case s < pageSegments:
		t.shrinkRoot(h, why, s, 8)
	case n == pageBuckets:
		h.Free(page, why)
		t.lowerRoot(h, why, pageSegments)
	case s%pageSegments == 0:
		h.Free(page, why)
		t.shrinkRoot(h, why, s/pageSegments, 8)
	}
}

// shrinkRoot gives memory back when the block at root is less than half full
// with n entries.
func (t *Table) shrinkRoot(h *offheap.Heap, why offheap.Purpose, n uint64, entryBytes int) {
	if n*2 >= t.room || t.room <= 2 {
		return
	}
	t.room = n + n/4 + 1
	t.root = h.Resize(t.root, int(t.room)*entryBytes, why)
}

// lowerRoot makes entry 0 of the list at root the root.
func (t *Table) lowerRoot(h *offheap.Heap, why offheap.Purpose, room uint64) {
	list := t.root
	t.root, t.room = refAt(list, 0), room
	h.Free(list, why)
}

// FreeStep frees the last buckets of a table that is no longer used, with their
// elements, at most the given number of buckets, and reports whether everything
// is freed. No other method may be called after the first step.
func (t *Table) FreeStep(h *offheap.Heap, why offheap.Purpose, buckets int) bool {
	for range buckets {
		if t.buckets == 0 {
			break
		}
		b := *t.bucket(t.buckets - 1)
		t.count -= uint64(b.count())
		if b != 0 {
			b.freeElements(h, why)
		}
		if t.buckets == 1 {
			h.Free(t.root, why)
			t.buckets = 0
			break
		}
		t.dropBucket(h, why)
	}
	return t.buckets == 0
}
