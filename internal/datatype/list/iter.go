package list

import (
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/quicklist"
)

// Iter stands on an element of a list. It is valid until the list is next
// changed.
type Iter struct {
	packed listpack.View // nil in a quicklist
	pos    int
	cursor quicklist.Cursor
}

// At returns an iterator on the element with this index, or false if there is
// none. Reaching an index costs no more than a look at each node's descriptor
// and a walk in one node. Working memory comes from buffers, which may be nil.
func At(v *value.Value, index int, buffers *listpack.Buffers) (it Iter, ok bool) {
	if v.Root == 0 {
		return it, false
	}
	if v.Enc == value.QuickList {
		l := quicklist.Open(nil, v.Root)
		l.Buffers = buffers
		it.cursor, ok = l.Seek(index)
		return it, ok
	}
	it.packed = listpack.At(v.Root)
	it.pos = it.packed.Seek(index)
	return it, it.pos != 0
}

// Close says that the iterator and what it returned are not used any more, which
// saves the next one an allocation.
func (it *Iter) Close() { it.cursor.Close() }

// Next moves to the next element and reports whether there is one; if not, the
// iterator is of no further use.
func (it *Iter) Next() bool {
	if it.packed == nil {
		return it.cursor.Next()
	}
	it.pos = it.packed.Next(it.pos)
	return it.pos != 0
}

// Prev moves to the element before and reports whether there is one; if not,
// the iterator is of no further use.
func (it *Iter) Prev() bool {
	if it.packed == nil {
		return it.cursor.Prev()
	}
	it.pos = it.packed.Prev(it.pos)
	return it.pos != 0
}

// Bytes returns the element: in the list, or in scratch if it is stored as an
// integer. It is valid until the iterator moves.
func (it *Iter) Bytes(scratch *Scratch) []byte {
	if it.packed == nil {
		return it.cursor.Bytes(scratch)
	}
	return it.packed.Bytes(it.pos, scratch)
}

// Equal reports whether the element is s.
func (it *Iter) Equal(s []byte) bool {
	if it.packed == nil {
		return it.cursor.Equal(s)
	}
	return it.packed.Equal(it.pos, s)
}
