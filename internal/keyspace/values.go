package keyspace

import (
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/str"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// This file is where the keyspace knows the types: everything that has to look
// at a value without knowing what it is goes through a switch here.

// FreeValue frees all memory of a value that is no longer reachable.
func FreeValue(h *offheap.Heap, v value.Value) {
	switch v.Type {
	case value.String:
		if v.Enc == value.Big {
			str.Release(h, v.Root)
		}
	case value.List:
		list.Free(h, &v)
	case value.Set:
		set.Free(h, &v)
	case value.ZSet:
		zset.Free(h, &v)
	case value.Hash:
		hash.Free(h, &v)
	case value.Stream:
		stream.Free(h, &v)
	}
}

// FreeValueStep frees about limit elements of a value that is no longer
// reachable and reports whether nothing is left.
func FreeValueStep(h *offheap.Heap, v *value.Value, limit int) (done bool) {
	switch v.Type {
	case value.List:
		return list.FreeStep(h, v, limit)
	case value.Set:
		return set.FreeStep(h, v, limit)
	case value.ZSet:
		return zset.FreeStep(h, v, limit)
	case value.Hash:
		return hash.FreeStep(h, v, limit)
	case value.Stream:
		return stream.FreeStep(h, v, limit)
	}
	FreeValue(h, *v)
	return true
}

// LazyFreeThreshold is the effort above which a value is worth handing to the
// reclaimer.
const LazyFreeThreshold = 64

// FreeEffort estimates the work of freeing a value, in blocks to free.
func FreeEffort(v value.Value) int64 {
	switch v.Type {
	case value.List:
		return int64(list.FreeEffort(&v))
	case value.Set:
		return int64(set.FreeEffort(&v))
	case value.ZSet:
		return int64(zset.FreeEffort(&v))
	case value.Hash:
		return int64(hash.FreeEffort(&v))
	case value.Stream:
		return int64(stream.FreeEffort(&v))
	}
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
