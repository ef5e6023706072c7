package stream

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// A node is a listpack of these elements: a head with the fields of its first
// entry, then the entries, live ones and tombstones.
//
//	head:  live │ dead │ fields │ field … │ 0
//	entry: flags │ millis │ seq │ value … │ count               same fields as the head
//	entry: flags │ millis │ seq │ fields │ field │ value … │ count
//
// millis and seq are added, modulo 2^64 each, to the node's ID. count is the
// number of elements of the entry before it, by which a reader that comes from
// the right finds the entry's begin; the head ends with 0.
const (
	flagDeleted    = 1
	flagSameFields = 2

	entryHead = 3 // elements before the fields or values
)

// node is a node to read.
type node struct {
	lp         listpack.View
	id         ID
	live, dead int64
	fields     int // of the head
	fieldsAt   int // position of the head's first field
	entriesAt  int // position of the first entry
}

func openNode(id ID, lp offheap.Ref) (n node) {
	n.lp, n.id = listpack.At(lp), id
	p := n.lp.First()
	n.live = n.int(p)
	p = n.lp.Next(p)
	n.dead = n.int(p)
	p = n.lp.Next(p)
	n.fields = int(n.int(p))
	n.fieldsAt = n.lp.Next(p)
	n.entriesAt = n.skip(n.fieldsAt, n.fields+1)
	return n
}

// int returns the integer at p. Foreign servers might have stored it as a string.
func (n *node) int(p int) int64 {
	e := n.lp.Get(p)
	if !e.IsInt {
		e.Int, _ = number.ParseInt(e.Str)
	}
	return e.Int
}

// skip returns the position count elements after p.
func (n *node) skip(p, count int) int {
	for range count {
		p = n.lp.Next(p)
	}
	return p
}

// entry is an entry of a node, or a tombstone.
type entry struct {
	at      int // position of the flags
	flags   int64
	id      ID
	fields  int
	pairsAt int // position of the first field, or value if the fields are the head's
}

func (e *entry) deleted() bool    { return e.flags&flagDeleted != 0 }
func (e *entry) sameFields() bool { return e.flags&flagSameFields != 0 }

// elements returns how many fields and values the entry has itself.
func (e *entry) elements() int {
	if e.sameFields() {
		return e.fields
	}
	return 2 * e.fields
}

// read returns the entry at p.
func (n *node) read(p int) (e entry) {
	e.at, e.flags = p, n.int(p)
	p = n.lp.Next(p)
	e.id.Millis = n.id.Millis + uint64(n.int(p))
	p = n.lp.Next(p)
	e.id.Seq = n.id.Seq + uint64(n.int(p))
	p = n.lp.Next(p)
	e.fields = n.fields
	if !e.sameFields() {
		e.fields = int(n.int(p))
		p = n.lp.Next(p)
	}
	e.pairsAt = p
	return e
}

// after returns the position of the entry after e, 0 if it is the last.
func (n *node) after(e *entry) int { return n.skip(e.pairsAt, e.elements()+1) }

// lastAt returns the position of the last entry that ends before the position
// end, 0 if there is none.
func (n *node) lastAt(end int) int {
	p := n.lp.Prev(end)
	count := n.int(p)
	if count == 0 {
		return 0
	}
	for range count {
		p = n.lp.Prev(p)
	}
	return p
}

// find returns the live entry with this ID.
func (n *node) find(id ID) (e entry, ok bool) {
	for p := n.entriesAt; p != 0; p = n.after(&e) {
		e = n.read(p)
		if e.id == id && !e.deleted() {
			return e, true
		}
		if id.Less(e.id) {
			break
		}
	}
	return e, false
}

// bury marks an entry as a tombstone. The counts are the caller's to set.
func (n *node) bury(h *offheap.Heap, lp offheap.Ref, e *entry) offheap.Ref {
	return listpack.ReplaceInt(h, why, lp, e.at, e.flags|flagDeleted)
}

// setCounts stores how many entries and tombstones a node has.
func setCounts(h *offheap.Heap, lp offheap.Ref, live, dead int64) offheap.Ref {
	v := listpack.At(lp)
	lp = listpack.ReplaceInt(h, why, lp, v.First(), live)
	v = listpack.At(lp)
	return listpack.ReplaceInt(h, why, lp, v.Next(v.First()), dead)
}

// writer adds one entry to a node.
type writer struct {
	h     *offheap.Heap
	id    ID
	pairs [][]byte // field, value, …
}

// hasRoom reports whether the node may take the entry.
func (w *writer) hasRoom(lim *value.Limits, lp offheap.Ref) bool {
	most := lim.StreamNodeMaxBytes
	if most <= 0 || most > listpack.MaxBytes {
		most = listpack.MaxBytes
	}
	v := listpack.At(lp)
	if v.Size()+bytesOf(w.pairs) >= most {
		return false
	}
	if lim.StreamNodeMaxEntries <= 0 {
		return true
	}
	n := node{lp: v}
	p := v.First()
	return n.int(p)+n.int(v.Next(p)) < int64(lim.StreamNodeMaxEntries)
}

// elementsShort is how many elements of an entry are collected without a heap
// allocation.
const elementsShort = 24

// begin returns a new node with the entry.
func (w *writer) begin() offheap.Ref {
	lp := listpack.New(w.h, why, 0)
	var short [elementsShort]listpack.Elem
	elems := append(short[:0], integer(1), integer(0), integer(int64(len(w.pairs)/2)))
	for i := 0; i < len(w.pairs); i += 2 {
		elems = append(elems, listpack.Elem{Str: w.pairs[i]})
	}
	elems = append(elems, integer(0))
	elems = w.entry(elems, ID{}, true)
	return listpack.BatchInsert(w.h, why, lp, listpack.At(lp).End(), elems)
}

// extend adds the entry to a node.
func (w *writer) extend(nodeID ID, lp offheap.Ref) offheap.Ref {
	n := openNode(nodeID, lp)
	same := w.sameFields(&n)
	lp = listpack.ReplaceInt(w.h, why, lp, n.lp.First(), n.live+1)
	var short [elementsShort]listpack.Elem
	delta := ID{Millis: w.id.Millis - nodeID.Millis, Seq: w.id.Seq - nodeID.Seq}
	elems := w.entry(short[:0], delta, same)
	return listpack.BatchInsert(w.h, why, lp, listpack.At(lp).End(), elems)
}

// sameFields reports whether the entry's fields are those of the node's head.
func (w *writer) sameFields(n *node) bool {
	if len(w.pairs)/2 != n.fields {
		return false
	}
	var scratch listpack.Scratch
	p := n.fieldsAt
	for i := 0; i < len(w.pairs); i += 2 {
		if !bytes.Equal(n.lp.Bytes(p, &scratch), w.pairs[i]) {
			return false
		}
		p = n.lp.Next(p)
	}
	return true
}

// entry appends the elements of the entry.
func (w *writer) entry(elems []listpack.Elem, delta ID, same bool) []listpack.Elem {
	fields := int64(len(w.pairs) / 2)
	flags, count := int64(flagSameFields), fields+entryHead
	if !same {
		flags, count = 0, 2*fields+1+entryHead
	}
	elems = append(elems, integer(flags), integer(int64(delta.Millis)), integer(int64(delta.Seq)))
	if !same {
		elems = append(elems, integer(fields))
	}
	for i := 0; i < len(w.pairs); i += 2 {
		if !same {
			elems = append(elems, listpack.Elem{Str: w.pairs[i]})
		}
		elems = append(elems, listpack.Elem{Str: w.pairs[i+1]})
	}
	return append(elems, integer(count))
}

func integer(n int64) listpack.Elem { return listpack.Elem{Int: n, IsInt: true} }
