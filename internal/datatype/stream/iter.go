package stream

import (
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/streamindex"
)

// Iter walks over entries in a range of IDs. It is valid until the stream
// changes.
//
//	it := s.Range(from, to, false)
//	defer it.Close()
//	for it.Next() {
//		for range it.Fields() {
//			field, value := it.Pair()
//		}
//	}
type Iter struct {
	cursor     streamindex.Cursor[block]
	more       bool // the cursor stands on a node
	from, to   ID
	backwards  bool
	tombstones bool // stop at them too

	n       node            // a condensed one has the entries of one piece only
	buf     listpack.Buffer // where a condensed node is expanded to
	opened  bool
	piece   int // of a condensed node
	pieces  int // 0 if it is not condensed
	p       int // forwards: the next entry, 0 at the end; backwards: the end of the next one
	e       entry
	fieldAt int // the next field
	pairAt  int // the next value, or field if the entry has its own

	field, value listpack.Scratch
}

// Range returns an iterator over the entries from one ID to another, both
// included.
func (s Stream) Range(from, to ID, backwards bool) Iter {
	it := Iter{from: from, to: to, backwards: backwards, buf: s.buffers.Buffer()}
	seek := from
	if backwards {
		seek = to
	}
	if it.cursor, it.more = s.d.nodes.SeekAtMost(seek); !it.more && !backwards {
		it.cursor, it.more = s.d.nodes.First()
	}
	return it
}

// Close says that the iterator and what it returned are not used any more, which
// saves the next one an allocation.
func (it *Iter) Close() { it.buf.Release() }

// Next moves to the next entry and reports whether there is one.
func (it *Iter) Next() bool {
	for it.more {
		if !it.opened {
			it.open()
		}
		for it.step() {
			if it.e.deleted() && !it.tombstones {
				continue
			}
			if it.backwards {
				if it.to.Less(it.e.id) {
					continue
				}
				it.more = !it.e.id.Less(it.from)
			} else {
				if it.e.id.Less(it.from) {
					continue
				}
				it.more = !it.to.Less(it.e.id)
			}
			it.fieldAt, it.pairAt = it.n.fieldsAt, it.e.pairsAt
			return it.more
		}
		if it.nextPiece() {
			continue
		}
		it.opened = false
		if it.backwards {
			it.more = it.cursor.Prev()
		} else {
			it.more = it.cursor.Next()
		}
	}
	return false
}

func (it *Iter) open() {
	it.opened = true
	b := *it.cursor.Value()
	if !b.condensed() {
		it.pieces = 0
		it.n = openNode(it.cursor.ID(), listpack.At(b.ref()))
		it.begin()
		return
	}
	it.n = b.openHead(it.cursor.ID(), &it.buf)
	it.pieces = b.data().Pieces()
	switch {
	case it.backwards:
		it.piece = b.lastPieceAtMost(&it.n, &it.buf, it.to)
	case it.n.id.Less(it.from):
		it.piece = b.lastPieceAtMost(&it.n, &it.buf, it.from)
	default:
		it.piece = 1
	}
	b.openPiece(&it.n, &it.buf, it.piece)
	it.begin()
}

// nextPiece opens the next piece of the node and reports whether there is one.
func (it *Iter) nextPiece() bool {
	next := it.piece + 1
	if it.backwards {
		next = it.piece - 1
	}
	// The first piece is the head.
	if next < 1 || next >= it.pieces {
		return false
	}
	it.piece = next
	it.cursor.Value().openPiece(&it.n, &it.buf, next)
	it.begin()
	return true
}

// begin moves before the first entry of a node or piece.
func (it *Iter) begin() {
	it.p = it.n.entriesAt
	if it.backwards {
		it.p = it.n.lp.End()
	}
}

// step reads the next entry or tombstone of the node.
func (it *Iter) step() bool {
	if !it.backwards {
		if it.p == 0 {
			return false
		}
		it.e = it.n.read(it.p)
		it.p = it.n.after(&it.e)
		return true
	}
	p := it.n.lastAt(it.p)
	if p == 0 {
		return false
	}
	it.e = it.n.read(p)
	it.p = p
	return true
}

// ID returns the entry's ID.
func (it *Iter) ID() ID { return it.e.id }

// Fields returns the number of its pairs.
func (it *Iter) Fields() int { return it.e.fields }

// Pair returns the next pair of the entry. It is valid until the next call of
// the iterator.
func (it *Iter) Pair() (field, val []byte) {
	lp := it.n.lp
	if it.e.sameFields() {
		field = lp.Bytes(it.fieldAt, &it.field)
		it.fieldAt = lp.Next(it.fieldAt)
	} else {
		field = lp.Bytes(it.pairAt, &it.field)
		it.pairAt = lp.Next(it.pairAt)
	}
	val = lp.Bytes(it.pairAt, &it.value)
	it.pairAt = lp.Next(it.pairAt)
	return field, val
}
