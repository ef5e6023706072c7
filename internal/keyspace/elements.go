package keyspace

import (
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// WantedElement is an element that will soon be looked up in the collection at a key.
type WantedElement struct {
	Key     Wanted
	Element []byte
}

// PrefetchElements asks the processor to load what the look-ups of elements in large
// collections will touch, of up to PrefetchMax elements, whose keys Prefetch has been
// given. Like that it needs no lock, and what it reads may be stale.
func (s *Space) PrefetchElements(elements []WantedElement) {
	if len(elements) < 2 {
		return // there is nothing with which its latency could overlap
	}
	var lookups [PrefetchMax]hashtable.Lookup
	n := 0
	for i := range elements {
		e := &elements[i]
		if t := s.largeTable(e.Key); t != nil {
			lookups[n] = hashtable.Lookup{Table: t, Hash: t.Hash(e.Element)}
			n++
		}
	}
	hashtable.Prefetch(s.pool, lookups[:n])
}

// entryReadBytes is more than what is read of an entry with a short key to get at
// the root of its value.
const entryReadBytes = 512

// largeTable returns the table of the collection that is likely to be at a key, or
// nil if it has none or one that is likely to be in the cache.
func (s *Space) largeTable(key Wanted) *hashtable.Table {
	keys := s.dbs[key.DB].Load().table(int(key.At.Table))
	if keys == nil {
		return nil
	}
	b := keys.bucketAddr(s.pool, key.At.Hash)
	if b == 0 {
		return nil
	}
	r := s.pool.Base() + offheap.Ref(matching(b, hashTag(key.At.Hash))<<3)
	if !s.pool.Contains(r) || !s.pool.Contains(r+entryReadBytes) {
		return nil
	}
	h := entHeader(r)
	if e := h.encoding(); e != value.HashTable && e != value.SkipList || h&entLongKey != 0 {
		return nil
	}
	// The blocks of all types with these encodings begin with the table.
	root := offheap.Ref(entRoot(r, h))
	if root&7 != 0 || !s.pool.Contains(root) || !s.pool.Contains(root+offheap.Ref(hashtable.HeadBytes)) {
		return nil
	}
	if t := (*hashtable.Table)(root.Ptr()); t.OutgrowsCache() {
		return t
	}
	return nil
}
