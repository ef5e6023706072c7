package hashtable

import (
	"iter"
	"math/bits"
	"math/rand/v2"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// All yields every element, in no order of meaning. The table must not change
// meanwhile.
func (t *Table) All() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		for i := range t.buckets {
			if !t.bucket(i).all(yield) {
				return
			}
		}
	}
}

// all yields the elements of a bucket and reports whether yield wants more.
func (b bucket) all(yield func(Element) bool) bool {
	at := b.first()
	for range b.count() {
		if !yield(at.element()) {
			return false
		}
		at = at.next()
	}
	return true
}

// Scan passes the elements of one bucket, and of its image if it has one, to
// visit and returns the cursor of the next call. It begins with cursor 0 and
// ends when Scan returns 0. visit must not change the table, which may grow and
// shrink between the calls: an element that is in the table all the time is
// visited at least once.
//
// The cursor is a bucket number of the current round, counted up from its
// highest bit. Having passed bucket v at level l means having seen all hashes
// that end in the l bits of v, whatever the number of buckets was then; growing
// adds bits below the counted ones, shrinking takes some away, and neither
// brings the scan behind a hash it has not seen.
func (t *Table) Scan(cursor uint64, visit func(Element)) uint64 {
	level := bits.Len64(t.buckets) - 1
	mask := uint64(1)<<level - 1
	yield := func(e Element) bool { visit(e); return true }
	i := cursor & mask
	t.bucket(i).all(yield)
	if image := i + 1<<level; image < t.buckets {
		t.bucket(image).all(yield)
	}
	return bits.Reverse64(bits.Reverse64(cursor|^mask) + 1)
}

const (
	// drawLength is the number of elements in a bucket up to which Random is exactly
	// uniform. One unsplit bucket in ten billion has more.
	drawLength = 48
	// drawsMax bounds the draws of Random. A table at its merge load needs 16
	// on average.
	drawsMax = 1000
)

// Random returns an element drawn uniformly: a bucket and a place are drawn
// until there is an element in that place. It returns 0 if the table is empty.
func (t *Table) Random(rng *rand.Rand) Element {
	if t.count == 0 {
		return 0
	}
	for range drawsMax {
		place := rng.Uint64N(t.buckets * drawLength)
		if e := t.bucket(place / drawLength).at(int(place % drawLength)); e != 0 {
			return e
		}
	}
	// Never seen, and possible only for an owner that fills the table with
	// chosen hashes: the next element will do.
	for i := rng.Uint64N(t.buckets); ; i = (i + 1) % t.buckets {
		if e := t.bucket(i).at(0); e != 0 {
			return e
		}
	}
}

// at returns element i, or 0.
func (b bucket) at(i int) Element {
	if i >= b.count() {
		return 0
	}
	at := b.first()
	for range i {
		at = at.next()
	}
	return at.element()
}

// Copy makes t a table with the same seed and a copy of each element of source, in
// the same order. copied, if any, gets to see those that have blocks of their own.
// Both tables use the same purpose.
func (t *Table) Copy(h *offheap.Heap, why offheap.Purpose, source *Table, copied func(from, to Element)) {
	t.Init(h, why, source.seed)
	for t.buckets < source.buckets {
		t.addBucket(h, why)
	}
	t.count = source.count
	for i := range source.buckets {
		from, to := *source.bucket(i), t.bucket(i)
		*to = 0
		if from == 0 {
			continue
		}
		used := from.used()
		block := h.Alloc(used, why)
		copy(block.Bytes(used), from.block().Bytes(used))
		to.set(block, used, from.count())
		at := to.first()
		for range to.count() {
			if at.external() {
				e := at.element()
				c := e.Copy(h, why)
				at.setSlot(at.slot()&^slotMask | uint64(c))
				if copied != nil {
					copied(e, c)
				}
			}
			at = at.next()
		}
	}
}

// Buckets returns the number of buckets, which is the work of freeing the
// table.
func (t *Table) Buckets() int { return int(t.buckets) }

// Bytes returns the memory of the directory, without Table itself and the elements.
func (t *Table) Bytes(pool *offheap.Pool) int {
	total := pool.SizeOf(t.root)
	if t.buckets <= segmentBuckets {
		return total
	}
	segments := (int(t.buckets) + segmentBuckets - 1) / segmentBuckets
	total += segments * pool.ClassSize(segmentBuckets*bucketBytes)
	if t.buckets <= pageBuckets {
		return total
	}
	pages := (segments + pageSegments - 1) / pageSegments
	return total + pages*pool.ClassSize(pageSegments*8)
}

// ElementBytes returns the memory of the elements: their own blocks and those of
// the buckets. It measures buckets with the given number of elements and takes the
// others to be like them; 0 measures all.
func (t *Table) ElementBytes(pool *offheap.Pool, samples int) int {
	total, measured := 0, 0
	for i := range t.buckets {
		b := *t.bucket(i)
		if b == 0 {
			continue
		}
		total += pool.SizeOf(b.block())
		at := b.first()
		for range b.count() {
			if at.external() {
				total += pool.SizeOf(at.element().Block())
			}
			at = at.next()
		}
		if measured += b.count(); measured >= samples && samples > 0 {
			break
		}
	}
	if measured == int(t.count) {
		return total
	}
	return int(float64(total) / float64(measured) * float64(t.count))
}
