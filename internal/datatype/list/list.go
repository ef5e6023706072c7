// Package list is the list type: a [value.Value] that is one listpack while
// it is small and a quicklist beyond, as OBJECT ENCODING shows it.
//
// # When the encoding changes
//
// Before elements are added, a listpack that would then exceed
// list-max-listpack-size becomes a quicklist, which keeps the fill and the
// compress depth of that moment. The estimate counts the bytes of the new
// elements, not their encoding, and is made even if in the end nothing is
// added (LINSERT without its pivot): that is visible, and as in Valkey. After
// elements were removed or replaced, a quicklist of one packed node becomes a
// listpack again, but only when it is within half of the limit, so that a
// list at the limit does not change back and forth.
//
// # Ownership
//
// Elements are handed out as slices of the list: they are valid until the list
// is next changed, those passed to a callback until it returns. The functions
// that change a list may move v.Root. A list without elements has no memory:
// its Root is 0, and it is never any encoding but ListPack.
//
// Indexes count from 0 at the head, or from -1 at the tail backwards.
package list

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/quicklist"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const why = offheap.PurposeList

// Scratch is where an element that is stored as an integer gets its bytes.
type Scratch = listpack.Scratch

// Len returns the number of elements.
func Len(v *value.Value) int {
	switch {
	case v.Root == 0:
		return 0
	case v.Enc == value.QuickList:
		l := quicklist.Open(nil, v.Root)
		return l.Len()
	}
	return listpack.At(v.Root).Len()
}

// Push adds elems one after the other at the tail or at the head, where the
// last of them then is the first. They must not lie in the list.
func Push(h *offheap.Heap, lim *value.Limits, v *value.Value, elems [][]byte, tail bool) {
	added := 0
	for _, s := range elems {
		added += len(s)
	}
	grow(h, lim, v, added, len(elems))
	if v.Enc == value.QuickList {
		l := openToAdd(h, lim, v)
		for _, s := range elems {
			if tail {
				l.PushTail(s)
			} else {
				l.PushHead(s)
			}
		}
		v.Root = l.Root()
		return
	}
	for _, s := range elems {
		if tail {
			v.Root = listpack.Append(h, why, v.Root, s)
		} else {
			v.Root = listpack.Prepend(h, why, v.Root, s)
		}
	}
}

// Pop removes up to count elements from an end and hands them to visit, the
// outermost first. It returns how many there were.
func Pop(h *offheap.Heap, lim *value.Limits, v *value.Value, count int, tail bool, visit func(elem []byte)) int {
	count = min(count, Len(v))
	if count <= 0 {
		return 0
	}
	var scratch Scratch
	start := 0
	if tail {
		start = -1
	}
	it, ok := At(v, start, nil)
	for i := 0; i < count && ok; i++ {
		visit(it.Bytes(&scratch))
		if tail {
			ok = it.Prev()
		} else {
			ok = it.Next()
		}
	}
	Drop(h, lim, v, count, tail)
	return count
}

// Drop removes count elements from an end of the list, which has as many.
func Drop(h *offheap.Heap, lim *value.Limits, v *value.Value, count int, tail bool) {
	dropEnd(h, v, count, tail)
	shrink(h, lim, v)
}

// Rotate moves the element at one end of the list to an end, perhaps the same,
// and hands it to visit: LMOVE within one list, which must not be empty.
func Rotate(h *offheap.Heap, lim *value.Limits, v *value.Value, fromTail, toTail bool, visit func(elem []byte)) {
	var scratch Scratch
	index := 0
	if fromTail {
		index = -1
	}
	moved, _ := Index(v, index, &scratch)
	if Len(v) == 1 {
		// The list keeps its encoding, which it would lose on becoming empty.
		visit(moved)
		shrink(h, lim, v)
		return
	}
	moved = bytes.Clone(moved)
	dropEnd(h, v, 1, fromTail)
	Push(h, lim, v, [][]byte{moved}, toTail)
	shrink(h, lim, v)
	visit(moved)
}

// dropEnd removes count elements from an end; there are as many.
func dropEnd(h *offheap.Heap, v *value.Value, count int, tail bool) {
	if count == 1 && v.Enc == value.QuickList {
		l := quicklist.Open(h, v.Root)
		if tail {
			l.DropTail()
		} else {
			l.DropHead()
		}
		v.Root = l.Root()
		freeIfEmpty(h, v)
		return
	}
	index := 0
	if tail {
		index = -count
	}
	deleteRange(h, v, index, count)
}

// Index returns the element with this index, or false if there is none.
func Index(v *value.Value, index int, scratch *Scratch) ([]byte, bool) {
	it, ok := At(v, index, nil)
	if !ok {
		return nil, false
	}
	return it.Bytes(scratch), true
}

// Set replaces the element with this index by s, and reports whether there is
// one.
func Set(h *offheap.Heap, lim *value.Limits, v *value.Value, index int, s []byte) bool {
	grow(h, lim, v, len(s), 1)
	if v.Enc == value.QuickList {
		l := openToAdd(h, lim, v)
		c, ok := l.Seek(index)
		if !ok {
			freeIfEmpty(h, v)
			return false
		}
		l.Replace(&c, s)
		v.Root = l.Root()
		shrink(h, lim, v)
		return true
	}
	p := listpack.At(v.Root).Seek(index)
	if p == 0 {
		freeIfEmpty(h, v)
		return false
	}
	v.Root = listpack.Replace(h, why, v.Root, p, s)
	return true
}

// Insert inserts s next to the first element equal to pivot, and reports
// whether there is one.
func Insert(h *offheap.Heap, lim *value.Limits, v *value.Value, pivot, s []byte, after bool) bool {
	grow(h, lim, v, len(s), 1)
	if v.Enc == value.QuickList {
		l := openToAdd(h, lim, v)
		c, ok := l.Seek(0)
		for ; ok; ok = c.Next() {
			if c.Equal(pivot) {
				l.Insert(&c, s, after)
				v.Root = l.Root()
				return true
			}
		}
		freeIfEmpty(h, v)
		return false
	}
	lp := listpack.At(v.Root)
	p := lp.Find(lp.First(), pivot, 0)
	switch {
	case p == 0:
		freeIfEmpty(h, v)
		return false
	case after:
		v.Root, _ = listpack.InsertAfter(h, why, v.Root, p, s)
	default:
		v.Root = listpack.InsertBefore(h, why, v.Root, p, s)
	}
	return true
}

// Remove removes elements equal to s: the first count from the head on, the
// first -count from the tail on if count is negative, and all if it is 0. It
// returns how many there were.
func Remove(h *offheap.Heap, lim *value.Limits, v *value.Value, s []byte, count int) int {
	if v.Root == 0 {
		return 0
	}
	fromTail := count < 0
	if fromTail {
		count = -count
	}
	removed := 0
	if v.Enc == value.QuickList {
		l := quicklist.Open(h, v.Root)
		removed = l.Remove(s, count, fromTail)
		v.Root = l.Root()
	} else {
		found := listpack.At(v.Root).FindAll(nil, s, count, fromTail)
		v.Root = listpack.BatchDelete(h, why, v.Root, found)
		removed = len(found)
	}
	if removed > 0 {
		freeIfEmpty(h, v)
		shrink(h, lim, v)
	}
	return removed
}

// Trim removes all elements but those from start to stop, and returns how many
// it removed.
func Trim(h *offheap.Heap, lim *value.Limits, v *value.Value, start, stop int) int {
	length := Len(v)
	from, kept := Bounds(length, start, stop)
	if kept == 0 {
		Free(h, v)
		return length
	}
	after := length - from - kept
	deleteRange(h, v, 0, from)
	deleteRange(h, v, -after, after)
	shrink(h, lim, v)
	return from + after
}

// Bounds turns the start and stop of LRANGE and LTRIM into the index of the
// first element meant and the number of elements.
func Bounds(length, start, stop int) (from, count int) {
	if start < 0 {
		start = max(start+length, 0)
	}
	if stop < 0 {
		stop += length
	}
	stop = min(stop, length-1)
	if start > stop {
		return 0, 0
	}
	return start, stop - start + 1
}

// Range hands count elements from the one with this index on to visit. There
// must be as many; see Bounds.
func Range(v *value.Value, from, count int, visit func(elem []byte)) {
	var scratch Scratch
	it, ok := At(v, from, nil)
	defer it.Close()
	for i := 0; i < count && ok; i++ {
		visit(it.Bytes(&scratch))
		ok = it.Next()
	}
}

// Runs hands count elements from the one with this index on to visit, as runs
// of neighbours: n elements of a listpack from position p on, or, if packed is
// nil, one element. There must be as many; see Bounds. Working memory comes from
// buffers, which may be nil.
func Runs(v *value.Value, from, count int, buffers *listpack.Buffers, visit func(packed listpack.View, p, n int, elem []byte)) {
	runs(v, from, count, buffers, func(packed listpack.View, p, n int, elem []byte) bool {
		visit(packed, p, n, elem)
		return true
	})
}

// runs is Runs with a visit that returns false to stop.
func runs(v *value.Value, from, count int, buffers *listpack.Buffers, visit func(packed listpack.View, p, n int, elem []byte) bool) {
	if count == 0 {
		return
	}
	if v.Enc != value.QuickList {
		lp := listpack.At(v.Root)
		visit(lp, lp.Seek(from), count, nil)
		return
	}
	l := quicklist.Open(nil, v.Root)
	l.Buffers = buffers
	c, _ := l.Seek(from)
	defer c.Close()
	for {
		packed, p, n := c.Run()
		n = min(n, count)
		var elem []byte
		if packed == nil {
			elem = c.Bytes(nil)
		}
		if !visit(packed, p, n, elem) {
			return
		}
		if count -= n; count == 0 {
			return
		}
		c.NextRun()
	}
}

// Positions looks for elements equal to s, as LPOS: from the head, or from the
// tail if rank is negative; it passes over the first |rank|-1 matches, and
// looks at maxLen elements at most unless that is 0. It hands the index of
// each match, always counted from the head, to visit, which returns false to
// stop.
//
// Working memory comes from buffers, which may be nil.
func Positions(v *value.Value, s []byte, rank, maxLen int, buffers *listpack.Buffers, visit func(index int) bool) {
	length := Len(v)
	if maxLen == 0 || maxLen > length {
		maxLen = length
	}
	if rank > 0 {
		positionsForwards(v, s, rank, maxLen, buffers, visit)
		return
	}
	it, ok := At(v, length-1, buffers)
	defer it.Close()
	for index := length - 1; ok && index >= length-maxLen; index-- {
		if it.Equal(s) {
			rank++
			if rank >= 0 && !visit(index) {
				return
			}
		}
		ok = it.Prev()
	}
}

// positionsForwards is Positions from the head on, for maxLen elements; there are as
// many.
func positionsForwards(v *value.Value, s []byte, rank, maxLen int, buffers *listpack.Buffers, visit func(index int) bool) {
	match := func(index int) bool {
		rank--
		return rank > 0 || visit(index)
	}
	index := 0
	runs(v, 0, maxLen, buffers, func(packed listpack.View, p, n int, elem []byte) bool {
		from := index
		index += n
		if packed == nil {
			return !bytes.Equal(elem, s) || match(from)
		}
		for ; from < index; from++ {
			short, next := packed.Short(p)
			equal := false
			if next != 0 {
				equal = bytes.Equal(short, s)
			} else {
				equal = packed.Equal(p, s)
				next = packed.Next(p)
			}
			if equal && !match(from) {
				return false
			}
			p = next
		}
		return true
	})
}

// Equal reports whether a and b have the same elements.
func Equal(a, b *value.Value) bool {
	if Len(a) != Len(b) {
		return false
	}
	var scratch Scratch
	x, ok := At(a, 0, nil)
	y, _ := At(b, 0, nil)
	for ; ok; ok = x.Next() {
		if !y.Equal(x.Bytes(&scratch)) {
			return false
		}
		y.Next()
	}
	return true
}

// Copy returns a list with the same elements and the same encoding.
func Copy(h *offheap.Heap, v *value.Value) value.Value {
	copied := *v
	switch {
	case v.Root == 0:
	case v.Enc == value.QuickList:
		l := quicklist.Open(h, v.Root)
		c := l.Copy()
		copied.Root = c.Root()
	default:
		copied.Root = listpack.Copy(h, why, listpack.At(v.Root))
	}
	return copied
}

// Free gives the list's memory back and leaves it empty.
func Free(h *offheap.Heap, v *value.Value) {
	switch {
	case v.Root == 0:
	case v.Enc == value.QuickList:
		l := quicklist.Open(h, v.Root)
		l.Free()
	default:
		listpack.Free(h, why, v.Root)
	}
	v.Enc, v.Root = value.ListPack, 0
}

// FreeStep frees about the given number of elements of a list that is no longer
// used and reports whether everything is freed. No other function may be called
// after the first step. A node is a block of its own, and most have a page of their
// own: freeing one takes about as long as freeing eight elements of a hash.
func FreeStep(h *offheap.Heap, v *value.Value, elements int) bool {
	if v.Root == 0 || v.Enc != value.QuickList {
		Free(h, v)
		return true
	}
	const elementsPerNode = 8
	l := quicklist.Open(h, v.Root)
	if !l.FreeStep(elements/elementsPerNode + 1) {
		return false
	}
	v.Enc, v.Root = value.ListPack, 0
	return true
}

// FreeEffort returns how many blocks Free gives back: beyond some number, it
// is better done in the background.
func FreeEffort(v *value.Value) int {
	if v.Root != 0 && v.Enc == value.QuickList {
		l := quicklist.Open(nil, v.Root)
		return l.Nodes()
	}
	return 1
}

// Memory returns how many bytes the list takes outside its key's entry,
// extrapolated from the first samples nodes of a long list unless samples is 0.
func Memory(h *offheap.Heap, v *value.Value, samples int) int {
	switch {
	case v.Root == 0:
		return 0
	case v.Enc == value.QuickList:
		l := quicklist.Open(h, v.Root)
		return l.Memory(samples)
	}
	return h.Pool().SizeOf(v.Root)
}

func deleteRange(h *offheap.Heap, v *value.Value, index, count int) {
	if v.Enc == value.QuickList {
		l := quicklist.Open(h, v.Root)
		l.Delete(index, count)
		v.Root = l.Root()
	} else {
		v.Root = listpack.DeleteRange(h, why, v.Root, index, count)
	}
	freeIfEmpty(h, v)
}
