package hash

import (
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Packed returns a view of the listpack that is the hash, as RDB files and DUMP
// have it. ok is false for the large encoding and for the empty hash.
func Packed(v *value.Value) (block []byte, ok bool) {
	if v.Root == 0 || v.Enc != value.ListPack {
		return nil, false
	}
	return listpack.At(v.Root), true
}

// LoadListpack makes a hash of the bytes of a listpack from outside, which it
// checks, for fields that are there twice too, and copies. The hash may be
// empty.
func LoadListpack(h *offheap.Heap, lim *value.Limits, block []byte) (v value.Value, ok bool) {
	v = value.Value{Type: value.Hash, Enc: value.ListPack}
	if !listpack.ValidateUnique(block, 2, nil) {
		return v, false
	}
	if listpack.View(block).Len() > 0 {
		v.Root = listpack.Copy(h, why, block)
		ApplyLimits(h, lim, &v)
	}
	return v, true
}
