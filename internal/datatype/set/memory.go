package set

import (
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Copy returns a copy of the set in the same encoding.
func Copy(h *offheap.Heap, v *value.Value) value.Value {
	c := *v
	switch {
	case v.Root == 0:
	case v.Enc == value.HashTable:
		c.Root = h.Alloc(tableBytes, why)
		tableOf(&c).Copy(h, why, tableOf(v), nil)
	default:
		size := h.Pool().SizeOf(v.Root)
		c.Root = h.Alloc(size, why)
		copy(c.Root.Bytes(size), v.Root.Bytes(size))
	}
	return c
}

// Free frees the whole set and leaves it empty, as a new one.
func Free(h *offheap.Heap, v *value.Value) {
	for !FreeStep(h, v, 1<<20) {
	}
}

// FreeStep frees part of the set, about the given number of members, and
// reports whether all is freed. The set is not usable after the first step.
func FreeStep(h *offheap.Heap, v *value.Value, members int) bool {
	if v.Root == 0 {
		return true
	}
	if v.Enc == value.HashTable && !tableOf(v).FreeStep(h, why, members/hashtable.ElementsPerBucket+1) {
		return false
	}
	h.Free(v.Root, why)
	v.Enc, v.Root = undecided, 0
	return true
}

// FreeEffort returns the number of blocks that freeing the set frees, roughly.
func FreeEffort(v *value.Value) int {
	if v.Root != 0 && v.Enc == value.HashTable {
		return Len(v)
	}
	return 1
}

// Memory returns the bytes of the set. Of a table, it measures the given number
// of members and takes the others to be like them; 0 measures all.
func Memory(h *offheap.Heap, v *value.Value, samples int) int {
	pool := h.Pool()
	if v.Root == 0 {
		return 0
	}
	total := pool.SizeOf(v.Root)
	if v.Enc != value.HashTable {
		return total
	}
	t := tableOf(v)
	return total + t.Bytes(pool) + t.ElementBytes(pool, samples)
}
