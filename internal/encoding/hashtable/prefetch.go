package hashtable

import (
	"math/bits"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/platform/prefetch"
)

// A lookup in a large table waits for memory three times: for the word of the
// bucket, for its block, and for an element that has a block of its own. Who knows
// several keys beforehand takes all of them through the three steps below, or a
// few steps ahead of those in use, so that their latencies overlap.
//
// The steps may be called without the owner's lock, on a table that is being
// changed or is freed already: what they read may be out of date, but is always
// known to be mapped, and nothing depends on it.

const (
	lineBytes = 64
	// prefetchedLines is how many lines of a block are prefetched. Eight members of
	// 16 bytes take 160 bytes.
	prefetchedLines = 2
	// cachedBuckets is the number of buckets up to which a table is likely to be in
	// the second-level cache.
	cachedBuckets = 2048
)

// PrefetchElement is for elements known by reference, such as from a tree: it asks
// the processor to load the beginning of e, which has a block of its own.
func (e Element) PrefetchElement() { prefetch.T0(e.Block().Ptr()) }

// OutgrowsCache reports whether lookups are worth prefetching.
func (t *Table) OutgrowsCache() bool { return t.buckets > cachedBuckets }

// PrefetchBucket asks for the word of the bucket of a hash, the first step.
func (t *Table) PrefetchBucket(pool *offheap.Pool, hash uint64) {
	if w := t.word(pool, hash); w != 0 {
		prefetch.T0(w.Ptr())
	}
}

// PrefetchBlock asks for the block of the bucket of a hash, the second step.
func (t *Table) PrefetchBlock(pool *offheap.Pool, hash uint64) {
	if w := t.word(pool, hash); w != 0 {
		block := (*(*bucket)(w.Ptr())).block()
		for i := range prefetchedLines {
			prefetch.T0((block + offheap.Ref(i*lineBytes)).Ptr())
		}
	}
}

// word returns the address of the word of the bucket of a hash, or 0 if the table
// is being changed or not large.
func (t *Table) word(pool *offheap.Pool, hash uint64) offheap.Ref {
	n, at := t.buckets, t.root
	if n <= cachedBuckets {
		return 0
	}
	mask := uint64(1)<<bits.Len64(n-1) - 1
	i := hash & mask
	if i >= n {
		i &= mask >> 1
	}
	if n > pageBuckets {
		at = follow(pool, at, i/pageBuckets)
	}
	at = follow(pool, at, i/segmentBuckets%pageSegments) + offheap.Ref(i%segmentBuckets*bucketBytes)
	if at&7 != 0 || !pool.Contains(at) {
		return 0
	}
	return at
}

// follow returns entry i of a list of references, or 0 if there can be none.
func follow(pool *offheap.Pool, list offheap.Ref, i uint64) offheap.Ref {
	if at := list + offheap.Ref(i*8); at&7 == 0 && pool.Contains(at) {
		return *(*offheap.Ref)(at.Ptr())
	}
	return 0
}
