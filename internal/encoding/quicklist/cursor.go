package quicklist

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
)

// Cursor stands on an element. It is valid until the list is next edited, and
// so is what it returns, which besides is valid only until the cursor moves.
type Cursor struct {
	reader  reader
	node    int
	inNode  int    // index of the element in its node
	pos     int    // position of the element in content
	content []byte // the node's listpack or element, or a piece of a condensed node as a listpack
	from    int    // index in the node of the first element of content
	to      int    // index in the node behind the last
	plain   bool
}

// Seek returns a cursor on the element with this index, which counts from the
// end if negative. It reports false if there is no such element.
func (l *List) Seek(index int) (c Cursor, ok bool) {
	if index < 0 {
		index += l.Len()
	}
	if index < 0 || index >= l.Len() {
		return Cursor{}, false
	}
	i, inNode := l.locate(index)
	c.reader = reader{list: *l, buf: l.Buffers.Buffer()}
	c.enter(i, inNode)
	return c, true
}

// Close says that the cursor and what it returned are not used any more. A cursor
// that is not closed costs its readers to come some memory of their own.
func (c *Cursor) Close() { c.reader.buf.Release() }

// Next moves to the next element and reports whether there is one.
func (c *Cursor) Next() bool {
	if c.inNode+1 < c.to {
		c.pos = listpack.View(c.content).Next(c.pos)
		c.inNode++
		return true
	}
	return c.NextRun()
}

// Prev moves to the element before and reports whether there is one.
func (c *Cursor) Prev() bool {
	switch {
	case c.inNode > c.from:
		c.pos = listpack.View(c.content).Prev(c.pos)
		c.inNode--
	case c.inNode > 0:
		c.enter(c.node, c.inNode-1)
	case c.node == 0:
		return false
	default:
		c.enter(c.node-1, c.reader.list.nodes()[c.node-1].count()-1)
	}
	return true
}

// enter moves to a node and the element in it.
func (c *Cursor) enter(i, inNode int) {
	n := c.reader.list.nodes()[i]
	c.node, c.inNode, c.plain = i, inNode, n.plain()
	c.from, c.to = 0, n.count()
	if n.condensed() {
		c.from = inNode - inNode%pieceElements
		c.to = min(c.from+pieceElements, c.to)
		c.content = c.reader.piece(n, inNode/pieceElements)
	} else {
		c.content = c.reader.bytes(n)
	}
	c.pos = 0
	if !c.plain {
		c.pos = listpack.View(c.content).Seek(inNode - c.from)
	}
}

// Run returns the elements from the cursor to the end of what of its node lies
// together: n elements of a listpack from position p on. For a plain node packed is
// nil and n is 1.
func (c *Cursor) Run() (packed listpack.View, p, n int) {
	if c.plain {
		return nil, 0, 1
	}
	return c.content, c.pos, c.to - c.inNode
}

// NextRun moves to the element behind the run and reports whether there is one.
func (c *Cursor) NextRun() bool {
	switch {
	case c.to < c.reader.list.nodes()[c.node].count():
		c.enter(c.node, c.to)
	case c.node+1 == c.reader.list.Nodes():
		return false
	default:
		c.enter(c.node+1, 0)
	}
	return true
}

// posInNode returns the position of the element in its node's listpack, once the node
// is not condensed any more.
func (c *Cursor) posInNode(lp listpack.View) int {
	if c.from == 0 {
		return c.pos
	}
	return lp.Seek(c.inNode)
}

// Elem returns the element.
func (c *Cursor) Elem() listpack.Elem {
	if c.plain {
		return listpack.Elem{Str: c.content}
	}
	return listpack.View(c.content).Get(c.pos)
}

// Bytes returns the element as a string: in the list, or in scratch if it is
// stored as an integer.
func (c *Cursor) Bytes(scratch *listpack.Scratch) []byte {
	if c.plain {
		return c.content
	}
	return listpack.View(c.content).Bytes(c.pos, scratch)
}

// Equal reports whether the element is s.
func (c *Cursor) Equal(s []byte) bool {
	if c.plain {
		return bytes.Equal(c.content, s)
	}
	return listpack.View(c.content).Equal(c.pos, s)
}

// Insert inserts s next to the element under the cursor.
func (l *List) Insert(c *Cursor, s []byte, after bool) {
	i, at := c.node, c.inNode
	neighbour := i - 1
	if after {
		at++
		neighbour = i + 1
	}
	nodes := l.nodes()
	n := &nodes[i]
	atEdge := at == 0 || at == n.count()
	fitsNeighbour := neighbour >= 0 && neighbour < len(nodes) && l.allowsInsert(nodes[neighbour], len(s))
	// A new node at the edge comes between the two.
	between := max(i, neighbour)
	switch {
	case l.isLarge(len(s)) && atEdge:
		l.insertNode(between, l.newPlain(s))
	case l.isLarge(len(s)):
		l.split(i, at)
		l.insertNode(i+1, l.newPlain(s))
	case l.allowsInsert(*n, len(s)):
		l.inflate(i)
		p := c.posInNode(listpack.At(n.ref()))
		if after {
			p += listpack.At(n.ref()).EntrySize(p)
		}
		n.setPacked(listpack.InsertBefore(l.h, why, n.ref(), p, s), n.count()+1)
	case atEdge && fitsNeighbour:
		l.addToEdge(neighbour, s, !after)
	case atEdge:
		l.insertNode(between, l.newPacked(s))
	default:
		l.split(i, at)
		if after {
			l.addToEdge(i+1, s, false)
			l.mergeAround(i)
		} else {
			l.addToEdge(i, s, true)
			l.mergeAround(i + 1)
		}
	}
	l.header().elements++
	l.settleAround(i)
}

// addToEdge adds s to the packed node i, as its last element or its first.
func (l *List) addToEdge(i int, s []byte, last bool) {
	l.inflate(i)
	n := &l.nodes()[i]
	if last {
		n.setPacked(listpack.Append(l.h, why, n.ref(), s), n.count()+1)
	} else {
		n.setPacked(listpack.Prepend(l.h, why, n.ref(), s), n.count()+1)
	}
}

// Replace puts s in the place of the element under the cursor.
func (l *List) Replace(c *Cursor, s []byte) {
	i := c.node
	large := l.isLarge(len(s))
	l.inflate(i)
	n := &l.nodes()[i]
	switch {
	case !c.plain && !large:
		n.setPacked(listpack.Replace(l.h, why, n.ref(), c.posInNode(listpack.At(n.ref())), s), n.count())
	case c.plain && large:
		l.h.Free(n.ref(), why)
		*n = l.newPlain(s)
	case c.plain:
		if i+1 < l.Nodes() && l.allowsInsert(l.nodes()[i+1], len(s)) {
			l.addToEdge(i+1, s, false)
		} else {
			l.insertNode(i+1, l.newPacked(s))
		}
		l.removeNodes(i, i+1)
	default:
		l.replaceByPlain(i, c.inNode, s)
	}
	l.settleAround(i)
}

// replaceByPlain puts a large element in the place of one in the packed node
// i.
func (l *List) replaceByPlain(i, inNode int, s []byte) {
	if inNode+1 < l.nodes()[i].count() {
		l.split(i, inNode+1)
	}
	l.insertNode(i+1, l.newPlain(s))
	n := &l.nodes()[i]
	if n.count() == 1 {
		l.removeNodes(i, i+1)
		return
	}
	lp, _ := listpack.Delete(l.h, why, n.ref(), listpack.At(n.ref()).Last())
	n.setPacked(lp, n.count()-1)
	l.mergeAround(i + 1)
}

// settleAround settles what an edit at the node i can have changed: it, two
// neighbours on each side that may merge, and the nodes that a split adds.
func (l *List) settleAround(i int) {
	l.settle(i-2, i+5)
	l.check()
}

// reader reads nodes, compressed and condensed ones through a buffer of its own.
type reader struct {
	list List
	buf  listpack.Buffer
}

// bytes returns the node's listpack or element, valid until the next call.
func (r *reader) bytes(n node) []byte {
	if !n.packedTight() {
		return n.ref().Bytes(n.size())
	}
	buf := r.buf.Reserve(n.size())[:n.size()]
	n.inflateTo(buf)
	return buf
}

// piece returns a piece of a condensed node as a listpack, valid until the next call.
func (r *reader) piece(n node, k int) listpack.View {
	data := listpack.Condensed(n.data())
	return data.ExpandPiece(r.buf.Reserve(listpack.EmptySize+data.PieceSize(k)), listpack.HeaderSize, k, 1)
}

// find appends the positions, ascending, of up to limit elements of n that
// equal s, the first or the last ones. A plain node counts as position 0.
func (r *reader) find(found []int, n node, s []byte, limit int, last bool) []int {
	content := r.bytes(n)
	if n.plain() {
		if bytes.Equal(content, s) {
			found = append(found, 0)
		}
		return found
	}
	return listpack.View(content).FindAll(found, s, limit, last)
}
