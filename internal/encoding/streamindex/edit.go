package streamindex

import (
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Insert adds an ID with its value. If the ID is there already, nothing changes
// and Insert returns false.
func (t *Tree[V]) Insert(h *offheap.Heap, why offheap.Purpose, id ID, v V) bool {
	if t.root == 0 {
		t.root = t.newLeaf(h, why, 1)
	}
	if t.height == 0 {
		t.enlargeLeaf(h, why)
	}
	ins := insertion[V]{t, h, why, id, v}
	added, right, lowest := ins.into(t.root, int(t.height))
	if !added {
		return false
	}
	if right != 0 {
		root := t.newInner(h, why)
		n := innerAt(root)
		n.used = 2
		n.children[0], n.children[1] = t.root, right
		n.lowest[0], n.lowest[1] = ID{}, lowest
		t.root = root
		t.height++
	}
	t.count++
	return true
}

// Delete removes an ID and reports whether it was there.
func (t *Tree[V]) Delete(h *offheap.Heap, why offheap.Purpose, id ID) bool {
	if t.root == 0 {
		return false
	}
	d := deletion[V]{t, h, why, id}
	if !d.from(t.root, int(t.height)) {
		return false
	}
	t.count--
	for t.height > 0 && innerAt(t.root).used == 1 {
		root := t.root
		t.root = innerAt(root).children[0]
		d.free(root, int(t.height))
		t.height--
	}
	if t.count == 0 {
		d.free(t.root, 0)
		t.root = 0
	}
	return true
}

// FreeStep frees a tree that is no longer used, at most the given number of
// leaves, passing each value to visit, and reports whether everything is freed.
// No other method may be called after the first step, until the tree is empty.
func (t *Tree[V]) FreeStep(h *offheap.Heap, why offheap.Purpose, leaves int, visit func(*V)) bool {
	for ; leaves > 0 && t.root != 0; leaves-- {
		if t.freeLast(h, why, t.root, int(t.height), visit) {
			*t = Tree[V]{}
		}
	}
	return t.root == 0
}

// freeLast frees the last leaf below a node, and the node if that was all,
// which it reports.
func (t *Tree[V]) freeLast(h *offheap.Heap, why offheap.Purpose, r offheap.Ref, height int, visit func(*V)) bool {
	if height == 0 {
		l := leafAt[V](r)
		for i := range l.used {
			visit(&l.slots[i].value)
		}
		h.Free(r, why)
		return true
	}
	n := innerAt(r)
	if t.freeLast(h, why, n.children[n.used-1], height-1, visit) {
		n.used--
	}
	if n.used > 0 {
		return false
	}
	h.Free(r, why)
	return true
}

func leafBytes[V any](room int) int { return leafHeadBytes + room*int(unsafe.Sizeof(slot[V]{})) }

func (t *Tree[V]) newLeaf(h *offheap.Heap, why offheap.Purpose, room int) offheap.Ref {
	r := h.Alloc(leafBytes[V](room), why)
	l := leafAt[V](r)
	l.prev, l.next, l.used, l.room = 0, 0, 0, uint16(room)
	t.leaves++
	return r
}

func (t *Tree[V]) newInner(h *offheap.Heap, why offheap.Purpose) offheap.Ref {
	r := h.Alloc(innerBytes, why)
	innerAt(r).used = 0
	t.inners++
	return r
}

// enlargeLeaf gives the only leaf more room if it is full and small.
func (t *Tree[V]) enlargeLeaf(h *offheap.Heap, why offheap.Purpose) {
	l := leafAt[V](t.root)
	if l.used < l.room || l.room == leafRoom {
		return
	}
	room := int(l.room) * 2
	t.root = h.Resize(t.root, leafBytes[V](room), why)
	leafAt[V](t.root).room = uint16(room)
}

// insertion adds one ID. A node that is full is split on the way back up.
type insertion[V any] struct {
	t   *Tree[V]
	h   *offheap.Heap
	why offheap.Purpose
	id  ID
	v   V
}

// into adds the ID below a node. If the node was split, right is the new node
// after it and lowest the lower bound of that.
func (ins *insertion[V]) into(r offheap.Ref, height int) (added bool, right offheap.Ref, lowest ID) {
	if height == 0 {
		return ins.intoLeaf(r)
	}
	n := innerAt(r)
	i := n.childOf(ins.id)
	added, child, bound := ins.into(n.children[i], height-1)
	if child == 0 {
		return added, 0, ID{}
	}
	i++
	if n.used < innerRoom {
		n.insert(i, child, bound)
		return true, 0, ID{}
	}
	keep := innerRoom / 2
	if i == innerRoom {
		keep = innerRoom
	}
	right = ins.t.newInner(ins.h, ins.why)
	m := innerAt(right)
	m.take(n, keep, innerRoom)
	n.used = uint64(keep)
	if i <= keep && keep < innerRoom {
		n.insert(i, child, bound)
	} else {
		m.insert(i-keep, child, bound)
	}
	return true, right, m.lowest[0]
}

func (ins *insertion[V]) intoLeaf(r offheap.Ref) (added bool, right offheap.Ref, lowest ID) {
	l := leafAt[V](r)
	i := l.search(ins.id)
	if i < int(l.used) && l.slots[i].id == ins.id {
		return false, 0, ID{}
	}
	s := slot[V]{ins.v, ins.id}
	if l.used < l.room {
		l.insert(i, s)
		return true, 0, ID{}
	}
	keep := leafRoom / 2
	if i == leafRoom && l.next == 0 {
		keep = leafRoom
	}
	right = ins.t.newLeaf(ins.h, ins.why, leafRoom)
	m := leafAt[V](right)
	m.used = uint16(copy(m.slots[:], l.slots[keep:]))
	l.used = uint16(keep)
	m.prev, m.next = r, l.next
	if l.next != 0 {
		leafAt[V](l.next).prev = right
	}
	l.next = right
	if i <= keep && keep < leafRoom {
		l.insert(i, s)
	} else {
		m.insert(i-keep, s)
	}
	return true, right, m.slots[0].id
}

func (l *leaf[V]) insert(i int, s slot[V]) {
	copy(l.slots[i+1:l.used+1], l.slots[i:l.used])
	l.slots[i] = s
	l.used++
}

func (n *inner) insert(i int, child offheap.Ref, lowest ID) {
	copy(n.lowest[i+1:n.used+1], n.lowest[i:n.used])
	copy(n.children[i+1:n.used+1], n.children[i:n.used])
	n.lowest[i], n.children[i] = lowest, child
	n.used++
}

func (n *inner) remove(i int) {
	copy(n.lowest[i:], n.lowest[i+1:n.used])
	copy(n.children[i:], n.children[i+1:n.used])
	n.used--
}

// take appends children [from, to) of m.
func (n *inner) take(m *inner, from, to int) {
	copy(n.lowest[n.used:], m.lowest[from:to])
	copy(n.children[n.used:], m.children[from:to])
	n.used += uint64(to - from)
}

// deletion removes one ID. Nodes that are left with little are joined on the
// way back up.
type deletion[V any] struct {
	t   *Tree[V]
	h   *offheap.Heap
	why offheap.Purpose
	id  ID
}

// from removes the ID below a node, which may be left empty.
func (d *deletion[V]) from(r offheap.Ref, height int) bool {
	if height == 0 {
		l := leafAt[V](r)
		i := l.search(d.id)
		if i == int(l.used) || l.slots[i].id != d.id {
			return false
		}
		copy(l.slots[i:], l.slots[i+1:l.used])
		l.used--
		return true
	}
	n := innerAt(r)
	i := n.childOf(d.id)
	child := n.children[i]
	if !d.from(child, height-1) {
		return false
	}
	if d.used(child, height-1) == 0 {
		d.free(child, height-1)
		n.remove(i)
		return true
	}
	if !d.join(n, i, height-1) && i > 0 {
		d.join(n, i-1, height-1)
	}
	return true
}

// join moves what child i+1 of a node holds into child i, if both are small.
func (d *deletion[V]) join(n *inner, i, height int) bool {
	if i+1 >= int(n.used) {
		return false
	}
	left, right := n.children[i], n.children[i+1]
	most := leafJoinMax
	if height > 0 {
		most = innerJoinMax
	}
	if d.used(left, height)+d.used(right, height) > most {
		return false
	}
	if height == 0 {
		l, m := leafAt[V](left), leafAt[V](right)
		l.used += uint16(copy(l.slots[l.used:], m.slots[:m.used]))
	} else {
		l, m := innerAt(left), innerAt(right)
		m.lowest[0] = n.lowest[i+1]
		l.take(m, 0, int(m.used))
	}
	d.free(right, height)
	n.remove(i + 1)
	return true
}

func (d *deletion[V]) used(r offheap.Ref, height int) int {
	if height == 0 {
		return int(leafAt[V](r).used)
	}
	return int(innerAt(r).used)
}

// free frees a node, and takes a leaf out of the list of leaves.
func (d *deletion[V]) free(r offheap.Ref, height int) {
	if height > 0 {
		d.t.inners--
	} else {
		l := leafAt[V](r)
		if l.prev != 0 {
			leafAt[V](l.prev).next = l.next
		}
		if l.next != 0 {
			leafAt[V](l.next).prev = l.prev
		}
		d.t.leaves--
	}
	d.h.Free(r, d.why)
}
