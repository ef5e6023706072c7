package sortedtree

import (
	"bytes"
	"fmt"

	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Check walks the whole tree and returns an error that names the first broken
// promise. It is for tests.
func (t *Tree) Check() error {
	if t.root == 0 {
		if *t != (Tree{}) {
			return fmt.Errorf("empty tree: %+v", *t)
		}
		return nil
	}
	w := walk{tree: t}
	if err := w.node(t.root, int(t.height)); err != nil {
		return err
	}
	if w.count != t.count || w.leaves != t.leaves || w.inners != t.inners || w.before != t.last {
		return fmt.Errorf("found %d elements, %d leaves, %d inner nodes, last leaf %x; head %+v",
			w.count, w.leaves, w.inners, w.before, *t)
	}
	if leafAt(w.before).next != 0 {
		return fmt.Errorf("the last leaf has a neighbour")
	}
	return nil
}

// walk visits the tree from left to right.
type walk struct {
	tree           *Tree
	before         offheap.Ref // leaf
	prev           hashtable.Element
	count          uint64
	leaves, inners uint32
}

func (w *walk) node(r offheap.Ref, height int) error {
	if height == 0 {
		return w.leaf(r)
	}
	w.inners++
	n := innerAt(r)
	if n.used == 0 || n.used > innerRoom || r == w.tree.root && n.used < 2 {
		return fmt.Errorf("inner node of height %d with %d children", height, n.used)
	}
	for i := range n.used {
		start := w.count
		if got := lowestOf(n.children[i], height-1); got != n.lowest[i] || orderOf(got.Number()) != n.orders[i] {
			return fmt.Errorf("child %d of height %d has lowest %q, noted order %#x", i, height-1, got.Key(), n.orders[i])
		}
		if err := w.node(n.children[i], height-1); err != nil {
			return err
		}
		if w.count-start != n.counts[i] {
			return fmt.Errorf("child %d of height %d holds %d, noted %d", i, height-1, w.count-start, n.counts[i])
		}
	}
	return nil
}

func (w *walk) leaf(r offheap.Ref) error {
	l := leafAt(r)
	if l.prev != w.before || w.before == 0 && w.tree.first != r || w.before != 0 && leafAt(w.before).next != r {
		return fmt.Errorf("leaf %d is not linked", w.leaves)
	}
	if l.used == 0 || l.used > l.room || w.tree.height > 0 && l.room != leafRoom {
		return fmt.Errorf("leaf %d: %d of %d slots used", w.leaves, l.used, l.room)
	}
	for i := range int(l.used) {
		e := l.element(i)
		order := orderOf(e.Number())
		if w.prev != 0 {
			before := orderOf(w.prev.Number())
			if before > order || before == order && bytes.Compare(w.prev.Key(), e.Key()) >= 0 {
				return fmt.Errorf("%q (%#x) before %q (%#x)", w.prev.Key(), before, e.Key(), order)
			}
		}
		if l.slots[i]>>coarseShift != l.coarse(order) {
			return fmt.Errorf("leaf %d, slot %d: coarse order %#x of %#x", w.leaves, i, l.slots[i]>>coarseShift, order)
		}
		w.prev = e
		w.count++
	}
	w.leaves++
	w.before = r
	return nil
}

func lowestOf(r offheap.Ref, height int) hashtable.Element {
	if height == 0 {
		return leafAt(r).element(0)
	}
	return innerAt(r).lowest[0]
}
