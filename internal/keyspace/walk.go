package keyspace

import (
	"math/bits"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/prefetch"
)

// A walk over all entries would wait for memory at every bucket and every entry:
// they lie in the order in which they were made, and the walk goes by hash. So
// it prefetches: first the buckets that it is about to visit, then the entries
// in them, whose latencies overlap.

// walkedEntryBytes is how much of an entry is prefetched: header, key and value of
// a small string.
const walkedEntryBytes = 40

// prefetch asks the processor to load the entries of the n scan steps that begin
// with cursor. The caller holds the shard.
func (t *table) prefetch(cursor uint64, n int) {
	if t.n == 0 {
		return
	}
	mask := uint64(1)<<(bits.Len64(t.n)-1) - 1
	var buckets [2 * stepBuckets]uint64
	found := 0
	for range min(n, stepBuckets) {
		i := cursor & mask
		buckets[found] = i
		found++
		if image := i + mask + 1; image < t.n {
			buckets[found] = image
			found++
		}
		if cursor = bits.Reverse64(bits.Reverse64(cursor|^mask) + 1); cursor == 0 {
			break
		}
	}
	t.prefetchBuckets(buckets[:found])
}

// prefetchBuckets asks for the entries of some buckets.
func (t *table) prefetchBuckets(buckets []uint64) {
	for _, i := range buckets {
		prefetch.T0(t.bucketAt(i).Ptr())
	}
	for _, i := range buckets {
		b := bucketBlock(t.bucketAt(i))
		for k := range b.slots {
			if *b.tag(k) == 0 && (!b.chained || k < b.slots-1) {
				continue
			}
			p := t.ref(b.slot(k)).Ptr()
			prefetch.T0(p)
			if uintptr(p)&63 > 64-walkedEntryBytes {
				prefetch.T0(unsafe.Add(p, walkedEntryBytes-1))
			}
		}
	}
}

// Walk is Each for callers that read every entry and its value. The Entry can be
// read but not looked up again: it has no place.
func (tx *Tx) Walk(f func(e Entry)) {
	tables := tx.db.tables()
	var ahead [stepBuckets]uint64
	for n := range tables {
		t := &tables[n]
		for b := uint64(0); b < t.n; b++ {
			if b%stepBuckets == 0 {
				k := 0
				for ; k < stepBuckets && b+uint64(k) < t.n; k++ {
					ahead[k] = b + uint64(k)
				}
				t.prefetchBuckets(ahead[:k])
			}
			t.eachSlot(b, func(s slot) bool {
				f(Entry{tx: tx, slot: s})
				return true
			})
		}
	}
}
