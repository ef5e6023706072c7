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
	chain := *source
	*source, *image = bucket{}, bucket{}
	stay, move := appender{t, h, why, source}, appender{t, h, why, image}
	newWindow := (level+1)%windowBits == 0
	t.drainChain(h, why, &chain, func(tag, slot uint64) {
		moves := slot>>(48+level%windowBits)&1 != 0
		if newWindow {
			slot = t.rewindow(slot, level+1)
		}
		if moves {
			move.add(tag, slot)
		} else {
			stay.add(tag, slot)
		}
	})
}

// merge removes the last bucket after moving its elements to the bucket whose
// image it is.
func (t *Table) merge(h *offheap.Heap, why offheap.Purpose) {
	last := t.buckets - 1
	level := bits.Len64(last) - 1
	target, image := t.bucket(last-1<<level), t.bucket(last)
	newWindow := (level+1)%windowBits == 0
	if newWindow {
		for b := target; ; b = b.next() {
			for i := range b.used() {
				b.slots[i] = t.rewindow(b.slots[i], level)
			}
			if b.tags < overflowFlag {
				break
			}
		}
	}
	a := appender{t, h, why, target}
	t.drainChain(h, why, image, func(tag, slot uint64) {
		if newWindow {
			slot = t.rewindow(slot, level)
		}
		a.add(tag, slot)
	})
	t.dropBucket(h, why)
}

// rewindow returns slot with the window for another level.
func (t *Table) rewindow(slot uint64, level int) uint64 {
	e := Element(slot & elementMask)
	return slotOf(e, t.Hash(e.Key()), level)
}

// drainChain passes all elements of a chain to visit and frees the further
// buckets. b itself keeps its stale contents.
func (t *Table) drainChain(h *offheap.Heap, why offheap.Purpose, b *bucket, visit func(tag, slot uint64)) {
	var further offheap.Ref
	for {
		for i := range b.used() {
			visit(b.tag(i), b.slots[i])
		}
		next, more := offheap.Ref(b.slots[slotsPerBucket-1]), b.tags >= overflowFlag
		if further != 0 {
			h.Free(further, why)
			t.overflow--
		}
		if !more {
			return
		}
		further, b = next, (*bucket)(next.Ptr())
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
	if i < uint64(t.room) {
		return
	}
	t.room = uint32(min(int(t.room)+int(t.room)/2+1, limit))
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
	if n*2 >= uint64(t.room) || t.room <= 2 {
		return
	}
	t.room = uint32(n + n/4 + 1)
	t.root = h.Resize(t.root, int(t.room)*entryBytes, why)
}

// lowerRoot makes entry 0 of the list at root the root.
func (t *Table) lowerRoot(h *offheap.Heap, why offheap.Purpose, room uint32) {
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
		t.drainChain(h, why, t.bucket(t.buckets-1), func(_, slot uint64) {
			Element(slot&elementMask).Free(h, why)
			t.count--
		})
		if t.buckets == 1 {
			h.Free(t.root, why)
			t.buckets = 0
			break
		}
		t.dropBucket(h, why)
	}
	return t.buckets == 0
}
