package hash

import (
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// elementsPerLeaf is how many elements a step of freeing expects in a leaf.
const elementsPerLeaf = 40

// Copy returns a copy of the hash in the same encoding.
func Copy(h *offheap.Heap, v *value.Value) value.Value {
	c := *v
	switch {
	case v.Root == 0:
	case v.Enc == value.ListPack:
		size := h.Pool().SizeOf(v.Root)
		c.Root = h.Alloc(size, why)
		copy(c.Root.Bytes(size), v.Root.Bytes(size))
	default:
		c.Root = h.AllocZeroed(int(unsafe.Sizeof(large{})), why)
		from, to := largeOf(v), largeOf(&c)
		to.table.Copy(h, why, &from.table, func(_, e hashtable.Element) {
			if e.Numbered() {
				to.expiries.Insert(h, why, e)
			}
		})
	}
	return c
}

// Free frees the whole hash and leaves it empty, as a new one.
func Free(h *offheap.Heap, v *value.Value) {
	for !FreeStep(h, v, 1<<20) {
	}
}

// FreeStep frees part of the hash, about the given number of fields, and
// reports whether all is freed. The hash is not usable after the first step.
func FreeStep(h *offheap.Heap, v *value.Value, fields int) bool {
	if v.Root == 0 {
		return true
	}
	if v.Enc == value.HashTable {
		z := largeOf(v)
		if !z.expiries.FreeStep(h, why, fields/elementsPerLeaf+1) ||
			!z.table.FreeStep(h, why, fields/hashtable.ElementsPerBucket+1) {
			return false
		}
	}
	h.Free(v.Root, why)
	v.Enc, v.Root = value.ListPack, 0
	return true
}

// FreeEffort returns the number of blocks that freeing the hash frees, roughly.
func FreeEffort(v *value.Value) int {
	if v.Root != 0 && v.Enc == value.HashTable {
		return Len(v)
	}
	return 1
}

// Memory returns the bytes of the hash. Of a large one, it measures the given
// number of fields and takes the others to be like them; 0 measures all.
func Memory(h *offheap.Heap, v *value.Value, samples int) int {
	pool := h.Pool()
	if v.Root == 0 {
		return 0
	}
	total := pool.SizeOf(v.Root)
	if v.Enc != value.HashTable {
		return total
	}
	z := largeOf(v)
	return total + z.expiries.Bytes(pool) + z.table.Bytes(pool) + z.table.ElementBytes(pool, samples)
}
