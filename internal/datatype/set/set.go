// Package set is the set type: which encoding holds a set, and what every set
// command needs of it.
//
// A set of integers is an intset; a small set of anything a listpack; all
// others have a table. Thresholds and conversions are Valkey's: an intset that
// gets a member that is no integer becomes a listpack if it is small enough, a
// table otherwise; no set becomes smaller by itself, only [ToIntSet] tries.
//
//	encoding   Root is
//	IntSet     an intset
//	ListPack   a listpack of members
//	HashTable  a block with a hashtable.Table, whose elements are members
//
// Members are passed to callbacks as views: valid until the callback returns or
// the set changes, whichever is first. No callback may change the set. A set
// from which the last member is taken is as a new one, with Root 0.
package set

import (
	"iter"
	"math/rand/v2"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/encoding/intset"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const (
	why = offheap.PurposeSet
	// intsetEntriesMax is the limit of an intset whatever the configuration.
	intsetEntriesMax = 1 << 30
	// undecided is the encoding of an empty set for which Prepare was not
	// called: the first member decides. It is that of a zero Value.
	undecided  = value.Encoding(0)
	tableBytes = hashtable.HeadBytes
)

func tableOf(v *value.Value) *hashtable.Table { return (*hashtable.Table)(v.Root.Ptr()) }

// Prepare chooses the encoding for adding members, the first of which is given:
// that of a new set, or a table for a set that is going to be too large for its
// encoding.
func Prepare(h *offheap.Heap, lim *value.Limits, v *value.Value, first []byte, adding int) {
	switch {
	case v.Root == 0:
		v.Enc = encodingFor(lim, first, adding)
	case v.Enc == value.ListPack && adding > lim.SetMaxListpackEntries,
		v.Enc == value.IntSet && adding > lim.SetMaxIntsetEntries:
		toTable(h, v)
	}
}

func encodingFor(lim *value.Limits, first []byte, adding int) value.Encoding {
	if _, isInt := number.ParseInt(first); isInt && adding <= lim.SetMaxIntsetEntries {
		return value.IntSet
	}
	if adding <= lim.SetMaxListpackEntries {
		return value.ListPack
	}
	return value.HashTable
}

// Len returns the number of members.
func Len(v *value.Value) int {
	switch {
	case v.Root == 0:
		return 0
	case v.Enc == value.IntSet:
		return intset.At(v.Root).Len()
	case v.Enc == value.ListPack:
		return listpack.At(v.Root).Len()
	}
	return tableOf(v).Len()
}

// Contains reports whether member is in the set.
func Contains(v *value.Value, member []byte) bool {
	switch {
	case v.Root == 0:
		return false
	case v.Enc == value.IntSet:
		n, isInt := number.ParseInt(member)
		return isInt && intset.At(v.Root).Contains(n)
	case v.Enc == value.ListPack:
		lp := listpack.At(v.Root)
		return lp.Find(lp.First(), member, 0) != 0
	}
	t := tableOf(v)
	return t.Find(t.Hash(member), member) != 0
}

// Add adds member and reports whether it was new.
func Add(h *offheap.Heap, lim *value.Limits, v *value.Value, member []byte) bool {
	if v.Root == 0 {
		begin(h, lim, v, member)
	}
	switch v.Enc {
	case value.IntSet:
		return addToIntSet(h, lim, v, member)
	case value.ListPack:
		return addToListpack(h, lim, v, member)
	}
	return addToTable(h, v, member)
}

// begin makes the empty structure of a set that has none.
func begin(h *offheap.Heap, lim *value.Limits, v *value.Value, member []byte) {
	if v.Enc == undecided {
		v.Enc = encodingFor(lim, member, 1)
	}
	switch v.Enc {
	case value.IntSet:
		v.Root = intset.New(h, why)
	case value.ListPack:
		v.Root = listpack.New(h, why, 0)
	default:
		newTable(h, v)
	}
}

func newTable(h *offheap.Heap, v *value.Value) {
	v.Enc, v.Root = value.HashTable, h.Alloc(tableBytes, why)
	tableOf(v).Init(h, why, rand.Uint64())
}

func addToIntSet(h *offheap.Heap, lim *value.Limits, v *value.Value, member []byte) (added bool) {
	if n, isInt := number.ParseInt(member); isInt {
		v.Root, added = intset.Add(h, why, v.Root, n)
		if added && intset.At(v.Root).Len() > min(lim.SetMaxIntsetEntries, intsetEntriesMax) {
			toTable(h, v)
		}
		return added
	}
	if fitsListpack(lim, intset.At(v.Root), member) {
		toListpack(h, v)
		v.Root = listpack.Append(h, why, v.Root, member)
		return true
	}
	toTable(h, v)
	return addToTable(h, v, member)
}

// fitsListpack reports whether a listpack may hold the integers and member.
func fitsListpack(lim *value.Limits, is intset.View, member []byte) bool {
	n := is.Len()
	if n >= lim.SetMaxListpackEntries || len(member) > lim.SetMaxListpackValue {
		return false
	}
	if n == 0 {
		return true
	}
	widest, size := 0, 0
	for _, x := range [2]int64{is.Min(), is.Max()} {
		var text listpack.Scratch
		widest = max(widest, len(number.AppendInt(text[:0], x)))
		size = max(size, listpack.EntrySizeOfInt(x)*n)
	}
	return widest <= lim.SetMaxListpackValue && listpack.SafeToAdd(0, size+len(member))
}

func addToListpack(h *offheap.Heap, lim *value.Limits, v *value.Value, member []byte) bool {
	lp := listpack.At(v.Root)
	if lp.Find(lp.First(), member, 0) != 0 {
		return false
	}
	if lp.Len() < lim.SetMaxListpackEntries && len(member) <= lim.SetMaxListpackValue && listpack.SafeToAdd(lp.Size(), len(member)) {
		v.Root = listpack.Append(h, why, v.Root, member)
		return true
	}
	toTable(h, v)
	return addToTable(h, v, member)
}

func addToTable(h *offheap.Heap, v *value.Value, member []byte) bool {
	t := tableOf(v)
	hash := t.Hash(member)
	if t.Find(hash, member) != 0 {
		return false
	}
	t.Add(h, why, hash, member, 0)
	return true
}

// Remove takes member out and reports whether it was there.
func Remove(h *offheap.Heap, v *value.Value, member []byte) (removed bool) {
	switch {
	case v.Root == 0:
		return false
	case v.Enc == value.IntSet:
		if n, isInt := number.ParseInt(member); isInt {
			v.Root, removed = intset.Remove(h, why, v.Root, n)
		}
	case v.Enc == value.ListPack:
		lp := listpack.At(v.Root)
		if p := lp.Find(lp.First(), member, 0); p != 0 {
			v.Root, _ = listpack.Delete(h, why, v.Root, p)
			removed = true
		}
	default:
		t := tableOf(v)
		hash := t.Hash(member)
		if e := t.Find(hash, member); e != 0 {
			t.Remove(h, why, hash, e)
			e.Free(h, why)
			removed = true
		}
	}
	if removed {
		freeIfEmpty(h, v)
	}
	return removed
}

func freeIfEmpty(h *offheap.Heap, v *value.Value) {
	if Len(v) == 0 {
		Free(h, v)
	}
}

// All yields every member, integers of an intset in ascending order.
func All(v *value.Value) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var scratch listpack.Scratch
		switch {
		case v.Root == 0:
		case v.Enc == value.IntSet:
			is := intset.At(v.Root)
			for i := range is.Len() {
				if !yield(number.AppendInt(scratch[:0], is.Get(i))) {
					return
				}
			}
		case v.Enc == value.ListPack:
			lp := listpack.At(v.Root)
			for p := lp.First(); p != 0; p = lp.Next(p) {
				if !yield(lp.Bytes(p, &scratch)) {
					return
				}
			}
		default:
			for e := range tableOf(v).All() {
				if !yield(e.Key()) {
					return
				}
			}
		}
	}
}

// Scan passes some members to visit and returns the cursor of the next call, 0
// at the end; see hashtable.Table.Scan for what it guarantees. Small encodings
// are passed whole.
func Scan(v *value.Value, cursor uint64, visit func(member []byte)) uint64 {
	if v.Root != 0 && v.Enc == value.HashTable {
		return tableOf(v).Scan(cursor, func(e hashtable.Element) { visit(e.Key()) })
	}
	for member := range All(v) {
		visit(member)
	}
	return 0
}

// toTable makes v a table.
func toTable(h *offheap.Heap, v *value.Value) {
	old := *v
	newTable(h, v)
	t := tableOf(v)
	for member := range All(&old) {
		t.Add(h, why, t.Hash(member), member, 0)
	}
	h.Free(old.Root, why)
}

// toListpack makes an intset a listpack.
func toListpack(h *offheap.Heap, v *value.Value) {
	is := intset.At(v.Root)
	lp := listpack.New(h, why, 0)
	for i := range is.Len() {
		lp = listpack.AppendInt(h, why, lp, is.Get(i))
	}
	intset.Free(h, why, v.Root)
	v.Enc, v.Root = value.ListPack, lp
}

// ToIntSet makes a set whose members are all integers an intset, unless it has
// too many. The results of set operations are built in the encoding that fits
// any member and end with this.
func ToIntSet(h *offheap.Heap, lim *value.Limits, v *value.Value) {
	if v.Root == 0 || v.Enc == value.IntSet || Len(v) > min(lim.SetMaxIntsetEntries, intsetEntriesMax) {
		return
	}
	is := intset.New(h, why)
	for member := range All(v) {
		n, _ := number.ParseInt(member)
		is, _ = intset.Add(h, why, is, n)
	}
	Free(h, v)
	v.Enc, v.Root = value.IntSet, is
}

// ApplyLimits makes a set with more members than its encoding may have a table.
// It is for sets that were loaded as a block.
func ApplyLimits(h *offheap.Heap, lim *value.Limits, v *value.Value) {
	switch {
	case v.Root == 0:
	case v.Enc == value.IntSet && Len(v) > min(lim.SetMaxIntsetEntries, intsetEntriesMax),
		v.Enc == value.ListPack && Len(v) > lim.SetMaxListpackEntries:
		toTable(h, v)
	}
}
