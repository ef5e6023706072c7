package keyspace

import (
	"math/bits"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/platform/prefetch"
)

// PrefetchMax is how many keys Prefetch takes at a time.
const PrefetchMax = 64

// prefetchedEntryBytes is how much of an entry is prefetched: header, key and
// value of a small string.
const prefetchedEntryBytes = 40

// Wanted is a key that will soon be looked up in a database.
type Wanted struct {
	DB int
	At Located
}

// Prefetch asks the processor to load what the look-ups of up to PrefetchMax
// keys will touch: first the buckets of all, then the entries whose tags match.
//
// Each stage is a loop as short as can be, for the sake of address translation:
// a line that is not in the cache is most often of a page that is not in the
// TLB, and a prefetch does not retire before its address is translated. Only
// what fits the processor's window behind it goes on meanwhile, and in a short
// loop, that is the walks of several more keys.
//
// It needs no lock and no reader lock; what it reads may be stale. Execution
// looks up again.
func (s *Space) Prefetch(keys []Wanted) {
	var buckets [PrefetchMax]offheap.Ref // 0: none
	var lines [2 * PrefetchMax]uintptr
	n := 0
	for i := range keys {
		k := &keys[i]
		if t := s.dbs[k.DB].Load().table(int(k.At.Table)); t != nil {
			if b := t.bucketAddr(s.pool, k.At.Hash); b != 0 {
				buckets[i], lines[n] = b, uintptr(b)
				n++
			}
		}
	}
	prefetch.Lines(lines[:n])
	n = 0
	base := uintptr(s.pool.Base())
	for i := range keys {
		if buckets[i] == 0 {
			continue
		}
		distance := matching(buckets[i], hashTag(keys[i].At.Hash))
		if distance == 0 {
			continue
		}
		r := base + distance<<3
		lines[n] = r
		n++
		// A small entry that does not start a line ends, more often than not, in the next.
		if r&63 > 64-prefetchedEntryBytes {
			lines[n] = r + prefetchedEntryBytes - 1
			n++
		}
	}
	prefetch.Lines(lines[:n])
}

// PrefetchBucket asks the processor to load the bucket of a key that is not
// expected to be there.
func (s *Space) PrefetchBucket(db int, l Located) {
	if t := s.dbs[db].Load().table(int(l.Table)); t != nil {
		prefetch.T0(t.bucketAddr(s.pool, l.Hash).Ptr())
	}
}

// matching returns the first reference of the bucket at b whose tag matches, or
// that to its extension if none does; in units of 8 bytes, 0 if there is none.
func matching(b offheap.Ref, tag uint64) uintptr {
	var at int
	if m := matches(load64(b.Add(bucketTags)), tag); m != 0 {
		at = bits.TrailingZeros64(m) >> 3
	} else {
		tail := uint64(*(*uint32)(b.Add(bucketTags + 8)))
		switch {
		case byte(tail) == byte(tag):
			at = 8
		case byte(tail>>8) == byte(tag), tail>>16&0xff != 0:
			at = 9
		default:
			return 0
		}
	}
	return uintptr(load64(b.Add(at*slotBytes)) & slotMask)
}
