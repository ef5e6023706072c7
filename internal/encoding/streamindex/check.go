package streamindex

import (
	"fmt"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Check walks the whole tree and reports the first contradiction.
func (t *Tree[V]) Check() error {
	if t.root == 0 {
		if t.count != 0 || t.height != 0 || t.Nodes() != 0 {
			return fmt.Errorf("empty tree with %+v", *t)
		}
		return nil
	}
	w := walk[V]{t: t}
	if err := w.node(t.root, int(t.height), ID{}, nil); err != nil {
		return err
	}
	switch {
	case w.ids != t.count:
		return fmt.Errorf("%d IDs, counted %d", t.count, w.ids)
	case w.leaves != t.leaves || w.inners != t.inners:
		return fmt.Errorf("%d leaves and %d inner nodes, counted %d and %d", t.leaves, t.inners, w.leaves, w.inners)
	case leafAt[V](w.last).next != 0:
		return fmt.Errorf("leaf after the last")
	}
	return nil
}

type walk[V any] struct {
	t *Tree[V]

	previous       ID
	last           offheap.Ref // leaf
	ids            uint64
	leaves, inners uint32
}

// node checks a node whose IDs are not below from, and below to if that is set.
func (w *walk[V]) node(r offheap.Ref, height int, from ID, to *ID) error {
	if height == 0 {
		return w.leaf(r, from, to)
	}
	w.inners++
	n := innerAt(r)
	if n.used == 0 || n.used > innerRoom {
		return fmt.Errorf("inner node with %d children", n.used)
	}
	for i := range int(n.used) {
		low, high := from, to
		if i > 0 {
			low = n.lowest[i]
		}
		if i+1 < int(n.used) {
			high = &n.lowest[i+1]
		}
		if err := w.node(n.children[i], height-1, low, high); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk[V]) leaf(r offheap.Ref, from ID, to *ID) error {
	w.leaves++
	l := leafAt[V](r)
	if l.used == 0 || l.used > l.room || l.room > leafRoom || w.t.height > 0 && l.room != leafRoom {
		return fmt.Errorf("leaf with %d of %d slots", l.used, l.room)
	}
	if l.prev != w.last || w.last != 0 && leafAt[V](w.last).next != r {
		return fmt.Errorf("leaf after %v is linked to %#x", w.previous, l.prev)
	}
	for i := range l.used {
		id := l.slots[i].id
		if w.ids > 0 && !w.previous.Less(id) {
			return fmt.Errorf("%v after %v", id, w.previous)
		}
		if id.Less(from) || to != nil && !id.Less(*to) {
			return fmt.Errorf("%v is not in its node's range from %v", id, from)
		}
		w.previous = id
		w.ids++
	}
	w.last = r
	return nil
}
