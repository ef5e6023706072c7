package listpack

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/kvasirdb/kvasir/internal/platform/invariant"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// The functions here change a listpack in place. Its block moves when it is full,
// and then gets some room, or when much of it is not used any more; see
// offheap.Heap.Extend. An element that is passed in must not lie in the same
// listpack.

// New returns an empty listpack. If capacity is larger than an empty
// listpack, its block has room for that many bytes.
func New(h *offheap.Heap, why offheap.Purpose, capacity int) offheap.Ref {
	lp := h.Alloc(max(capacity, EmptySize), why)
	b := lp.Bytes(EmptySize)
	binary.LittleEndian.PutUint32(b, EmptySize)
	binary.LittleEndian.PutUint16(b[4:], 0)
	b[HeaderSize] = end
	return lp
}

// Copy returns a listpack with the bytes of v, which must be valid.
func Copy(h *offheap.Heap, why offheap.Purpose, v View) offheap.Ref {
	lp := h.Alloc(len(v), why)
	copy(lp.Bytes(len(v)), v)
	return lp
}

// Free gives the block of the listpack back.
func Free(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref) { h.Free(lp, why) }

// Reserve prepares a listpack to grow to size bytes. It is for one that is being
// filled up to most bytes or so and then closed with Trim.
func Reserve(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, size, most int) offheap.Ref {
	return h.ExtendToward(lp, size, most, why)
}

// Fill inserts s after the last element or before the first of a listpack that is
// being filled; see Reserve.
func Fill(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, s []byte, last bool, most int) offheap.Ref {
	f := formOf(s)
	v := At(lp)
	p := HeaderSize
	if last {
		p = v.End()
	}
	lp = Reserve(h, why, lp, len(v)+f.entrySize(), most)
	return put(h, why, lp, p, 0, 1, &f)
}

// Trim takes back the room that a listpack does not use.
func Trim(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref) offheap.Ref {
	return h.Resize(lp, At(lp).Size(), why)
}

// SafeToAdd reports whether a listpack of size bytes may grow by add bytes.
// Callers that take elements of any length ask before they insert.
func SafeToAdd(size, add int) bool { return size+add <= MaxBytes }

// Append inserts s after the last element.
func Append(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, s []byte) offheap.Ref {
	return InsertBefore(h, why, lp, At(lp).End(), s)
}

// AppendInt inserts n after the last element.
func AppendInt(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, n int64) offheap.Ref {
	return InsertIntBefore(h, why, lp, At(lp).End(), n)
}

// Prepend inserts s before the first element.
func Prepend(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, s []byte) offheap.Ref {
	return InsertBefore(h, why, lp, HeaderSize, s)
}

// PrependInt inserts n before the first element.
func PrependInt(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, n int64) offheap.Ref {
	return InsertIntBefore(h, why, lp, HeaderSize, n)
}

// InsertBefore inserts s before the entry at p, or as the last if p is End.
// The new entry is at p.
func InsertBefore(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, p int, s []byte) offheap.Ref {
	f := formOf(s)
	return put(h, why, lp, p, 0, 1, &f)
}

// InsertIntBefore inserts n before the entry at p, or as the last if p is End.
// The new entry is at p.
func InsertIntBefore(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, p int, n int64) offheap.Ref {
	f := formOfInt(n)
	return put(h, why, lp, p, 0, 1, &f)
}

// InsertAfter inserts s after the entry at p and returns the position of the
// new entry.
func InsertAfter(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, p int, s []byte) (offheap.Ref, int) {
	p = At(lp).after(p)
	return InsertBefore(h, why, lp, p, s), p
}

// Replace puts s in the place of the element at p. The new entry is at p.
func Replace(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, p int, s []byte) offheap.Ref {
	f := formOf(s)
	return put(h, why, lp, p, At(lp).EntrySize(p), 0, &f)
}

// ReplaceInt puts n in the place of the element at p. The new entry is at p.
func ReplaceInt(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, p int, n int64) offheap.Ref {
	f := formOfInt(n)
	return put(h, why, lp, p, At(lp).EntrySize(p), 0, &f)
}

// Delete removes the entry at p and returns the position of the entry after
// it, 0 if that was the last.
func Delete(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, p int) (offheap.Ref, int) {
	lp = cut(h, why, lp, p, At(lp).EntrySize(p), 1)
	return lp, At(lp).orNone(p)
}

// DeleteAt removes up to count entries from that at p on and returns the
// position of the entry after them, 0 if there is none.
func DeleteAt(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, p, count int) (offheap.Ref, int) {
	v := At(lp)
	q, n := p, 0
	for ; n < count && q != v.End(); n++ {
		q = v.after(q)
	}
	lp = cut(h, why, lp, p, q-p, n)
	return lp, At(lp).orNone(p)
}

// DeleteRange removes up to count entries from the one with this index on,
// which counts from the end if negative. An index out of range removes none.
func DeleteRange(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, index, count int) offheap.Ref {
	v := At(lp)
	p := v.Seek(index)
	if p == 0 || count <= 0 {
		return lp
	}
	if n := v.count(); n != countUnknown {
		if index < 0 {
			index += n
		}
		if n-index <= count {
			// The rest goes: no need to walk it.
			return cut(h, why, lp, p, v.End()-p, n-index)
		}
	}
	lp, _ = DeleteAt(h, why, lp, p, count)
	return lp
}

// BatchInsert inserts elems in their order before the entry at p, or as the
// last if p is End, moving what is behind them once. The first new entry is
// at p.
func BatchInsert(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, p int, elems []Elem) offheap.Ref {
	size := 0
	for _, e := range elems {
		f := e.form()
		size += f.entrySize()
	}
	lp = splice(h, why, lp, p, 0, size, len(elems))
	v := At(lp)
	for _, e := range elems {
		f := e.form()
		f.write(v[p:])
		p += f.entrySize()
	}
	check(lp)
	return lp
}

// BatchDelete removes the entries at these positions, which ascend. What is
// kept moves once.
func BatchDelete(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, positions []int) offheap.Ref {
	if len(positions) == 0 {
		return lp
	}
	v := At(lp)
	to := positions[0]
	for i, p := range positions {
		keepEnd := v.End()
		if i+1 < len(positions) {
			keepEnd = positions[i+1]
		}
		to += copy(v[to:], v[v.after(p):keepEnd])
	}
	return cut(h, why, lp, to, v.End()-to, len(positions))
}

// Merge returns a listpack with the entries of first, then those of second,
// whose blocks now belong to the result.
func Merge(h *offheap.Heap, why offheap.Purpose, first, second offheap.Ref) offheap.Ref {
	a, b := At(first), At(second)
	count := a.Len() + b.Len()
	aSize, bSize := len(a), len(b)
	size := aSize + bSize - EmptySize
	checkSize(size)

	// The longer one is kept, so that less is copied.
	var merged, spent offheap.Ref
	if aSize >= bSize {
		merged, spent = h.Resize(first, size, why), second
		copy(merged.Bytes(size)[aSize-1:], At(spent)[HeaderSize:])
	} else {
		merged, spent = h.Resize(second, size, why), first
		v := merged.Bytes(size)
		copy(v[aSize-1:], v[HeaderSize:bSize])
		copy(v, At(spent)[:aSize-1])
	}
	h.Free(spent, why)
	v := merged.Bytes(size)
	binary.LittleEndian.PutUint32(v, uint32(size))
	binary.LittleEndian.PutUint16(v[4:], uint16(min(count, countUnknown)))
	check(merged)
	return merged
}

// Split moves the entries from the one with this index on, which exists, to a
// listpack of their own and returns both.
func Split(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, index int) (head, tail offheap.Ref) {
	v := At(lp)
	p := v.Seek(index)
	count := v.Len() - index
	tail = New(h, why, EmptySize+v.End()-p)
	tail = splice(h, why, tail, HeaderSize, 0, v.End()-p, count)
	copy(At(tail)[HeaderSize:], v[p:v.End()])
	check(tail)
	return cut(h, why, lp, p, v.End()-p, count), tail
}

// put replaces oldSize bytes at p, which is whole entries, by one entry.
func put(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, p, oldSize, countDelta int, f *form) offheap.Ref {
	lp = splice(h, why, lp, p, oldSize, f.entrySize(), countDelta)
	f.write(At(lp)[p:])
	check(lp)
	return lp
}

// cut removes size bytes at p, which are count entries.
func cut(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, p, size, count int) offheap.Ref {
	lp = splice(h, why, lp, p, size, 0, -count)
	check(lp)
	return lp
}

// splice makes the oldSize bytes at p newSize bytes long, moves what follows,
// and brings the header up to date. The new bytes are the caller's to write.
func splice(h *offheap.Heap, why offheap.Purpose, lp offheap.Ref, p, oldSize, newSize, countDelta int) offheap.Ref {
	v := At(lp)
	was := len(v)
	size := was - oldSize + newSize
	if size > was {
		checkSize(size)
		lp = h.Extend(lp, size, why)
	}
	b := lp.Bytes(max(size, was))
	if newSize != oldSize {
		copy(b[p+newSize:size], b[p+oldSize:was])
	}
	binary.LittleEndian.PutUint32(b, uint32(size))
	if count := View(b).count(); count != countUnknown {
		// Beyond 65534 the count becomes "unknown" and stays so.
		binary.LittleEndian.PutUint16(b[4:], uint16(min(count+countDelta, countUnknown)))
	}
	if size < was {
		lp = h.Reduce(lp, size, why)
	}
	return lp
}

// checkSize stops a listpack that its header could not describe: callers bound
// what they insert, so this is a bug.
func checkSize(size int) {
	if size > math.MaxUint32 {
		panic(fmt.Sprintf("listpack: %d bytes do not fit", size))
	}
}

// check walks the whole listpack after an edit.
func check(lp offheap.Ref) {
	if invariant.Enabled {
		v := At(lp)
		invariant.Check(Validate(v, true, nil), "listpack: malformed after an edit: %x", []byte(v))
	}
}
