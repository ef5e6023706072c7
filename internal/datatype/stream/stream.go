// Package stream is the stream type: entries of fields and values, appended
// under ascending IDs, and the consumer groups that read them.
//
// # Vocabulary
//
//   - An entry has an ID and one or more pairs of field and value.
//   - A node is a listpack of neighbouring entries, byte for byte as Valkey has
//     it in memory and in RDB files (node.go draws it). Its ID is that of the
//     first entry ever put there, from which the IDs of its entries are counted.
//     Most nodes lie in memory in a condensed form (block.go).
//   - A tombstone is an entry that was deleted or trimmed: it stays in its node,
//     marked, until the last live entry of the node goes and the node with it.
//   - A group remembers up to which ID it delivered entries, and which are
//     pending: delivered to one of its consumers, not yet acknowledged.
//
// # Memory
//
// A value's Root is one block that never moves, with the counters and the heads
// of everything else: an index of the nodes by ID, and the groups. A group has an
// index of what is pending by ID, with time, count and owner; a consumer has the
// IDs of its own. Groups and consumers are blocks of their own, named in an
// array sorted by name, as replies list them. A stream may be empty.
//
// # Handles
//
// Open makes a Stream of a value, from which Group and Consumer handles come.
// They stay valid until what they stand for is removed. Field and value bytes
// are slices of a node: they are valid until the stream changes.
package stream

import (
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/streamindex"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const why = offheap.PurposeStream

// ID is the ID of an entry.
type ID = streamindex.ID

// Stream is a stream that is open to be read or changed.
type Stream struct {
	h *offheap.Heap
	d *data

	buffers *listpack.Buffers // of iterators; nil: each makes its own
}

// data is the block at a value's Root.
type data struct {
	length     uint64 // live entries
	added      uint64 // entries ever added
	first      ID     // first live entry; 0-0 when empty
	last       ID     // the ID most recently given, also if that entry is gone
	maxDeleted ID     // largest ID that XDEL took out
	nodes      streamindex.Tree[block]
	groups     directory
}

// New returns an empty stream.
func New(h *offheap.Heap) value.Value {
	root := h.AllocZeroed(int(unsafe.Sizeof(data{})), why)
	return value.Value{Type: value.Stream, Enc: value.StreamTree, Root: root}
}

// Open returns the stream of a value that New or a Loader has made.
func Open(h *offheap.Heap, v *value.Value) Stream { return Stream{h: h, d: (*data)(v.Root.Ptr())} }

// With returns the stream with iterators that get their working memory from buffers.
func (s Stream) With(buffers *listpack.Buffers) Stream {
	s.buffers = buffers
	return s
}

// Len returns the number of entries.
func (s Stream) Len() int { return int(s.d.length) }

// FirstID returns the ID of the first entry, 0-0 if there is none.
func (s Stream) FirstID() ID { return s.d.first }

// LastID returns the ID most recently given to an entry, or set.
func (s Stream) LastID() ID { return s.d.last }

// MaxDeletedID returns the largest ID that was deleted, 0-0 if none was.
func (s Stream) MaxDeletedID() ID { return s.d.maxDeleted }

// Added returns how many entries were ever added.
func (s Stream) Added() int64 { return int64(s.d.added) }

// NodeCount returns the number of nodes.
func (s Stream) NodeCount() int { return s.d.nodes.Len() }

// SetLastID sets the ID after which the next entry comes. It must not be below
// that of an entry.
func (s Stream) SetLastID(id ID) { s.d.last = id }

// SetAdded sets the number of entries ever added.
func (s Stream) SetAdded(n int64) { s.d.added = uint64(n) }

// SetMaxDeletedID sets the largest ID that was deleted.
func (s Stream) SetMaxDeletedID(id ID) { s.d.maxDeleted = id }

// Fits reports whether an entry of these fields and values may be added: a
// listpack cannot be of any size.
func Fits(pairs [][]byte) bool { return bytesOf(pairs) <= listpack.MaxBytes }

func bytesOf(pairs [][]byte) (n int) {
	for _, b := range pairs {
		n += len(b)
	}
	return n
}

// Append adds an entry of fields and values in turn, which must fit; see Fits.
// id must be above LastID.
func (s Stream) Append(lim *value.Limits, id ID, pairs [][]byte) {
	w := writer{h: s.h, lim: lim, id: id, pairs: pairs}
	if !s.extendLast(&w) {
		s.d.nodes.Insert(s.h, why, id, block(w.begin()))
	}
	s.d.length++
	s.d.added++
	s.d.last = id
	if s.d.length == 1 {
		s.d.first = id
	}
}

// extendLast adds an entry to the last node, or closes that and reports false if it
// has no room.
func (s Stream) extendLast(w *writer) bool {
	c, ok := s.d.nodes.Last()
	if !ok {
		return false
	}
	b := c.Value()
	*b = b.expanded(s.h)
	n := openNode(c.ID(), listpack.At(b.ref()))
	if !w.fits(&n) {
		*b = block(listpack.Trim(s.h, why, b.ref()))
		condenseBefore(s.h, c)
		return false
	}
	*b = block(w.extend(&n, b.ref()))
	return true
}

// condenseBefore condenses the node before the one at the cursor: that is the last
// one, which is full now, and which most readers are still at.
func condenseBefore(h *offheap.Heap, c streamindex.Cursor[block]) {
	if c.Prev() {
		*c.Value() = c.Value().condense(h)
	}
}

// Delete removes the entry with this ID and reports whether there was one.
func (s Stream) Delete(id ID) bool {
	if !s.bury(id) {
		return false
	}
	if s.d.maxDeleted.Less(id) {
		s.d.maxDeleted = id
	}
	if s.d.length == 0 || id == s.d.first {
		s.findFirst()
	}
	return true
}

// bury makes an entry a tombstone.
func (s Stream) bury(id ID) bool {
	c, ok := s.d.nodes.SeekAtMost(id)
	if !ok {
		return false
	}
	b := c.Value()
	*b = b.expanded(s.h)
	n := openNode(c.ID(), listpack.At(b.ref()))
	e, ok := n.find(id)
	if !ok {
		return false
	}
	s.d.length--
	if n.live == 1 {
		s.removeNode(c.ID(), *b)
		return true
	}
	lp := n.bury(s.h, b.ref(), &e)
	*b = block(setCounts(s.h, lp, n.live-1, n.dead+1))
	return true
}

func (s Stream) removeNode(id ID, b block) {
	s.h.Free(b.ref(), why)
	s.d.nodes.Delete(s.h, why, id)
}

// findFirst looks the first entry up after others were removed.
func (s Stream) findFirst() {
	s.d.first = ID{}
	if s.d.length > 0 {
		s.d.first, _ = s.edge(false, false)
	}
}

// LastEntryID returns the ID of the last entry.
func (s Stream) LastEntryID() (id ID, ok bool) { return s.edge(true, false) }

// Exists reports whether there is an entry with this ID.
func (s Stream) Exists(id ID) bool {
	it := s.Range(id, id, false)
	defer it.Close()
	return it.Next()
}

// edge returns the ID of the first or last entry, or of a tombstone if these
// are asked for too.
func (s Stream) edge(last, tombstones bool) (ID, bool) {
	it := s.Range(ID{}, streamindex.Max(), last)
	defer it.Close()
	it.tombstones = tombstones
	ok := it.Next()
	return it.e.id, ok
}
