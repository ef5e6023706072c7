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

func openNode(id ID, lp listpack.View) (n node) {
	n.lp, n.id = lp, id
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
	e.id, p = n.readID(n.lp.Next(p))
	e.fields = n.fields
	if !e.sameFields() {
		e.fields = int(n.int(p))
		p = n.lp.Next(p)
	}
	e.pairsAt = p
	return e
}

// readID returns the ID that is at p, and the position behind it.
func (n *node) readID(p int) (id ID, next int) {
	id.Millis = n.id.Millis + uint64(n.int(p))
	p = n.lp.Next(p)
	id.Seq = n.id.Seq + uint64(n.int(p))
	return id, n.lp.Next(p)
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
	lim   *value.Limits
	id    ID
	pairs [][]byte // field, value, …
}

// bytesMax returns the length up to which nodes are filled.
func (w *writer) bytesMax() int {
	most := w.lim.StreamNodeMaxBytes
	if most <= 0 || most > listpack.MaxBytes {
		return listpack.MaxBytes
	}
	return most
}

// fits reports whether the node may take the entry.
func (w *writer) fits(n *node) bool {
	if len(n.lp)+bytesOf(w.pairs) >= w.bytesMax() {
		return false
	}
	return w.lim.StreamNodeMaxEntries <= 0 || n.live+n.dead < int64(w.lim.StreamNodeMaxEntries)
}

// begin returns a new node with the entry.
func (w *writer) begin() offheap.Ref {
	a := listpack.BeginAppend(w.h, why, listpack.New(w.h, why, 0), w.sizeMax()+w.headSizeMax(), 0)
	a.Int(1)
	a.Int(0)
	a.Int(int64(len(w.pairs) / 2))
	for i := 0; i < len(w.pairs); i += 2 {
		a.String(w.pairs[i])
	}
	a.Int(0)
	w.entry(&a, ID{}, true)
	return a.End()
}

// extend adds the entry to a node, whose listpack is lp.
func (w *writer) extend(n *node, lp offheap.Ref) offheap.Ref {
	same := w.sameFields(n)
	delta := ID{Millis: w.id.Millis - n.id.Millis, Seq: w.id.Seq - n.id.Seq}
	lp = listpack.ReplaceInt(w.h, why, lp, n.lp.First(), n.live+1)
	a := listpack.BeginAppend(w.h, why, lp, w.sizeMax(), w.bytesMax())
	w.entry(&a, delta, same)
	return a.End()
}

// sizeMax returns how many bytes the entry takes at most, in any node.
func (w *writer) sizeMax() int {
	size := (entryHead + 2) * listpack.IntSizeMax
	for _, b := range w.pairs {
		size += listpack.StringSizeMax(len(b))
	}
	return size
}

// headSizeMax returns how many bytes the head of a node with the entry's fields
// takes at most.
func (w *writer) headSizeMax() int {
	size := 4 * listpack.IntSizeMax
	for i := 0; i < len(w.pairs); i += 2 {
		size += listpack.StringSizeMax(len(w.pairs[i]))
	}
	return size
}

// sameFields reports whether the entry's fields are those of the node's head.
func (w *writer) sameFields(n *node) bool {
	if len(w.pairs)/2 != n.fields {
		return false
	}
	p := n.fieldsAt
	for i := 0; i < len(w.pairs); i += 2 {
		s, next := n.lp.Short(p)
		if next == 0 {
			if !n.lp.Equal(p, w.pairs[i]) {
				return false
			}
			next = n.lp.Next(p)
		} else if !bytes.Equal(s, w.pairs[i]) {
			return false
		}
		p = next
	}
	return true
}

// entry appends the elements of the entry.
func (w *writer) entry(a *listpack.Appender, delta ID, same bool) {
	fields := int64(len(w.pairs) / 2)
	flags, count := int64(flagSameFields), fields+entryHead
	if !same {
		flags, count = 0, 2*fields+1+entryHead
	}
	a.Int(flags)
	a.Int(int64(delta.Millis))
	a.Int(int64(delta.Seq))
	if !same {
		a.Int(fields)
	}
	for i := 0; i < len(w.pairs); i += 2 {
		if !same {
			a.String(w.pairs[i])
		}
		a.String(w.pairs[i+1])
	}
	a.Int(count)
}
