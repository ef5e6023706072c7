package sortedtree

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
)

// Skim passes elements to visit, in order, from the bound from on up to the bound
// to, until visit returns false. It leaves out those that are unwanted: asked
// about a range of numbers, unwanted reports whether elements with these numbers
// may be left out. It is asked about whole leaves and about what their coarse
// orders tell of each element, so that most unwanted elements are never read;
// the others of a leaf are prefetched together.
func (t *Tree) Skim(from, to Bound, unwanted func(low, high uint64) bool, visit func(hashtable.Element) bool) {
	c, ok := t.Seek(from)
	if !ok {
		return
	}
	s := skimmer{to: to, unwanted: unwanted, visit: visit, floor: from.order}
	for l, i := c.leaf, c.i; s.leaf(l, i) && l.next != 0; {
		l, i = leafAt(l.next), 0
	}
}

// skimmer is Skim under way.
type skimmer struct {
	to       Bound
	unwanted func(low, high uint64) bool
	visit    func(hashtable.Element) bool
	floor    uint64 // no element from here on has a lower order
}

// leaf skims the elements of a leaf from the one with index i on, and reports
// whether to go on behind it.
func (s *skimmer) leaf(l *leaf, i int) (more bool) {
	used, end := int(l.used), l.coarse(s.to.order)
	if _, high := l.orders(l.slots[used-1]); s.unwanted(numberOf(s.floor), numberOf(high)) {
		s.floor, _ = l.orders(l.slots[used-1])
		return l.slots[used-1]>>coarseShift <= end
	}
	var wanted [leafRoom]hashtable.Element
	n := 0
	for ; i < used && l.slots[i]>>coarseShift <= end; i++ {
		low, high := l.orders(l.slots[i])
		s.floor = max(s.floor, low)
		if !s.unwanted(numberOf(s.floor), numberOf(high)) {
			wanted[n] = l.element(i)
			wanted[n].Prefetch()
			n++
		}
	}
	for _, e := range wanted[:n] {
		if !s.to.passes(orderOf(e.Number()), e) || !s.visit(e) {
			return false
		}
	}
	return i == used
}

// orders returns the lowest and the highest order that the element in a slot may
// have.
func (l *leaf) orders(slot uint64) (low, high uint64) {
	coarse := slot >> coarseShift
	low, high = l.base+coarse<<l.shift, math.MaxUint64
	if next := l.base + (coarse+1)<<l.shift; coarse < coarseMax && next > low {
		high = next - 1
	}
	if coarse == 0 {
		low = 0 // or below the base
	}
	return low, high
}

// numberOf is the inverse of orderOf, but for -0.
func numberOf(order uint64) uint64 {
	const sign = 1 << 63
	if order >= sign {
		return order &^ sign
	}
	return ^order
}
