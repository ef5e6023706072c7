package keyspace

import (
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

// A command on a collection looks its key up with Collection, or with Find and
// Is if it only reads, opens the value, lets the type's package change it, and
// stores it:
//
//	e, wrongType := tx.Collection(key, value.List)
//	v := e.Open(value.List, value.ListPack)
//	list.Push(heap, limits, &v, elems, true)
//	e.Store(key, v, len(elems))

// Collection looks a key up in order to change the collection that it holds or
// shall hold. It reports whether the key holds something else than a t.
func (tx *Tx) Collection(key []byte, t value.Type) (e Entry, wrongType bool) {
	e = tx.Write(key)
	return e, e.slot != nil && e.Type() != t
}

// Open announces a change of a found collection and returns it; see Update. Of
// an absent key it is the empty collection of this type and encoding.
func (e *Entry) Open(t value.Type, initial value.Encoding) value.Value {
	if e.slot == nil {
		return value.Value{Type: t, Enc: initial}
	}
	return e.Update()
}

// Store makes the key hold a collection that was opened and changed, counting
// changes elements. An absent key is created, without expiry, unless v is
// empty. A found key whose collection is empty is removed, which Store reports
// so that the handler can raise the "del" event. key must not be a view of the
// entry.
func (e *Entry) Store(key []byte, v value.Value, changes int) (removed bool) {
	switch {
	case e.slot != nil:
		return e.Commit(key, v, changes)
	case v.Root != 0:
		p := e.tx.assign(e, key, kind(v.Type, v.Enc), 8, -1)
		*(*[8]byte)(p) = *(*[8]byte)(unsafe.Pointer(&v.Root))
		if v.Type == value.Hash {
			e.trackFields(&v, never)
		}
		e.tx.modified(key, changes)
	}
	return false
}

// DeletesLazily reports whether values that a command deletes or overwrites by
// the way are freed in the background (lazyfree-lazy-server-del).
func (s *Space) DeletesLazily() bool { return s.lazyDel.Load() }
