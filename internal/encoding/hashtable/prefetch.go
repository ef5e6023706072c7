package hashtable

import (
	"math/bits"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/platform/prefetch"
)

// A look-up in a large table waits for memory three times: for the word of the
// bucket, for its block, and for an element that has a block of its own. Who knows
// several keys beforehand can have their latencies overlap: by [Prefetch], or by
// taking each key through [Table.PrefetchBucket] and [Table.PrefetchBlock] some time
// before it is looked up.
//
// None of this needs the owner's lock, and the table may be changed or freed
// meanwhile: what is read may be out of date, but is always known to be mapped, and
// only what is prefetched depends on it.

const (
	// PrefetchMax is how many look-ups Prefetch takes at a time.
	PrefetchMax = 64

	lineBytes = 64
	// prefetchedLines is how many lines of a block are prefetched. Eight entries of
	// elements with blocks of their own take 76 bytes, of members of 16 bytes 156,
	// and a look-up reads half of them if it finds what it looks for.
	prefetchedLines = 2
	// cachedBuckets is the number of buckets up to which a table is likely to be in
	// the second-level cache.
	cachedBuckets = 2048
)

// Lookup is a look-up to come.
type Lookup struct {
	Table *Table
	Hash  uint64
}

// OutgrowsCache reports whether look-ups are worth prefetching.
func (t *Table) OutgrowsCache() bool { return t.buckets > cachedBuckets }

// Prefetch asks the processor to load what up to PrefetchMax look-ups will read. Each
// stage is one short loop over all of them.
func Prefetch(pool *offheap.Pool, lookups []Lookup) {
	var words [PrefetchMax]offheap.Ref // 0: none
	var lines [prefetchedLines * PrefetchMax]uintptr
	n := 0
	for i, l := range lookups {
		words[i] = l.Table.word(pool, l.Hash)
		lines[n] = uintptr(words[i])
		n++
	}
	prefetch.Lines(lines[:n])
	n = 0
	for i := range lookups {
		if words[i] != 0 {
			block := (*(*bucket)(words[i].Ptr())).block()
			for k := range prefetchedLines {
				lines[n] = uintptr(block) + uintptr(k*lineBytes)
				n++
			}
		}
	}
	prefetch.Lines(lines[:n])
	n = 0
	for i, l := range lookups {
		if words[i] != 0 {
			lines[n] = uintptr((*(*bucket)(words[i].Ptr())).external(pool, l.Hash))
			n++
		}
	}
	prefetch.Lines(lines[:n])
}

// PrefetchBucket asks for the word of the bucket of a hash.
func (t *Table) PrefetchBucket(pool *offheap.Pool, hash uint64) {
	prefetch.T0(t.word(pool, hash).Ptr())
}

// PrefetchBlock asks for the block of the bucket of a hash. It reads the word.
func (t *Table) PrefetchBlock(pool *offheap.Pool, hash uint64) {
	if w := t.word(pool, hash); w != 0 {
		block := (*(*bucket)(w.Ptr())).block()
		for k := range prefetchedLines {
			prefetch.T0(block.Add(k * lineBytes))
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

// external returns the block of the first element whose tag matches, if it has one
// of its own, or 0.
func (b bucket) external(pool *offheap.Pool, hash uint64) offheap.Ref {
	at, tag := b.first(), tagOf(hash)
	for range min(b.count(), drawLength) {
		if !pool.Contains(offheap.Ref(at)) || !pool.Contains(offheap.Ref(at)+externalBytes) {
			return 0
		}
		switch at.tag() {
		case tag:
			return 0
		case tag | externalTag:
			return at.element().Block()
		}
		at = at.next()
	}
	return 0
}
