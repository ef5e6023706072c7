package zset

import (
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Packed returns a view of the listpack that is the set, as RDB files and DUMP
// have it. ok is false for the large encoding and for the empty set.
func Packed(v *value.Value) (block []byte, ok bool) {
	if v.Root == 0 || v.Enc != value.ListPack {
		return nil, false
	}
	return listpack.At(v.Root), true
}

// LoadListpack makes a set of the bytes of a listpack from outside, which it
// checks, for members that are there twice or out of order too, and copies. The set may be
// empty.
func LoadListpack(h *offheap.Heap, lim *value.Limits, block []byte) (v value.Value, ok bool) {
	v = value.Value{Type: value.ZSet, Enc: value.ListPack}
	entries, seen := 0, map[string]struct{}{}
	if !listpack.Validate(block, true, func(lp listpack.View, p int) bool {
		if entries%2 == 0 {
			var scratch listpack.Scratch
			seen[string(lp.Bytes(p, &scratch))] = struct{}{}
		}
		entries++
		return true
	}) || entries != 2*len(seen) {
		return v, false
	}
	if entries == 0 {
		return v, true
	}
	v.Root = listpack.Copy(h, why, block)
	if !inOrder(v.Root) {
		Free(h, &v)
		return v, false
	}
	if Len(&v) > lim.ZSetMaxListpackEntries {
		toLarge(h, &v)
	}
	return v, true
}

// inOrder reports whether the pairs of a listpack are in order. Searches rely
// on it, and no server writes another.
func inOrder(ref offheap.Ref) bool {
	lp := listpack.At(ref)
	for p := lp.First(); ; {
		s := lp.Next(p)
		q := lp.Next(s)
		if q == 0 {
			return true
		}
		var scratch listpack.Scratch
		score, next := scoreAt(lp, s), scoreAt(lp, lp.Next(q))
		if score > next || score == next && lp.Compare(p, lp.Bytes(q, &scratch)) > 0 {
			return false
		}
		p = q
	}
}
