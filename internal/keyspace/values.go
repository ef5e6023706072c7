package keyspace

import (
	"github.com/kvasirdb/kvasir/internal/datatype/str"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// FreeValue frees all memory of a value that is no longer reachable.
func FreeValue(h *offheap.Heap, v value.Value) {
	switch v.Type {
	case value.String:
		if v.Enc == value.Big {
			str.Release(h, v.Root)
		}
	}
}

// LazyFreeThreshold is the effort above which a value is worth handing to the
// reclaimer.
const LazyFreeThreshold = 64

// FreeEffort estimates the work of freeing a value in blocks to free.
func FreeEffort(pool *offheap.Pool, v value.Value) int64 {
	return 1
}

// EncodingName returns what OBJECT ENCODING answers for a found key.
func (e *Entry) EncodingName() string {
	if e.Type() == value.String {
		return e.stringEncodingName()
	}
	switch e.Encoding() {
	case value.ListPack:
		return "listpack"
	case value.QuickList:
		return "quicklist"
	case value.IntSet:
		return "intset"
	case value.HashTable:
		return "hashtable"
	case value.SkipList:
		return "skiplist"
	case value.StreamTree:
		return "stream"
	}
	return "unknown"
}
