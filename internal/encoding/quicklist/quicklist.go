// Package quicklist keeps a long list as a row of nodes, each holding a run of
// neighbouring elements: cheap at both ends, compact in between.
//
// # Vocabulary
//
//   - A packed node is a listpack. Most nodes are.
//   - A plain node is the bytes of one large element.
//   - The fill limits packed nodes: a positive one is a number of elements
//     (and 8 KiB), -1 to -5 are 4, 8, 16, 32 and 64 KiB. It is the parameter
//     list-max-listpack-size, and also decides which elements are large.
//   - The depth is how many nodes at each end stay uncompressed, 0 for all: the
//     parameter list-compress-depth. Inner nodes are compressed with LZF where
//     that saves something; a node is inflated to be edited, but read through a
//     copy.
//   - With depth 0, inner nodes are condensed instead where that saves much: see
//     package listpack. Nobody outside this package meets a condensed node. It is
//     expanded for good by an edit, or when it comes to be near an end.
//   - The directory describes the nodes, in order.
//
// Which element lies in which node, how nodes split and when they merge is as
// in Valkey: it shows in DEBUG output, in MEMORY USAGE and in RDB files.
//
// # Layout
//
// Valkey links its nodes. Here the directory is one block with a descriptor
// for each node, which takes half the memory and lets an index be found by a
// scan of neighbouring words instead of a walk through the nodes:
//
//	+----------+-------+-------+----------+------+-------+
//	| elements | start | nodes | capacity | fill | depth |        24 bytes
//	| 64       | 32    | 32    | 32       | 16   | 16    |
//	+----------+-------+-------+----------+------+-------+
//	| free ... | node start | ... | node start+nodes-1 | free ... |
//	+----------+------------+-----+--------------------+----------+
//
//	node  = address of the block : 48 | flags : 16        16 bytes
//	        bytes, not compressed : 36 | elements : 28
//
// Free descriptors are kept at both ends, so that a node is added at either in
// constant time, taken over many pushes. The block of a compressed or condensed
// node is the length of its data, 4 bytes, and the data.
package quicklist

import (
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const why = offheap.PurposeList

// List is a handle on a quicklist in off-heap memory. The list itself is
// named by its Root, which edits may move: whoever opened it stores Root again
// after an edit. A handle is used by one goroutine at a time.
type List struct {
	h    *offheap.Heap
	root offheap.Ref

	// PackedThreshold, if not 0, is the size in bytes from which an element is
	// large, whatever the fill: DEBUG QUICKLIST-PACKED-THRESHOLD.
	PackedThreshold int

	// Buffers is where cursors get their working memory; nil: each makes its own.
	Buffers *listpack.Buffers
}

// New returns an empty list.
func New(h *offheap.Heap, fill, depth int) List {
	l := List{h: h, root: h.Alloc(headerBytes+nodeBytes, why)}
	*l.header() = header{fill: int16(clamp(fill, -5, 1<<15-1)), depth: uint16(clamp(depth, 0, 1<<16-1))}
	l.header().capacity = l.capacityOf(l.root)
	return l
}

// Open returns a handle on the list at root.
func Open(h *offheap.Heap, root offheap.Ref) List { return List{h: h, root: root} }

// Root returns where the list is.
func (l *List) Root() offheap.Ref { return l.root }

// Len returns the number of elements.
func (l *List) Len() int { return int(l.header().elements) }

// Fill returns the fill that the list was made with.
func (l *List) Fill() int { return int(l.header().fill) }

// Depth returns the depth that the list was made with.
func (l *List) Depth() int { return int(l.header().depth) }

// Free gives all memory of the list back. The handle is then of no use.
func (l *List) Free() { l.FreeStep(l.Nodes()) }

// FreeStep frees nodes of a list that is no longer used, at most the given number,
// and reports whether everything is freed. No other method may be called after the
// first step.
func (l *List) FreeStep(nodes int) bool {
	all := l.nodes()
	left := max(len(all)-nodes, 0)
	for _, n := range all[left:] {
		l.h.Free(n.ref(), why)
	}
	l.header().nodes = uint32(left)
	if left > 0 {
		return false
	}
	l.h.Free(l.root, why)
	l.root = 0
	return true
}

// Copy returns a list with the same elements in the same nodes.
func (l *List) Copy() List {
	from := l.nodes()
	copied := List{h: l.h, PackedThreshold: l.PackedThreshold}
	copied.root = l.h.Alloc(headerBytes+len(from)*nodeBytes, why)
	head := copied.header()
	*head = *l.header()
	head.start, head.capacity = 0, copied.capacityOf(copied.root)
	for i, n := range from {
		size := n.blockSize()
		ref := l.h.Alloc(size, why)
		copy(ref.Bytes(size), n.ref().Bytes(size))
		copied.nodes()[i] = n.withRef(ref)
	}
	return copied
}

// PushHead inserts s before the first element. s must not lie in the list.
func (l *List) PushHead(s []byte) { l.push(s, false) }

// PushTail inserts s after the last element. s must not lie in the list.
func (l *List) PushTail(s []byte) { l.push(s, true) }

func (l *List) push(s []byte, tail bool) {
	nodes := l.nodes()
	end, at := 0, 0
	if tail {
		end, at = len(nodes)-1, len(nodes)
	}
	if len(nodes) > 0 && l.allowsInsert(nodes[end], len(s)) {
		// An end node is never compressed, and likely to get more.
		n := &nodes[end]
		n.setPacked(listpack.Fill(l.h, why, n.ref(), s, tail, l.bytesMax()), n.count()+1)
		l.header().elements++
		l.check()
		return
	}
	if len(nodes) > 0 {
		l.closeNode(&nodes[end])
	}
	if l.isLarge(len(s)) {
		l.insertNode(at, l.newPlain(s))
	} else {
		l.insertNode(at, l.newPacked(s))
	}
	l.header().elements++
	l.settle(at, at+1)
	l.condenseBehind(tail)
	l.check()
}

// closeNode takes back the room that a packed node has for more elements: it is
// going to be an inner one, which seldom grows.
func (l *List) closeNode(n *node) {
	if !n.plain() {
		*n = n.withRef(listpack.Trim(l.h, why, n.ref()))
	}
}

// DropHead removes the first element. The list must not be empty.
func (l *List) DropHead() { l.drop(0, false) }

// DropTail removes the last element. The list must not be empty.
func (l *List) DropTail() { l.drop(l.Nodes()-1, true) }

// drop removes the outer element of an end node.
func (l *List) drop(end int, last bool) {
	n := &l.nodes()[end]
	if n.count() == 1 {
		l.removeNodes(end, end+1)
		l.settle(0, 0)
	} else {
		v := listpack.At(n.ref())
		p := v.First()
		if last {
			p = v.Last()
		}
		lp, _ := listpack.Delete(l.h, why, n.ref(), p)
		n.setPacked(lp, n.count()-1)
	}
	l.header().elements--
	l.check()
}

// Rotate moves the last element to the front.
func (l *List) Rotate() {
	if l.Len() < 2 {
		return
	}
	last := len(l.nodes()) - 1
	if n := l.nodes()[last]; n.plain() {
		l.takeNode(last)
		l.insertNode(0, n)
		l.settle(0, 1)
		l.check()
		return
	}
	var scratch listpack.Scratch
	c, _ := l.Seek(-1)
	s := append([]byte(nil), c.Bytes(&scratch)...)
	l.PushHead(s)
	l.DropTail()
}

// Delete removes up to count elements from the one with this index on, which
// counts from the end if negative. An index out of range removes none.
func (l *List) Delete(index, count int) {
	if index < 0 {
		index += l.Len()
	}
	if index < 0 || index >= l.Len() || count <= 0 {
		return
	}
	count = min(count, l.Len()-index)
	i, skip := l.locate(index)
	l.header().elements -= uint64(count)
	first := i
	for count > 0 {
		nodes := l.nodes()
		if skip > 0 || count < nodes[i].count() {
			l.inflate(i)
			n := &nodes[i]
			part := min(count, n.count()-skip)
			n.setPacked(listpack.DeleteRange(l.h, why, n.ref(), skip, part), n.count()-part)
			count -= part
			skip = 0
			i++
			continue
		}
		j := i
		for ; j < len(nodes) && count >= nodes[j].count() && count > 0; j++ {
			count -= nodes[j].count()
		}
		l.removeNodes(i, j)
	}
	l.settle(first, first+2)
	l.check()
}

// Remove removes the elements equal to s, the first limit of them from the
// head on, or from the tail on, and all if limit is 0. It returns how many it
// removed.
func (l *List) Remove(s []byte, limit int, fromTail bool) int {
	if limit == 0 {
		limit = l.Len()
	}
	removed := 0
	var found []int
	r := reader{list: *l, buf: l.Buffers.Buffer()}
	defer r.buf.Release()
	for i := 0; i < len(l.nodes()) && removed < limit; {
		at := i
		if fromTail {
			at = len(l.nodes()) - 1 - i
		}
		n := l.nodes()[at]
		found = r.find(found[:0], n, s, limit-removed, fromTail)
		removed += len(found)
		if len(found) == n.count() {
			l.removeNodes(at, at+1)
			continue
		}
		if len(found) > 0 {
			l.inflate(at)
			edited := &l.nodes()[at]
			edited.setPacked(listpack.BatchDelete(l.h, why, edited.ref(), found), n.count()-len(found))
			l.settle(at, at+1)
		}
		i++
	}
	if removed > 0 {
		l.header().elements -= uint64(removed)
		l.settle(0, 0)
		l.check()
	}
	return removed
}

func clamp(n, low, high int) int { return min(max(n, low), high) }
