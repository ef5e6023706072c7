package keyspace

import (
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// ValueBytes returns the memory of a value outside its key's entry. Of a
// collection, it measures that many elements and takes the others to be like
// them; 0 measures all.
func ValueBytes(h *offheap.Heap, v value.Value, samples int) int64 {
	if v.Root == 0 {
		return 0
	}
	n := 0
	switch v.Type {
	case value.String:
		n = h.Pool().SizeOf(v.Root)
	case value.List:
		n = list.Memory(h, &v, samples)
	case value.Set:
		n = set.Memory(h, &v, samples)
	case value.ZSet:
		n = zset.Memory(h, &v, samples)
	case value.Hash:
		n = hash.Memory(h, &v, samples)
	case value.Stream:
		n = stream.Memory(h, &v, samples)
	}
	return int64(n)
}

// Bytes returns the memory of a found key: its entry, its place in the table,
// and its value; see ValueBytes.
func (e *Entry) Bytes(samples int) int64 {
	heap := e.tx.w.heap
	return int64(heap.Pool().SizeOf(e.ref())) + slotBytes + ValueBytes(heap, e.Value(), samples)
}

// LazyBytes estimates the memory of a found key's value if removing the key
// leaves it to the reclaimer, else it is 0.
func (e *Entry) LazyBytes() int64 {
	v := e.Value()
	if e.tx.w.space.reclaimer == nil || v.Root == 0 || FreeEffort(v) <= LazyFreeThreshold {
		return 0
	}
	const samples = 5
	return ValueBytes(e.tx.w.heap, v, samples)
}
