// Package sortedtree is the order of one large collection: the members of a
// sorted set by score, or the fields of a hash by expiry.
//
// It is a counted B+tree over the numbered elements of
// [github.com/kvasirdb/kvasir/internal/encoding/hashtable], which hold number
// and key; the tree holds references. Elements are ordered by number, then by
// the bytes of the key. Because each inner node knows how many elements lie
// below each child, the rank of an element and the element of a rank take one
// descent.
//
// # Vocabulary
//
//   - The order of a number is a uint64 that compares as the number does: as a
//     float64 with -0 equal to 0, which for an integer below 2^63 is also the
//     order of the integer.
//   - A leaf has up to 60 references, and links to its neighbours.
//   - An inner node has up to 31 children, and for each its count, its lowest
//     element and that element's order.
//   - A bound is a place between elements, such as "before score 3".
//   - A rank is the number of elements before an element.
//
// # Layout
//
//	leaf, 512 bytes
//	┌────────┬────────┬────────┬──────┬──────┬───────┬─────────────────────┐
//	│ prev 8 │ next 8 │ base 8 │used 2│room 2│shift 4│ 60 slots of 8 bytes │
//	└────────┴────────┴────────┴──────┴──────┴───────┴─────────────────────┘
//	slot: bits 63…48 coarse order, 47…0 element
//
//	inner node, 1000 bytes
//	┌────────┬──────────────┬──────────────┬──────────────┬────────────────┐
//	│ used 8 │ 31 orders    │ 31 lowest    │ 31 counts    │ 31 children    │
//	└────────┴──────────────┴──────────────┴──────────────┴────────────────┘
//
// Reading an element costs a cache miss in a large tree. The coarse order saves
// most of them: it is the element's order less the leaf's base, shifted right
// so that the leaf's range fills 16 bits, and clamped to them. It never
// contradicts the order, so that a search reads elements only where coarse
// orders are equal. It is computed anew when a leaf is split or joined; between
// those, what lies outside the range is clamped and merely less selective.
//
// The leaf that is the whole tree starts with room for 4 elements, as a hash
// may have a single field that expires.
//
// # Cost
//
// Random inserts leave leaves two thirds full, appends leave them full: 14 or 9
// bytes for each element, with the inner nodes. A skiplist has 29 for links and
// spans.
//
// The package does not lock and does not own elements: it never frees one.
package sortedtree

import (
	"bytes"
	"math"
	"math/bits"

	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Tree is the head of a tree. The zero Tree is empty and ready. It holds no Go
// pointers and is meant to lie in an off-heap block of its owner. Methods that
// allocate or free take the heap and the purpose, the same in all calls.
type Tree struct {
	root        offheap.Ref
	first, last offheap.Ref // leaves
	count       uint64
	leaves      uint32
	inners      uint32
	height      uint64 // inner nodes above a leaf
}

type leaf struct {
	prev, next offheap.Ref
	base       uint64
	used, room uint16
	shift      uint32
	slots      [leafRoom]uint64
}

type inner struct {
	used     uint64
	orders   [innerRoom]uint64
	lowest   [innerRoom]hashtable.Element
	counts   [innerRoom]uint64
	children [innerRoom]offheap.Ref
}

const (
	leafRoom      = 60
	leafRoomFirst = 4
	leafHeadBytes = 32
	leafBytes     = leafHeadBytes + leafRoom*8
	innerRoom     = 31
	innerBytes    = 8 + innerRoom*32

	elementMask = 1<<48 - 1
	coarseShift = 48
	coarseMax   = 1<<16 - 1
)

// Bound is a place between elements.
type Bound struct {
	order   uint64
	key     []byte
	place   place
	keyOnly bool // order is ignored: the tree's elements have one number
}

type place uint8

const (
	beforeOrder place = iota // before the first element of this order
	beforeKey                // among those of this order: before key
	afterKey                 // … after key
	afterOrder               // after the last element of this order
)

// BeforeScore is the bound before all elements with the given score.
func BeforeScore(score float64) Bound {
	return Bound{order: orderOf(math.Float64bits(score)), place: beforeOrder}
}

// AfterScore is the bound after all elements with the given score.
func AfterScore(score float64) Bound {
	return Bound{order: orderOf(math.Float64bits(score)), place: afterOrder}
}

// BeforeNumber is the bound before all elements with the given number.
func BeforeNumber(number uint64) Bound {
	return Bound{order: orderOf(number), place: beforeOrder}
}

// BeforeKey is the bound before key in a tree whose elements have one number.
// In another tree it is some bound.
func BeforeKey(key []byte) Bound { return Bound{key: key, place: beforeKey, keyOnly: true} }

// AfterKey is BeforeKey, but after key.
func AfterKey(key []byte) Bound { return Bound{key: key, place: afterKey, keyOnly: true} }

// Before is the bound before element e, which need not be in the tree.
func Before(e hashtable.Element) Bound {
	return Bound{order: orderOf(e.Number()), key: e.Key(), place: beforeKey}
}

// orderOf returns a number that compares as the float64 with the given bits.
func orderOf(number uint64) uint64 {
	const sign = 1 << 63
	switch {
	case number < sign:
		return number | sign
	case number == sign:
		return sign
	}
	return ^number
}

// passes reports whether an element lies before the bound.
func (b *Bound) passes(order uint64, e hashtable.Element) bool {
	if !b.keyOnly {
		if order != b.order {
			return order < b.order
		}
		if b.place == beforeOrder || b.place == afterOrder {
			return b.place == afterOrder
		}
	}
	c := bytes.Compare(e.Key(), b.key)
	return c < 0 || c == 0 && b.place == afterKey
}

// Len returns the number of elements.
func (t *Tree) Len() int { return int(t.count) }

// Rank returns the number of elements before the bound.
func (t *Tree) Rank(b Bound) int {
	if t.root == 0 {
		return 0
	}
	rank, r := uint64(0), t.root
	for range t.height {
		n := innerAt(r)
		i := n.childOf(&b)
		for _, c := range n.counts[:i] {
			rank += c
		}
		r = n.children[i]
	}
	return int(rank) + leafAt(r).search(&b)
}

// Cursor stands on an element of a tree. It is valid until the tree changes.
type Cursor struct {
	leaf *leaf
	i    int
}

// At returns a cursor on the element of the given rank, which must be in
// [0, Len).
func (t *Tree) At(rank int) Cursor {
	left, r := uint64(rank), t.root
	for range t.height {
		n := innerAt(r)
		i := n.childAt(&left)
		r = n.children[i]
	}
	return Cursor{leafAt(r), int(left)}
}

// Seek returns a cursor on the first element that is not before the bound, and
// reports whether there is one.
func (t *Tree) Seek(b Bound) (c Cursor, ok bool) {
	if t.count == 0 {
		return c, false
	}
	r := t.root
	for range t.height {
		n := innerAt(r)
		r = n.children[n.childOf(&b)]
	}
	c.leaf = leafAt(r)
	if c.i = c.leaf.search(&b); c.i < int(c.leaf.used) {
		return c, true
	}
	c.i--
	return c, c.Next()
}

// Element returns the element on which the cursor stands.
func (c *Cursor) Element() hashtable.Element { return c.leaf.element(c.i) }

// Peek returns the element so many steps behind that of the cursor, or before it if
// steps is negative. It does not look farther than the next leaf, and returns 0 if
// there is no such element.
func (c Cursor) Peek(steps int) hashtable.Element {
	l, i := c.leaf, c.i+steps
	switch {
	case i < 0 && l.prev != 0:
		l = leafAt(l.prev)
		i += int(l.used)
	case i >= int(l.used) && l.next != 0:
		i -= int(l.used)
		l = leafAt(l.next)
	}
	if i < 0 || i >= int(l.used) {
		return 0
	}
	return l.element(i)
}

// Next moves to the next element and reports whether there is one.
func (c *Cursor) Next() bool {
	if c.i++; c.i < int(c.leaf.used) {
		return true
	}
	if c.leaf.next == 0 {
		return false
	}
	c.leaf, c.i = leafAt(c.leaf.next), 0
	return true
}

// Prev moves to the previous element and reports whether there is one.
func (c *Cursor) Prev() bool {
	if c.i--; c.i >= 0 {
		return true
	}
	if c.leaf.prev == 0 {
		return false
	}
	c.leaf = leafAt(c.leaf.prev)
	c.i = int(c.leaf.used) - 1
	return true
}

// Each passes every element to visit, in order.
func (t *Tree) Each(visit func(hashtable.Element)) {
	for r := t.first; r != 0; r = leafAt(r).next {
		l := leafAt(r)
		for i := range int(l.used) {
			visit(l.element(i))
		}
	}
}

// Bytes returns the memory of the tree without Tree itself.
func (t *Tree) Bytes(pool *offheap.Pool) int {
	if t.height == 0 {
		if t.root == 0 {
			return 0
		}
		return pool.SizeOf(t.root)
	}
	return int(t.leaves)*pool.ClassSize(leafBytes) + int(t.inners)*pool.ClassSize(innerBytes)
}

// Nodes returns the number of nodes, which is the work of freeing the tree.
func (t *Tree) Nodes() int { return int(t.leaves) + int(t.inners) }

func leafAt(r offheap.Ref) *leaf { return (*leaf)(r.Ptr()) }

func innerAt(r offheap.Ref) *inner { return (*inner)(r.Ptr()) }

// childOf returns the child in which the bound lies: the last one whose lowest
// element is before it, or the first.
func (n *inner) childOf(b *Bound) int {
	low, high := 1, int(n.used)
	for low < high {
		mid := (low + high) / 2
		if b.passes(n.orders[mid], n.lowest[mid]) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low - 1
}

// childAt returns the child with the element of a rank, and makes rank that
// among the child's elements.
func (n *inner) childAt(rank *uint64) int {
	i := 0
	for i < int(n.used)-1 && *rank >= n.counts[i] {
		*rank -= n.counts[i]
		i++
	}
	return i
}

func (l *leaf) element(i int) hashtable.Element {
	return hashtable.Element(l.slots[i] & elementMask)
}

// search returns the number of the leaf's elements before the bound.
func (l *leaf) search(b *Bound) int {
	low, high := 0, int(l.used)
	if !b.keyOnly {
		coarse := l.coarse(b.order)
		low, high = l.equalCoarse(coarse)
	}
	for low < high {
		mid := (low + high) / 2
		e := l.element(mid)
		if b.passes(orderOf(e.Number()), e) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// equalCoarse returns the range of elements with the given coarse order.
func (l *leaf) equalCoarse(coarse uint64) (from, to int) {
	bound := func(limit uint64) int {
		low, high := 0, int(l.used)
		for low < high {
			if mid := (low + high) / 2; l.slots[mid] < limit {
				low = mid + 1
			} else {
				high = mid
			}
		}
		return low
	}
	from = bound(coarse << coarseShift)
	if coarse == coarseMax {
		return from, int(l.used)
	}
	if from == int(l.used) || l.slots[from]>>coarseShift != coarse {
		return from, from
	}
	return from, bound((coarse + 1) << coarseShift)
}

// coarse returns the coarse order in this leaf.
func (l *leaf) coarse(order uint64) uint64 {
	if order < l.base {
		return 0
	}
	return min((order-l.base)>>l.shift, coarseMax)
}

// calibrate chooses base and shift for the elements of the leaf.
func (l *leaf) calibrate() {
	if l.used == 0 {
		return
	}
	l.base = orderOf(l.element(0).Number())
	span := orderOf(l.element(int(l.used)-1).Number()) - l.base
	l.shift = uint32(max(bits.Len64(span)-(64-coarseShift), 0))
	for i := range l.used {
		e := l.element(int(i))
		l.slots[i] = l.coarse(orderOf(e.Number()))<<coarseShift | uint64(e)
	}
}
