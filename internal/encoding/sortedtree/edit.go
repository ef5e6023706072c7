package sortedtree

import (
	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/platform/invariant"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Insert adds an element that is not in the tree.
func (t *Tree) Insert(h *offheap.Heap, why offheap.Purpose, e hashtable.Element) {
	b := Before(e)
	if invariant.Enabled {
		invariant.Check(e.Numbered(), "%q has no number", e.Key())
		after := b
		after.place = afterKey
		invariant.Check(t.Rank(b) == t.Rank(after), "%q is in the tree", e.Key())
	}
	ins := insertion{editor{t, h, why}, &b, e}
	ins.run()
}

// Append adds an element that comes after all others, without reading any. A
// tree built this way has full nodes.
func (t *Tree) Append(h *offheap.Heap, why offheap.Purpose, e hashtable.Element) {
	if invariant.Enabled {
		invariant.Check(t.Rank(Before(e)) == t.Len(), "%q is not behind all others", e.Key())
	}
	ins := insertion{editor{t, h, why}, nil, e}
	ins.run()
}

// Remove takes out an element that is in the tree.
func (t *Tree) Remove(h *offheap.Heap, why offheap.Purpose, e hashtable.Element) {
	b := Before(e)
	b.place = afterKey
	c := cutting{editor: editor{t, h, why}, bound: &b, count: 1, visit: func(Cursor, int) {}}
	c.run()
}

// RemoveRange takes out count elements, beginning with the one of rank from. Leaf by
// leaf, it calls visit with a cursor on the first to go and their number, and visit
// may free those, which [Cursor.Peek] returns.
func (t *Tree) RemoveRange(h *offheap.Heap, why offheap.Purpose, from, count int, visit func(c Cursor, count int)) {
	for count > 0 {
		c := cutting{editor: editor{t, h, why}, rank: uint64(from), count: count, visit: visit}
		count -= c.run()
	}
}

// FreeStep frees nodes of a tree that is no longer used, at most the given
// number of leaves, and reports whether everything is freed. It does not free
// elements. No other method may be called after the first step, until the tree
// is empty.
func (t *Tree) FreeStep(h *offheap.Heap, why offheap.Purpose, leaves int) bool {
	ed := editor{t, h, why}
	for ; leaves > 0 && t.root != 0; leaves-- {
		if ed.freeLast(t.root, int(t.height)) {
			*t = Tree{}
		}
	}
	return t.root == 0
}

// editor changes the nodes of a tree.
type editor struct {
	t   *Tree
	h   *offheap.Heap
	why offheap.Purpose
}

func (ed *editor) newLeaf(room int) offheap.Ref {
	r := ed.h.Alloc(leafHeadBytes+room*8, ed.why)
	l := leafAt(r)
	l.prev, l.next, l.base = 0, 0, 0
	l.used, l.room, l.shift = 0, uint16(room), 0
	ed.t.leaves++
	return r
}

func (ed *editor) newInner() offheap.Ref {
	r := ed.h.Alloc(innerBytes, ed.why)
	innerAt(r).used = 0
	ed.t.inners++
	return r
}

// freeNode frees a node, and takes a leaf out of the list of leaves.
func (ed *editor) freeNode(r offheap.Ref, height int) {
	if height > 0 {
		ed.t.inners--
	} else {
		l := leafAt(r)
		ed.link(l.prev, l.next)
		ed.t.leaves--
	}
	ed.h.Free(r, ed.why)
}

// link makes two leaves neighbours. Zero stands for the end of the list.
func (ed *editor) link(left, right offheap.Ref) {
	if left != 0 {
		leafAt(left).next = right
	} else {
		ed.t.first = right
	}
	if right != 0 {
		leafAt(right).prev = left
	} else {
		ed.t.last = left
	}
}

// freeLast frees the last leaf below a node, and the node if that was all,
// which it reports.
func (ed *editor) freeLast(r offheap.Ref, height int) bool {
	if height > 0 {
		n := innerAt(r)
		if ed.freeLast(n.children[n.used-1], height-1) {
			n.used--
		}
		if n.used > 0 {
			return false
		}
	}
	ed.freeNode(r, height)
	return true
}

// insertion adds one element. A node that is full is split on the way back up.
type insertion struct {
	editor
	bound *Bound // nil: at the end
	e     hashtable.Element
}

func (ins *insertion) run() {
	t := ins.t
	if t.root == 0 {
		t.root = ins.newLeaf(leafRoomFirst)
		t.first, t.last = t.root, t.root
	}
	if t.height == 0 {
		ins.enlargeLeaf()
	}
	if right := ins.into(t.root, int(t.height), true); right != 0 {
		root := ins.newInner()
		n := innerAt(root)
		n.used = 2
		n.setChild(0, t.root, int(t.height))
		n.setChild(1, right, int(t.height))
		t.root = root
		t.height++
	}
	t.count++
}

// enlargeLeaf gives the only leaf more room if it is full and small.
func (ins *insertion) enlargeLeaf() {
	t := ins.t
	l := leafAt(t.root)
	if l.used < l.room || l.room == leafRoom {
		return
	}
	room := min(int(l.room)*2, leafRoom)
	t.root = ins.h.Resize(t.root, leafHeadBytes+room*8, ins.why)
	t.first, t.last = t.root, t.root
	l = leafAt(t.root)
	l.room = uint16(room)
	l.calibrate()
}

// into adds the element below a node. It returns the node that was split off
// to the right, or 0. rightmost says that the node is the last of its height.
func (ins *insertion) into(r offheap.Ref, height int, rightmost bool) offheap.Ref {
	if height == 0 {
		return ins.intoLeaf(r)
	}
	n := innerAt(r)
	i := int(n.used) - 1
	if ins.bound != nil {
		i = n.childOf(ins.bound)
	}
	right := ins.into(n.children[i], height-1, rightmost && i == int(n.used)-1)
	if right == 0 {
		n.counts[i]++
		n.setLowest(i, height-1)
		return 0
	}
	n.setChild(i, n.children[i], height-1)
	i++
	if n.used < innerRoom {
		n.open(i)
		n.setChild(i, right, height-1)
		return 0
	}
	keep := innerRoom / 2
	if i == innerRoom && rightmost {
		keep = innerRoom
	}
	split := ins.newInner()
	m := innerAt(split)
	m.take(n, keep, innerRoom)
	n.used = uint64(keep)
	if i <= keep && keep < innerRoom {
		n.open(i)
		n.setChild(i, right, height-1)
	} else {
		m.open(i - keep)
		m.setChild(i-keep, right, height-1)
	}
	return split
}

// intoLeaf splits a full leaf in halves, but at the ends of the tree it begins
// a new leaf, so that elements added in order leave full leaves behind.
func (ins *insertion) intoLeaf(r offheap.Ref) offheap.Ref {
	l := leafAt(r)
	i := int(l.used)
	if ins.bound != nil {
		i = l.search(ins.bound)
	}
	if l.used < l.room {
		l.insert(i, ins.e)
		return 0
	}
	keep := leafRoom / 2
	switch {
	case i == leafRoom && l.next == 0:
		keep = leafRoom
	case i == 0 && l.prev == 0:
		keep = 0
	}
	split := ins.newLeaf(leafRoom)
	m := leafAt(split)
	m.used = uint16(copy(m.slots[:], l.slots[keep:]))
	l.used = uint16(keep)
	next := l.next
	ins.link(r, split)
	ins.link(split, next)
	if i <= keep && keep < leafRoom {
		l.insert(i, ins.e)
	} else {
		m.insert(i-keep, ins.e)
	}
	l.calibrate()
	m.calibrate()
	return split
}

func (l *leaf) insert(i int, e hashtable.Element) {
	order := orderOf(e.Number())
	if l.used == 0 {
		l.base, l.shift = order, 0
	}
	copy(l.slots[i+1:l.used+1], l.slots[i:l.used])
	l.slots[i] = l.coarse(order)<<coarseShift | uint64(e)
	l.used++
}

// open makes place for a child at i.
func (n *inner) open(i int) {
	used := n.used
	copy(n.orders[i+1:used+1], n.orders[i:used])
	copy(n.lowest[i+1:used+1], n.lowest[i:used])
	copy(n.counts[i+1:used+1], n.counts[i:used])
	copy(n.children[i+1:used+1], n.children[i:used])
	n.used++
}

// close takes away the place of children [i, i+count).
func (n *inner) close(i, count int) {
	used := int(n.used)
	copy(n.orders[i:], n.orders[i+count:used])
	copy(n.lowest[i:], n.lowest[i+count:used])
	copy(n.counts[i:], n.counts[i+count:used])
	copy(n.children[i:], n.children[i+count:used])
	n.used -= uint64(count)
}

// take appends children [from, to) of m.
func (n *inner) take(m *inner, from, to int) {
	at := n.used
	copy(n.orders[at:], m.orders[from:to])
	copy(n.lowest[at:], m.lowest[from:to])
	copy(n.counts[at:], m.counts[from:to])
	copy(n.children[at:], m.children[from:to])
	n.used += uint64(to - from)
}

// setChild fills place i with what a child, of the given height, says itself.
func (n *inner) setChild(i int, child offheap.Ref, height int) {
	n.children[i] = child
	n.counts[i] = countOf(child, height)
	n.setLowest(i, height)
}

func (n *inner) setLowest(i, height int) {
	if height > 0 {
		child := innerAt(n.children[i])
		n.lowest[i], n.orders[i] = child.lowest[0], child.orders[0]
		return
	}
	e := leafAt(n.children[i]).element(0)
	n.lowest[i], n.orders[i] = e, orderOf(e.Number())
}

func countOf(r offheap.Ref, height int) uint64 {
	if height == 0 {
		return uint64(leafAt(r).used)
	}
	n := innerAt(r)
	total := uint64(0)
	for _, c := range n.counts[:n.used] {
		total += c
	}
	return total
}
