package set

import (
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/intset"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Packed returns a view of the intset or listpack that is the set, as RDB files
// and DUMP have it. ok is false for a table and for the empty set.
func Packed(v *value.Value) (block []byte, ok bool) {
	switch {
	case v.Root == 0:
		return nil, false
	case v.Enc == value.IntSet:
		return intset.At(v.Root), true
	case v.Enc == value.ListPack:
		return listpack.At(v.Root), true
	}
	return nil, false
}

// LoadIntSet makes a set of the bytes of an intset from outside, which it
// checks and copies.
func LoadIntSet(h *offheap.Heap, lim *value.Limits, block []byte) (v value.Value, ok bool) {
	if !intset.Validate(block, true) {
		return v, false
	}
	v = value.Value{Type: value.Set, Enc: value.IntSet, Root: intset.Copy(h, why, block)}
	ApplyLimits(h, lim, &v)
	return v, true
}

// LoadListpack makes a set of the bytes of a listpack from outside, which it
// checks, for members that are there twice too, and copies. The set may be
// empty.
func LoadListpack(h *offheap.Heap, lim *value.Limits, block []byte) (v value.Value, ok bool) {
	v = value.Value{Type: value.Set, Enc: value.ListPack}
	if !listpack.ValidateUnique(block, 1, nil) {
		return v, false
	}
	if listpack.View(block).Len() > 0 {
		v.Root = listpack.Copy(h, why, block)
		ApplyLimits(h, lim, &v)
	}
	return v, true
}
