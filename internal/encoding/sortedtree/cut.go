package sortedtree

import (
	"github.com/kvasirdb/kvasir/internal/platform/invariant"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const (
	// A node below its minimum is joined with a neighbour, if both together
	// leave a quarter free, or filled from it; see tooEmpty.
	leafMin      = leafRoom / 3
	leafJoinMax  = leafRoom * 3 / 4
	innerMin     = innerRoom / 3
	innerJoinMax = innerRoom * 3 / 4
)

// cutting removes elements of one leaf: those from the element before the bound
// on, or from the rank on, at most count.
type cutting struct {
	editor
	bound *Bound // nil: by rank
	rank  uint64
	count int
	visit func(c Cursor, count int)
}

// run returns how many elements it removed.
func (c *cutting) run() int {
	t := c.t
	removed := c.from(t.root, int(t.height))
	t.count -= uint64(removed)
	for t.height > 0 && innerAt(t.root).used == 1 {
		root := t.root
		t.root = innerAt(root).children[0]
		c.freeNode(root, int(t.height))
		t.height--
	}
	if t.height == 0 && leafAt(t.root).used == 0 {
		c.freeNode(t.root, 0)
		t.root = 0
	}
	return removed
}

// from removes elements below a node, which may be left empty or with too few.
func (c *cutting) from(r offheap.Ref, height int) int {
	if height == 0 {
		return c.fromLeaf(leafAt(r))
	}
	n := innerAt(r)
	var i int
	if c.bound != nil {
		i = n.childOf(c.bound)
	} else {
		i = n.childAt(&c.rank)
	}
	child := n.children[i]
	removed := c.from(child, height-1)
	n.counts[i] -= uint64(removed)
	if usedOf(child, height-1) == 0 {
		c.freeNode(child, height-1)
		n.close(i, 1)
		return removed
	}
	n.setLowest(i, height-1)
	if n.used > 1 && tooEmpty(child, height-1) {
		c.balance(n, max(i-1, 0), height-1)
	}
	return removed
}

func (c *cutting) fromLeaf(l *leaf) int {
	i := int(c.rank)
	if c.bound != nil {
		i = l.search(c.bound) - 1
		if invariant.Enabled {
			invariant.Check(i >= 0 && string(l.element(i).Key()) == string(c.bound.key), "%q is not in the tree", c.bound.key)
		}
	}
	count := min(c.count, int(l.used)-i)
	c.visit(Cursor{l, i}, count)
	copy(l.slots[i:], l.slots[i+count:l.used])
	l.used -= uint16(count)
	return count
}

// balance joins children i and i+1 of a node, of the given height, or shares
// out what they hold.
func (c *cutting) balance(n *inner, i, height int) {
	left, right := n.children[i], n.children[i+1]
	if height == 0 {
		balanceLeaves(leafAt(left), leafAt(right))
	} else {
		balanceInners(innerAt(left), innerAt(right))
	}
	n.setChild(i, left, height)
	if usedOf(right, height) == 0 {
		c.freeNode(right, height)
		n.close(i+1, 1)
		return
	}
	n.setChild(i+1, right, height)
}

func balanceLeaves(l, m *leaf) {
	var all [2 * leafRoom]uint64
	n := copy(all[:], l.slots[:l.used])
	n += copy(all[n:], m.slots[:m.used])
	keep := n
	if n > leafJoinMax {
		keep = n / 2
	}
	l.used = uint16(copy(l.slots[:], all[:keep]))
	m.used = uint16(copy(m.slots[:], all[keep:n]))
	l.calibrate()
	m.calibrate()
}

func balanceInners(n, m *inner) {
	keep := int(n.used + m.used)
	if keep > innerJoinMax {
		keep /= 2
	}
	if move := keep - int(n.used); move >= 0 {
		n.take(m, 0, move)
		m.close(0, move)
		return
	}
	var tail inner
	tail.take(n, keep, int(n.used))
	n.used = uint64(keep)
	tail.take(m, 0, int(m.used))
	*m = tail
}

func usedOf(r offheap.Ref, height int) int {
	if height == 0 {
		return int(leafAt(r).used)
	}
	return int(innerAt(r).used)
}

// tooEmpty reports whether a node is to be joined with a neighbour. The first and
// the last leaf never are: a queue takes its elements from there one by one, and
// joining leaves reads all of theirs.
func tooEmpty(r offheap.Ref, height int) bool {
	if height > 0 {
		return innerAt(r).used < innerMin
	}
	l := leafAt(r)
	return l.used < leafMin && l.prev != 0 && l.next != 0
}
