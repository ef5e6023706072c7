package stream

import (
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/streamindex"
)

// Trim says which entries to remove from the front of a stream.
type Trim struct {
	ByID   bool
	MaxLen int64 // otherwise: how many entries shall stay
	MinID  ID    // ByID: the first ID that shall stay
	// Approx removes whole nodes only.
	Approx bool
	// Limit is how many entries may go at most; 0 is any number. A node is
	// begun only if all of it is within the limit.
	Limit int64
}

// enough reports whether the entry with this ID, and all after it, stay.
func (t *Trim) enough(s Stream, id ID) bool {
	if t.ByID {
		return !id.Less(t.MinID)
	}
	return s.d.length <= uint64(t.MaxLen)
}

// takesAll reports whether all of the node at the cursor goes, of which live
// entries are left.
func (t *Trim) takesAll(s Stream, c streamindex.Cursor[block], live int64) bool {
	if !t.ByID {
		return int64(s.d.length)-live >= t.MaxLen
	}
	// The next node's ID often decides without a look at this one.
	if next := c; next.Next() && !t.MinID.Less(next.ID()) {
		return true
	}
	var buf []byte
	n := openNode(c.ID(), c.Value().view(&buf))
	p := n.lastAt(n.lp.End())
	if p == 0 {
		return true
	}
	e := n.read(p)
	return e.id.Less(t.MinID)
}

// Trim removes entries from the front and returns how many.
func (s Stream) Trim(t *Trim) (removed int64) {
	for t.ByID || s.d.length > uint64(t.MaxLen) {
		c, ok := s.d.nodes.First()
		if !ok {
			break
		}
		b := c.Value()
		live := b.live()
		if t.Limit > 0 && removed+live > t.Limit {
			break
		}
		if t.takesAll(s, c, live) {
			s.removeNode(c.ID(), *b)
			s.d.length -= uint64(live)
			removed += live
			continue
		}
		if !t.Approx {
			*b = b.expanded(s.h)
			removed += s.trimNode(t, openNode(c.ID(), listpack.At(b.ref())), b)
		}
		break
	}
	if removed > 0 {
		s.findFirst()
	}
	return removed
}

// trimNode makes entries at the front of a node tombstones.
func (s Stream) trimNode(t *Trim, n node, b *block) (buried int64) {
	lp := b.ref()
	for p := n.entriesAt; p != 0; {
		e := n.read(p)
		if t.enough(s, e.id) {
			break
		}
		if !e.deleted() {
			lp = n.bury(s.h, lp, &e)
			n.lp = listpack.At(lp)
			e = n.read(p)
			s.d.length--
			buried++
		}
		p = n.after(&e)
	}
	*b = block(setCounts(s.h, lp, n.live-buried, n.dead+buried))
	return buried
}

// TrimmedTo returns what a trimmed stream begins with, tombstones included: the
// ID to which an exact trim of a copy leads to the same entries.
func (s Stream) TrimmedTo() ID {
	if id, ok := s.edge(false, true); ok {
		return id
	}
	return streamindex.Max()
}
